#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "avro/json_text.h"
#include "avro/plain_json.h"

namespace sluice::avro {
namespace {

namespace json = boost::json;



constexpr int kMaxDepth = 200;

std::string kind_of(const json::value& value) { return std::string(json::to_string(value.kind())); }

// A JSON string whose characters are bytes; none when one is above U+00FF.
std::optional<Bytes> bytes_of(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      out.push_back(text[i]);
    } else if ((first == 0xc2 || first == 0xc3) && i + 1 < text.size()) {
      out.push_back(static_cast<char>((first << 6) | (text[++i] & 0x3f)));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// "-12.5" with scale 2 as the two's complement of -1250, big-endian; none when it is no such number.
std::optional<Bytes> decimal_bytes(std::string_view text, const Node& schema) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  auto digits = std::string(text.substr(0, point));
  auto fraction = std::string(point < text.size() ? text.substr(point + 1) : "");
  if (digits.empty() && fraction.empty()) return std::nullopt;
  while (fraction.size() > static_cast<std::size_t>(schema.scale) && fraction.back() == '0') fraction.pop_back();
  if (fraction.size() > static_cast<std::size_t>(schema.scale)) return std::nullopt;
  digits += fraction + std::string(static_cast<std::size_t>(schema.scale) - fraction.size(), '0');
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > static_cast<std::size_t>(schema.precision)) return std::nullopt;
  Bytes magnitude(1, '\0');
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    auto carry = static_cast<unsigned>(c - '0');
    for (auto at = magnitude.rbegin(); at != magnitude.rend(); ++at) {
      const auto grown = static_cast<unsigned char>(*at) * 10U + carry;
      *at = static_cast<char>(grown);
      carry = grown >> 8;
    }
    if (carry != 0) magnitude.insert(magnitude.begin(), static_cast<char>(carry));
    if ((magnitude[0] & '\x80') != 0) magnitude.insert(magnitude.begin(), '\0');
  }
  if (negative) {
    int carry = 1;
    for (auto at = magnitude.rbegin(); at != magnitude.rend(); ++at) {
      const int inverted = static_cast<unsigned char>(~*at) + carry;
      *at = static_cast<char>(inverted);
      carry = inverted >> 8;
    }
  }
  // The shortest form: no sign byte more than needed.
  while (magnitude.size() > 1 && ((magnitude[0] == 0 && (magnitude[1] & '\x80') == 0) ||
                                  (magnitude[0] == '\xff' && (magnitude[1] & '\x80') != 0))) {
    magnitude.erase(0, 1);
  }
  return magnitude;
}

