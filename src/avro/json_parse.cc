// Boost.JSON's own parser reads doubles to within one unit in the last place; a schema's text, and so its identity, needs
// them exact. So its grammar is kept and the numbers are read again by std::from_chars.

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>

#include "avro/json_text.h"

namespace sluice::avro {
namespace json = boost::json;

namespace {

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
    if (double read = 0; std::from_chars(number.data(), number.data() + number.size(), read).ec == std::errc{}) exact = read;
    number.clear();
    return stack.push_double(exact), true;
  }
  bool on_bool(bool value, Code&) { return stack.push_bool(value), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options lenient;
  lenient.max_depth = 512;
  lenient.allow_comments = true;  // as Jackson does in Java
  json::basic_parser<Handler> parser(lenient);
  parser.handler().stack.reset();
  json::error_code error;
  const auto used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) return Error{ErrorCode::rejected, error.message() + ", at byte " + std::to_string(used)};
  return parser.handler().stack.release();
}

}  // namespace sluice::avro
