#include <charconv>
#include <chrono>
#include <cmath>

#include "avro/plain_json.h"

namespace sluice::avro {
namespace {




constexpr int kMaxDepth = 200;  // of recursive types, against bodies made to exhaust the stack

Error corrupt(const std::string& what) { return {ErrorCode::corrupt, "the value does not fit its schema: " + what}; }

bool is_utf8(ByteView bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (size == 0 || i + size > bytes.size()) return false;
    for (std::size_t j = 1; j < size; ++j) {
      if ((bytes[i + j] & '\xc0') != '\x80') return false;
    }
    i += size;
  }
  return true;
}

// A character a byte.
void bytes_json(ByteView bytes, std::string& out) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  out += json_quote(text);
}

void string_json(ByteView text, std::string& out) {
  if (is_utf8(text)) {
    out += json_quote(text);
  } else {
    bytes_json(text, out);
  }
}

// Two's complement, big-endian, to decimal digits: repeated division of the magnitude.
std::string decimal_text(ByteView bytes, std::int32_t scale) {
  std::string magnitude(bytes);
  const bool negative = !magnitude.empty() && (magnitude[0] & '\x80') != 0;
  if (negative) {
    int carry = 1;
    for (auto at = magnitude.rbegin(); at != magnitude.rend(); ++at) {
      const int inverted = static_cast<unsigned char>(~*at) + carry;
      *at = static_cast<char>(inverted);
      carry = inverted >> 8;
    }
  }
  std::string digits;
  std::size_t begin = 0;
  while (begin < magnitude.size() && magnitude[begin] == 0) ++begin;
  while (begin < magnitude.size()) {
    unsigned remainder = 0;
    for (std::size_t i = begin; i < magnitude.size(); ++i) {
      const auto current = remainder * 256 + static_cast<unsigned char>(magnitude[i]);
      magnitude[i] = static_cast<char>(current / 10);
      remainder = current % 10;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + remainder));
    while (begin < magnitude.size() && magnitude[begin] == 0) ++begin;
  }
  const auto point = static_cast<std::size_t>(scale);
  if (digits.size() <= point) digits.insert(0, point + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - point, ".");
  return (negative ? "-" : "") + digits;
}

std::string padded(std::int64_t number, std::size_t width) {
  auto digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

// Days since 1970; empty when the year has not four digits.
std::string date_text(std::int64_t days) {
  if (days < -719162 || days > 2932896) return {};
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return padded(int{date.year()}, 4) + "-" + padded(unsigned{date.month()}, 2) + "-" + padded(unsigned{date.day()}, 2);
}

std::string time_of_day(std::int64_t units, std::int64_t per_second) {
  const auto seconds = units / per_second;
  auto text = padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2);
  if (const auto fraction = units % per_second; fraction != 0) {
    text += "." + padded(fraction, per_second == 1000 ? 3 : per_second == 1'000'000 ? 6 : 9);
  }
  return text;
}

std::int64_t units_per_second(const std::string& logical) {
  return logical.ends_with("millis") ? 1000 : logical.ends_with("micros") ? 1'000'000 : 1'000'000'000;
}

// The text of a logical type on an integer; empty when it has none.
std::string integer_text(const std::string& logical, std::int64_t value) {
  if (logical == "date") return date_text(value);
  const auto per_second = units_per_second(logical);
  if (logical.starts_with("time-")) return value < 0 || value > 86400 * per_second ? "" : time_of_day(value, per_second);
  if (!logical.starts_with("timestamp-") && !logical.starts_with("local-timestamp-")) return {};
  const auto per_day = 86400 * per_second;
  const bool before_midnight = value % per_day < 0;
  const auto date = date_text(value / per_day - (before_midnight ? 1 : 0));
  const auto of_day = value % per_day + (before_midnight ? per_day : 0);
  return date.empty() ? date : date + "T" + time_of_day(of_day, per_second) + (logical[0] == 't' ? "Z" : "");
}

void integer_json(const Node& schema, std::int64_t value, std::string& out) {
  const auto text = schema.logical_type.empty() ? std::string() : integer_text(schema.logical_type, value);
  out += text.empty() ? std::to_string(value) : "\"" + text + "\"";
}

