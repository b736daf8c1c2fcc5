// Boost.JSON's own parser reads doubles to within one unit in the last place; a schema's text, and so its identity,
// needs them exact. So its grammar is kept and the numbers are read again by std::from_chars. Java's strings are UTF-16
// and may hold half a surrogate pair, which its parser takes: here it becomes WTF-8 before Boost.JSON sees the text.

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>

#include "avro/json_cursor.h"
#include "avro/json_text.h"
#include "avro/limit.h"
#include "avro/utf8.h"

namespace sluice::avro {
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxJsonDepth = 1000;

struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  using Text = json::string_view;
  using Code = json::error_code;

  json::value_stack stack;
  std::string number;  // the part of it that came before

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t n, Code&) { return stack.push_array(n), true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t n, Code&) { return stack.push_object(n), true; }
  bool on_string_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_string(Text last, std::size_t, Code&) { return stack.push_string(last), true; }
  bool on_key_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_key(Text last, std::size_t, Code&) { return stack.push_key(last), true; }
  bool on_number_part(Text part, Code&) { return number.append(part.data(), part.size()), true; }
  bool on_int64(std::int64_t value, Text, Code&) { return number.clear(), stack.push_int64(value), true; }
  bool on_uint64(std::uint64_t value, Text, Code&) { return number.clear(), stack.push_uint64(value), true; }
  bool on_double(double near, Text last, Code&) {
    number.append(last.data(), last.size());
    double exact = near;
    // What overflows keeps the parser's value: an infinity, or zero.
    if (double read = 0; std::from_chars(number.data(), number.data() + number.size(), read).ec == std::errc{})
      exact = read;
    number.clear();
    return stack.push_double(exact), true;
  }
  bool on_bool(bool value, Code&) { return stack.push_bool(value), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

// The surrogate that an escape at the front says ("\\ud83d"); 0 if it says none.
unsigned escaped_surrogate(std::string_view text) {
  unsigned unit = 0;
  if (text.size() < 6 || !text.starts_with("\\u")) return 0;
  const auto read = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  return read.ptr == text.data() + 6 && unit >= 0xd800 && unit < 0xe000 ? unit : 0;
}

// The text with the escapes of lone surrogates as their bytes.
std::string with_surrogates(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto unit = escaped_surrogate(text);
    std::size_t taken = text[0] == '\\' ? 2 : 1;  // an escaped backslash begins no escape
    if (unit == 0) {
      out += text.substr(0, taken);
    } else if (unit < 0xdc00 && escaped_surrogate(text.substr(6)) >= 0xdc00) {
      taken = 12;
      out += text.substr(0, taken);
    } else {
      taken = 6;
      out += {'\xed', static_cast<char>(0x80 | ((unit >> 6) & 0x3f)), static_cast<char>(0x80 | (unit & 0x3f))};
    }
    text.remove_prefix(std::min(taken, text.size()));
  }
  return out;
}

Result<void> check_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = surrogate_at(text.substr(at)) ? 3 : utf8_at(text.substr(at));
    if (size == 0) return Error{ErrorCode::rejected, "no UTF-8, at byte " + std::to_string(at)};
    at += size;
  }
  return {};
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  SLUICE_RETURN_IF_ERROR(check_characters(text));
  std::string replaced;
  if (text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos)
    text = replaced = with_surrogates(text);
  json::parse_options lenient;
  lenient.max_depth = kMaxJsonDepth;
  lenient.allow_comments = true;      // as Jackson does in Java
  lenient.allow_invalid_utf8 = true;  // what is no UTF-8 by now is a lone surrogate
  json::basic_parser<Handler> parser(lenient);
  parser.handler().stack.reset();
  json::error_code error;
  const auto used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error == json::error::too_deep)
    return over_limit(ErrorCode::rejected, "nested deeper than " + std::to_string(kMaxJsonDepth));
  // Of what is wrong within a comment Boost tells no place, but the distance to a null pointer.
  const auto place = used <= text.size() ? ", at byte " + std::to_string(used) : std::string();
  if (error) return Error{ErrorCode::rejected, error.message() + place};
  return parser.handler().stack.release();
}

}  // namespace sluice::avro
