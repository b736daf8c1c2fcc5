#include "avro/eval/request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "avro/eval/eval.h"
#include "avro/json_cursor.h"
#include "avro/limit.h"
#include "avro/utf8.h"

namespace sluice::avro::eval {
namespace {

using Kind = JsonCursor::Kind;

constexpr std::array<std::string_view, 10> kCodes = {"",         "bad_request", "bad_schema", "bad_json", "bad_data",
                                                     "no_match", "limit",       "corrupt",    "io",       "internal"};
// All that an operation asks for; the rest is ignored.
constexpr auto kMembers = std::to_array<std::string_view>({"op", "schema", "lenient", "reader", "writer", "json", "hex",
                                                           "path", "codec", "meta_hex", "records", "block_records"});

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Result<Bytes> unhex(std::string_view text, const std::string& member) {
  const auto none = [&] {
    return refused(Code::bad_request, "\"" + member + "\" is no hexadecimal text of two digits a byte");
  };
  if (text.size() % 2 != 0) return none();
  Bytes out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return none();
    out[i] = static_cast<char>(high * 16 + low);
  }
  return out;
}

Error wrong_type(const std::string& member, const char* wanted) {
  return refused(Code::bad_request, "\"" + member + "\" is no " + wanted);
}

}  // namespace

std::string_view code_name(Code code) { return kCodes[static_cast<std::size_t>(code)]; }

Error refused(Code code, std::string message) {
  return {.code = ErrorCode::rejected, .message = std::move(message), .reason = static_cast<std::uint16_t>(code)};
}

Error as(Code code, Error error) {
  error.reason = static_cast<std::uint16_t>(is_over_limit(error) ? Code::limit : code);
  return error;
}

Result<void> Request::read(std::string_view line) {
  const auto known = utf8_front(line);
  JsonCursor in(line.substr(0, known));
  const auto broken = [&] {
    return known < line.size() ? refused(Code::bad_request, "no UTF-8, at byte " + std::to_string(known))
                               : as(Code::bad_request, in.error());
  };
  if (in.kind() != Kind::object || !in.open('{')) return refused(Code::bad_request, "the line is no JSON object");
  std::string_view name, value;
  for (bool first = true, yes = true;;) {
    if (!in.more('}', first, yes)) return broken();
    if (!yes) break;
    if (!in.key(name)) return broken();
    const bool is_id = name == "id";
    const auto* wanted = std::find(kMembers.begin(), kMembers.end(), name);
    if (!in.skip(value)) return broken();
    if (is_id) id_ = value;
    if (wanted != kMembers.end()) members_[std::string(*wanted)] = value;
  }
  if (!in.finish()) return broken();
  return {};
}

Result<std::string_view> Request::raw(const std::string& member) const {
  const auto found = members_.find(member);
  if (found == members_.end()) return refused(Code::bad_request, "there is no \"" + member + "\"");
  return found->second;
}

Result<std::string> Request::text(const std::string& member) const {
  SLUICE_TRY(const auto value, raw(member));
  JsonCursor in(value);
  std::string_view text;
  if (in.kind() != Kind::string || !in.string(text)) return wrong_type(member, "string");
  return std::string(text);
}

Result<bool> Request::flag(const std::string& member) const {
  if (!members_.contains(member)) return false;
  bool value = false;
  JsonCursor in(members_.find(member)->second);
  if (in.kind() != Kind::boolean || !in.boolean(value)) return wrong_type(member, "boolean");
  return value;
}

Result<Bytes> Request::binary(const std::string& member) const {
  SLUICE_TRY(const auto digits, text(member));
  return unhex(digits, member);
}

Result<std::vector<std::string>> Request::texts(const std::string& member) const {
  SLUICE_TRY(const auto value, raw(member));
  std::vector<std::string> out;
  JsonCursor in(value);
  if (in.kind() != Kind::array || !in.open('[')) return wrong_type(member, "list");
  std::string_view item;
  for (bool first = true, yes = true; in.more(']', first, yes) && yes;) {
    if (in.kind() != Kind::string || !in.string(item)) return wrong_type(member, "list of strings");
    out.emplace_back(item);
  }
  return out;
}

Result<std::vector<std::pair<std::string, Bytes>>> Request::binaries(const std::string& member) const {
  std::vector<std::pair<std::string, Bytes>> out;
  const auto found = members_.find(member);
  if (found == members_.end()) return out;
  JsonCursor in(found->second);
  if (in.kind() != Kind::object || !in.open('{')) return wrong_type(member, "object");
  std::string_view name, item;
  for (bool first = true, yes = true; in.more('}', first, yes) && yes;) {
    if (!in.key(name)) return wrong_type(member, "object");
    auto& entry = out.emplace_back(name, "");
    if (in.kind() != Kind::string || !in.string(item)) return wrong_type(member, "object of strings");
    SLUICE_TRY(entry.second, unhex(item, member));
  }
  return out;
}

Result<std::optional<std::int64_t>> Request::count(const std::string& member) const {
  if (!members_.contains(member)) return std::optional<std::int64_t>();
  const auto text = members_.find(member)->second;
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value < 1)
    return wrong_type(member, "whole number above 0");
  return std::optional(value);
}

Result<Schema> Request::schema(const std::string& member, bool lenient) const {
  SLUICE_TRY(const auto source, text(member));
  if (source.size() > kMaxSchemaBytes)
    return refused(Code::limit, "a schema of over " + std::to_string(kMaxSchemaBytes) + " bytes");
  return as(Code::bad_schema, Schema::parse(source, {.validate_defaults = !lenient}));
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t size = byte < 0x80 ? 1 : utf8_at(text);
    if (byte == '"' || byte == '\\') {
      out += {'\\', text[0]};
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
    } else if (size > 0) {
      out += text.substr(0, size);
    } else if (surrogate_at(text)) {
      const unsigned second = static_cast<unsigned char>(text[1]);
      const unsigned third = static_cast<unsigned char>(text[2]);
      out += {'\\',
              'u',
              'd',
              kDigits[(second >> 2) & 15],
              kDigits[((second & 3) << 2) | ((third >> 4) & 3)],
              kDigits[third & 15]};
      size = 3;
    } else {
      out += "\xef\xbf\xbd";
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_string(out, text);
}

}  // namespace sluice::avro::eval