template <typename Float>
void float_json(ByteView bytes, std::string& out) {
  Float value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);  // little-endian, as this machine
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  if (value == 0 && std::signbit(value)) {  // "-0" is an integer to most who read JSON
    out += "-0.0";
    return;
  }
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, error == std::errc{} ? end : text);
}

class Walk {
 public:
  Walk(ByteReader& in, std::string& out) : in_(in), out_(out) {}

  Result<void> value(const Node& schema, int depth) {
    if (depth > kMaxDepth) return corrupt("it is nested too deeply");
    switch (schema.type) {
      case Type::null: out_ += "null"; break;
      case Type::boolean: out_ += in_.u8() != 0 ? "true" : "false"; break;
      case Type::int_:
      case Type::long_: integer_json(schema, in_.zigzag(), out_); break;
      case Type::float_: if (const auto b = in_.view(4); in_.ok()) float_json<float>(b, out_); break;
      case Type::double_: if (const auto b = in_.view(8); in_.ok()) float_json<double>(b, out_); break;
      case Type::bytes: bytes_or_decimal(schema, sized()); break;
      case Type::fixed: bytes_or_decimal(schema, in_.view(static_cast<std::size_t>(schema.size))); break;
      case Type::string: string_json(sized(), out_); break;
      case Type::record: return record(schema, depth);
      case Type::enum_: return symbol(schema);
      case Type::array:
      case Type::map: return items(schema, depth);
      case Type::union_: return branch(schema, depth);
    }
    return in_.ok() ? Result<void>() : corrupt("it ends too early");
  }

 private:
  ByteView sized() {
    const auto size = in_.zigzag();
    if (size < 0) in_.fail();
    return in_.view(static_cast<std::size_t>(size));
  }

  void bytes_or_decimal(const Node& schema, ByteView bytes) {
    if (schema.logical_type == "decimal") {
      out_ += "\"" + decimal_text(bytes, schema.scale) + "\"";
    } else {
      bytes_json(bytes, out_);
    }
  }

  Result<void> record(const Node& schema, int depth) {
    char before = '{';
    for (const auto& field : schema.fields) {
      out_ += std::exchange(before, ',') + json_quote(field.name) + ":";
      SLUICE_RETURN_IF_ERROR(value(*field.type, depth + 1));
    }
    out_ += schema.fields.empty() ? "{}" : "}";
    return {};
  }

  Result<void> symbol(const Node& schema) {
    const auto index = in_.zigzag();
    if (!in_.ok() || index < 0 || static_cast<std::size_t>(index) >= schema.symbols.size()) return corrupt("no such enum symbol");
    out_ += json_quote(schema.symbols[static_cast<std::size_t>(index)]);
    return {};
  }

  Result<void> branch(const Node& schema, int depth) {
    const auto index = in_.zigzag();
    if (!in_.ok() || index < 0 || static_cast<std::size_t>(index) >= schema.branches.size()) return corrupt("no such union branch");
    return value(*schema.branches[static_cast<std::size_t>(index)], depth + 1);
  }

  // Blocks of items: a count, negative with the block's size after it; 0 ends.
  Result<void> items(const Node& schema, int depth) {
    const bool map = schema.type == Type::map;
    out_ += map ? '{' : '[';
    bool first = true;
    for (auto count = in_.zigzag(); count != 0; count = in_.zigzag()) {
      if (count < 0) (void)in_.zigzag();
      // Items of no size (null) are not many in honest data; in others they would be endless.
      const auto items = count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
      if (!in_.ok() || items > in_.remaining() + 1'000'000) return corrupt("it ends too early");
      for (std::uint64_t i = 0; i < items; ++i) {
        if (!std::exchange(first, false)) out_ += ',';
        if (map) {
          string_json(sized(), out_);
          out_ += ':';
        }
        SLUICE_RETURN_IF_ERROR(value(*schema.items, depth + 1));
      }
    }
    out_ += map ? '}' : ']';
    return in_.ok() ? Result<void>() : corrupt("it ends too early");
  }

  ByteReader& in_;
  std::string& out_;
};

}  // namespace

Result<void> to_plain_json(const Node& schema, ByteReader& body, std::string& out) { return Walk(body, out).value(schema, 0); }

void text_to_json(ByteView bytes, std::string& out) { string_json(bytes, out); }

}  // namespace sluice::avro