std::optional<std::int64_t> days_of(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0;
  if (text.size() != 10 || std::sscanf(std::string(text).c_str(), "%4d-%2u-%2u", &year, &month, &day) != 3) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

// "13:04:11.5" in units of a second's part.
std::optional<std::int64_t> time_units(std::string_view text, std::int64_t per_second) {
  int hours = 0, minutes = 0, seconds = 0;
  if (text.size() < 8 || std::sscanf(std::string(text.substr(0, 8)).c_str(), "%2d:%2d:%2d", &hours, &minutes, &seconds) != 3) return std::nullopt;
  if (hours < 0 || hours > 24 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return std::nullopt;
  auto units = (static_cast<std::int64_t>(hours) * 3600 + minutes * 60 + seconds) * per_second;
  text.remove_prefix(8);
  if (text.empty()) return units;
  if (text[0] != '.' || text.size() < 2 || text.size() > 10) return std::nullopt;
  auto part = per_second;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    part /= 10;
    units += (c - '0') * part;
  }
  return units;
}

// Without an exponent; empty for what is no number.
std::string plain_number(const json::value& from) {
  if (!from.is_double()) return from.is_number() ? json::serialize(from) : std::string();
  char text[400];
  const auto [end, error] = std::to_chars(text, text + sizeof text, from.as_double(), std::chars_format::fixed);
  return {text, error == std::errc{} ? end : text};
}

// None when 64 bits cannot hold it. Counted from the midnight that is nearer to 1970, for of the first day that nanoseconds can
// tell they cannot tell the midnight.
std::optional<std::int64_t> instant(std::int64_t days, std::int64_t units, std::int64_t per_day) {
  if (days < 0) {
    ++days;
    units -= per_day;
  }
  std::int64_t midnight = 0;
  std::int64_t value = 0;
  if (__builtin_mul_overflow(days, per_day, &midnight) || __builtin_add_overflow(midnight, units, &value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> logical_integer(const std::string& logical, std::string_view text) {
  if (logical == "date") return days_of(text);
  const auto per_second = logical.ends_with("millis") ? 1000 : logical.ends_with("micros") ? 1'000'000 : 1'000'000'000;
  if (logical.starts_with("time-")) return time_units(text, per_second);
  if (!logical.starts_with("timestamp-") && !logical.starts_with("local-timestamp-")) return std::nullopt;
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto days = days_of(text.substr(0, 10));
  const auto units = time_units(text.substr(11), per_second);
  if (!days || !units) return std::nullopt;
  return instant(*days, *units, std::int64_t{86400} * per_second);
}

class Encoder {
 public:
  explicit Encoder(std::string_view ignored) : ignored_(ignored) {}

  Result<void> value(const Node& schema, const json::value& from, Bytes& out) {
    if (++depth_ > kMaxDepth) return wrong("it is nested too deeply");
    auto done = typed(schema, from, out);
    --depth_;
    return done;
  }

 private:
  Result<void> typed(const Node& schema, const json::value& from, Bytes& out) {
    switch (schema.type) {
      case Type::null: return from.is_null() ? Result<void>() : unfit(schema, from);
      case Type::boolean:
        if (!from.is_bool()) return unfit(schema, from);
        out.push_back(from.as_bool() ? '\1' : '\0');
        return {};
      case Type::int_:
      case Type::long_: return integer(schema, from, out);
      case Type::float_:
      case Type::double_: return floating(schema, from, out);
      case Type::bytes:
      case Type::fixed: return bytes(schema, from, out);
      case Type::string:
        if (!from.is_string()) return unfit(schema, from);
        sized(from.as_string(), out);
        return {};
      case Type::record: return record(schema, from, out);
      case Type::enum_: return symbol(schema, from, out);
      case Type::array: return array(schema, from, out);
      case Type::map: return map(schema, from, out);
      case Type::union_: return union_value(schema, from, out);
    }
    return unfit(schema, from);
  }

  Error wrong(const std::string& what) const { return {ErrorCode::rejected, "at " + (path_.empty() ? "the value" : path_) + ": " + what}; }
  Error unfit(const Node& schema, const json::value& from) const {
    const auto type = schema.is_named() ? schema.full_name() : std::string(type_name(schema.type));
    return wrong("a " + kind_of(from) + " is no " + (schema.logical_type.empty() ? type : schema.logical_type));
  }

  static void sized(std::string_view text, Bytes& out) {
    ByteWriter(out).zigzag(static_cast<std::int64_t>(text.size()));
    out += text;
  }

  Result<void> integer(const Node& schema, const json::value& from, Bytes& out) {
    std::optional<std::int64_t> number;
    if (from.is_int64()) number = from.as_int64();
    if (from.is_string() && !schema.logical_type.empty()) number = logical_integer(schema.logical_type, from.as_string());
    if (!number) return unfit(schema, from);
    if (schema.type == Type::int_ && (*number > std::numeric_limits<std::int32_t>::max() || *number < std::numeric_limits<std::int32_t>::min())) {
      return wrong(std::to_string(*number) + " is no int of 32 bits");
    }
    ByteWriter(out).zigzag(*number);
    return {};
  }

  Result<void> floating(const Node& schema, const json::value& from, Bytes& out) {
    double number = 0;
    if (from.is_number()) {
      number = from.to_number<double>();
    } else if (from.is_string() && from.as_string() == "NaN") {
      number = std::numeric_limits<double>::quiet_NaN();
    } else if (from.is_string() && (from.as_string() == "Infinity" || from.as_string() == "-Infinity")) {
      number = from.as_string()[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    } else {
      return unfit(schema, from);
    }
    const auto append = [&out](auto typed_number) { out.append(reinterpret_cast<const char*>(&typed_number), sizeof typed_number); };
    schema.type == Type::float_ ? append(static_cast<float>(number)) : append(number);
    return {};
  }

  Result<void> bytes(const Node& schema, const json::value& from, Bytes& out) {
    std::optional<Bytes> raw;
    if (schema.logical_type == "decimal" && !in_default_) {
      raw = decimal_bytes(from.is_string() ? std::string(from.as_string()) : plain_number(from), schema);
      if (raw && schema.type == Type::fixed && raw->size() < static_cast<std::size_t>(schema.size)) {
        raw->insert(0, static_cast<std::size_t>(schema.size) - raw->size(), (raw->front() & '\x80') != 0 ? '\xff' : '\0');
      }
    } else if (from.is_string()) {
      raw = bytes_of(from.as_string());
    }
    if (!raw) return unfit(schema, from);
    if (schema.type == Type::bytes) {
      sized(*raw, out);
      return {};
    }
    if (raw->size() != static_cast<std::size_t>(schema.size)) return wrong("it must be " + std::to_string(schema.size) + " bytes");
    out += *raw;
    return {};
  }

  Result<void> record(const Node& schema, const json::value& from, Bytes& out) {
    if (!from.is_object()) return unfit(schema, from);
    const auto& object = from.as_object();
    for (const auto& [name, ignored] : object) {
      if (schema.field(name) == nullptr && (!path_.empty() || name != ignored_)) return wrong("the schema has no field '" + std::string(name) + "'");
    }
    for (const auto& field : schema.fields) {
      const auto length = path_.size();
      path_ += "." + field.name;
      if (const auto* given = object.if_contains(field.name)) {
        SLUICE_RETURN_IF_ERROR(value(*field.type, *given, out));
      } else if (field.default_json) {
        SLUICE_RETURN_IF_ERROR(fallback(field, out));
      } else {
        return wrong("it is missing, and has no default");
      }
      path_.resize(length);
    }
    return {};
  }

  // A union's default is of its first branch; a decimal's is its bytes, as in Avro's own JSON.
  Result<void> fallback(const Field& field, Bytes& out) {
    const auto parsed = parse_json(*field.default_json);
    if (!parsed.ok()) return wrong("its default is no JSON");
    const bool outer = std::exchange(in_default_, true);
    const bool in_union = field.type->type == Type::union_;
    if (in_union) ByteWriter(out).zigzag(0);
    auto done = value(in_union ? *field.type->branches.at(0) : *field.type, *parsed, out);
    in_default_ = outer;
    return done;
  }

  Result<void> symbol(const Node& schema, const json::value& from, Bytes& out) {
    if (!from.is_string()) return unfit(schema, from);
    for (std::size_t i = 0; i < schema.symbols.size(); ++i) {
      if (schema.symbols[i] == from.as_string()) {
        ByteWriter(out).zigzag(static_cast<std::int64_t>(i));
        return {};
      }
    }
    return wrong("'" + std::string(from.as_string()) + "' is no symbol of " + schema.full_name());
  }

  Result<void> array(const Node& schema, const json::value& from, Bytes& out) {
    if (!from.is_array()) return unfit(schema, from);
    ByteWriter writer(out);
    if (!from.as_array().empty()) writer.zigzag(static_cast<std::int64_t>(from.as_array().size()));
    const auto length = path_.size();
    for (std::size_t i = 0; i < from.as_array().size(); ++i) {
      path_ += "[" + std::to_string(i) + "]";
      SLUICE_RETURN_IF_ERROR(value(*schema.items, from.as_array()[i], out));
      path_.resize(length);
    }
    writer.zigzag(0);
    return {};
  }

  Result<void> map(const Node& schema, const json::value& from, Bytes& out) {
    if (!from.is_object()) return unfit(schema, from);
    ByteWriter writer(out);
    if (!from.as_object().empty()) writer.zigzag(static_cast<std::int64_t>(from.as_object().size()));
    const auto length = path_.size();
    for (const auto& [key, item] : from.as_object()) {
      path_ += "[" + std::string(key) + "]";
      sized(key, out);
      SLUICE_RETURN_IF_ERROR(value(*schema.items, item, out));
      path_.resize(length);
    }
    writer.zigzag(0);
    return {};
  }

  Result<void> union_value(const Node& schema, const json::value& from, Bytes& out) {
    const auto begin = out.size();
    const auto path = path_;
    const auto depth = depth_;
    std::optional<Error> first;
    for (std::size_t i = 0; i < schema.branches.size(); ++i) {
      const auto& branch = *schema.branches[i];
      ByteWriter(out).zigzag(static_cast<std::int64_t>(i));
      const auto name = branch.is_named() ? branch.full_name() : std::string(type_name(branch.type));
      const auto* object = from.if_object();
      const auto* named = object != nullptr && object->size() == 1 ? object->if_contains(name) : nullptr;
      auto done = value(branch, from, out);
      if (!done.ok() && named != nullptr) {
        out.resize(begin);
        ByteWriter(out).zigzag(static_cast<std::int64_t>(i));
        done = value(branch, *named, out);
      }
      if (done.ok()) return done;
      // What a person wants to hear is why the branch that is no null does not fit.
      if (!first || branch.type != Type::null) first = done.error();
      out.resize(begin);
      path_ = path;
      depth_ = depth;
    }
    return first ? *first : wrong("the union has no branches");
  }

  const std::string_view ignored_;
  std::string path_;
  int depth_ = 0;
  bool in_default_ = false;
};

}  // namespace

Result<void> from_plain_json(const Node& schema, std::string_view text, Bytes& out, std::string_view ignored) {
  auto parsed = parse_json(text);  // Boost's own parser reads doubles to one unit in the last place only
  if (!parsed.ok()) return std::move(parsed).error().in("this is no JSON");
  return Encoder(ignored).value(schema, *parsed, out);
}

}  // namespace sluice::avro
