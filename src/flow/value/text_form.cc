// A value's own text and its reading, by kind.

#include <charconv>
#include <limits>

#include "base/check.h"
#include "flow/value/compare.h"
#include "flow/value/function.h"
#include "flow/value/json/json.h"
#include "flow/value/numeric/float_text.h"
#include "flow/value/numeric/numeric.h"
#include "flow/value/scan.h"
#include "flow/value/text/utf8.h"
#include "flow/value/time/interval.h"
#include "flow/value/time/time_text.h"

namespace sluice::flow {
namespace {

Result<Value> parse_integer(std::string_view text, std::string_view type, std::int64_t least, std::int64_t greatest) {
  auto rest = trimmed(text);
  const bool plus = rest.starts_with('+');
  if (plus) rest.remove_prefix(1);
  std::int64_t n = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
  if (problem == std::errc::invalid_argument || (plus && rest.starts_with('-'))) return invalid_syntax(type, text);
  if (problem != std::errc() || n < least || n > greatest) {
    return rejected("value \"" + std::string(text) + "\" is out of range for type " + std::string(type));
  }
  if (end != rest.data() + rest.size()) return invalid_syntax(type, text);
  return Value::of_integer(n);
}

template <typename Integer>
Result<Value> parse_integer(std::string_view text, std::string_view type) {
  return parse_integer(text, type, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max());
}

// Any beginning of a word that tells it from the others.
Result<Value> parse_boolean(std::string_view text) {
  const auto word = trimmed(text);
  const auto begins = [&](std::string_view whole, std::size_t least) {
    return word.size() >= least && word.size() <= whole.size() && same_word(word, whole.substr(0, word.size()));
  };
  if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1") return Value::of(true);
  if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") return Value::of(false);
  return invalid_syntax("boolean", text);
}

Result<Value> parse_uuid(std::string_view text, Arena& arena) {
  auto rest = text;
  const bool braces = rest.starts_with('{');
  if (braces) rest.remove_prefix(1);
  char* const out = arena.bytes(36);
  std::size_t size = 0;
  for (int byte = 0; byte < 16; ++byte) {
    if (rest.size() < 2 || hex_digit(rest[0]) < 0 || hex_digit(rest[1]) < 0) return invalid_syntax("uuid", text);
    if (size == 8 || size == 13 || size == 18 || size == 23) out[size++] = '-';
    out[size++] = to_lower(rest[0]);
    out[size++] = to_lower(rest[1]);
    rest.remove_prefix(2);
    if (byte % 2 == 1 && byte < 15 && rest.starts_with('-')) rest.remove_prefix(1);
  }
  if (braces && !rest.starts_with('}')) return invalid_syntax("uuid", text);
  if (braces) rest.remove_prefix(1);
  if (!rest.empty()) return invalid_syntax("uuid", text);
  return Value::of_text({out, 36});
}

Error no_hex_digit(std::string_view at) {
  return rejected("invalid hexadecimal digit: \"" + std::string(at.substr(0, utf8::width(at))) + "\"");
}

Result<Value> parse_hex(std::string_view digits, Arena& arena) {
  char* const out = arena.bytes(digits.size() / 2 + 1);
  std::size_t size = 0;
  for (std::size_t i = 0; i < digits.size();) {
    if (digits[i] == ' ' || digits[i] == '\n' || digits[i] == '\t' || digits[i] == '\r') {
      ++i;
      continue;
    }
    if (hex_digit(digits[i]) < 0) return no_hex_digit(digits.substr(i));
    if (i + 1 >= digits.size()) return rejected("invalid hexadecimal data: odd number of digits");
    if (hex_digit(digits[i + 1]) < 0) return no_hex_digit(digits.substr(i + 1));
    out[size++] = static_cast<char>(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1]));
    i += 2;
  }
  return Value::of_text({out, size});
}

bool is_octal(char c, char greatest) { return c >= '0' && c <= greatest; }

// "\xdead", or text with \\ and \ooo.
Result<Value> parse_bytea(std::string_view text, Arena& arena) {
  if (text.starts_with("\\x")) return parse_hex(text.substr(2), arena);
  char* const out = arena.bytes(text.size() + 1);
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out[size++] = text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out[size++] = '\\', ++i;
    } else if (i + 3 < text.size() && is_octal(text[i + 1], '3') && is_octal(text[i + 2], '7') && is_octal(text[i + 3], '7')) {
      out[size++] = static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0'), i += 3;
    } else {
      return rejected("invalid input syntax for type bytea");
    }
  }
  return Value::of_text({out, size});
}

Result<Value> as_integer(Result<std::int64_t> n) {
  if (!n.ok()) return std::move(n).error();
  return Value::of_integer(*n);
}
Result<Value> as_double(Result<double> n) {
  if (!n.ok()) return std::move(n).error();
  return Value::of_double(*n);
}

Result<Value> parse_numeric(const Type& type, std::string_view text, Arena& arena) {
  SLUICE_TRY(const Value value, decimal::parse(text, arena));
  return type.precision < 0 ? value : decimal::with_precision(value, type.precision, type.scale, arena);
}

}  // namespace

std::string value_text(const Type& type, const Value& value) {
  if (value.null) return {};
  switch (type.kind) {
    case TypeKind::boolean: return value.boolean ? "t" : "f";
    case TypeKind::int2: case TypeKind::int4: case TypeKind::int8: return std::to_string(value.integer);
    case TypeKind::numeric: return decimal::text(value);
    case TypeKind::float4: return float4_text(value.floating);
    case TypeKind::float8: return float8_text(value.floating);
    case TypeKind::unknown: case TypeKind::text: case TypeKind::uuid: case TypeKind::json: return std::string(value.text);
    case TypeKind::bytea: case TypeKind::opaque: return "\\x" + hex(value.text);
    case TypeKind::date: return date_text(value.integer);
    case TypeKind::time: return time_text(value.integer);
    case TypeKind::timestamp: return timestamp_text(value.integer);
    case TypeKind::timestamptz: return timestamptz_text(value.integer);
    case TypeKind::interval: return interval_text(interval_of(value));
  }
  return {};
}

Result<Value> parse_value(const Type& type, std::string_view text, Arena& arena) {
  switch (type.kind) {
    case TypeKind::boolean: return parse_boolean(text);
    case TypeKind::int2: return parse_integer<std::int16_t>(text, "smallint");
    case TypeKind::int4: return parse_integer<std::int32_t>(text, "integer");
    case TypeKind::int8: return parse_integer<std::int64_t>(text, "bigint");
    case TypeKind::numeric: return parse_numeric(type, text, arena);
    case TypeKind::float4: return as_double(parse_float4(text));
    case TypeKind::float8: return as_double(parse_float8(text));
    case TypeKind::unknown: case TypeKind::text: return Value::of_text(arena.copy(text));
    case TypeKind::json: SLUICE_RETURN_IF_ERROR(json_text::validate(text)); return Value::of_text(arena.copy(text));
    case TypeKind::bytea: return parse_bytea(text, arena);
    case TypeKind::uuid: return parse_uuid(text, arena);
    case TypeKind::date: return as_integer(parse_date(text));
    case TypeKind::time: return as_integer(parse_time(text));
    case TypeKind::timestamp: return as_integer(parse_timestamp(text));
    case TypeKind::timestamptz: return as_integer(parse_timestamptz(text));
    case TypeKind::interval: {
      SLUICE_TRY(const Interval interval, parse_interval(text));
      return value_of(interval, arena);
    }
    case TypeKind::opaque: break;
  }
  return Error{.code = ErrorCode::unsupported, .message = "a value of type " + type_text(type) + " cannot be written as text"};
}

int compare_values(const Type& type, const Value& a, const Value& b) {
  if (a.null || b.null) return three_way(a.null, b.null);
  return compare_present(type.kind, a, b);
}

}  // namespace sluice::flow
