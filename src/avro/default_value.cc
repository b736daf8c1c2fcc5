#include "avro/default_value.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "avro/json_text.h"
#include "avro/limit.h"

namespace sluice::avro {
namespace json = boost::json;

namespace {

constexpr int kMaxDepth = 200;
constexpr std::uint64_t kMaxSteps = 1 << 20;  // defaults within defaults may make much of little

// As JsonNode.intValue() and longValue(): the low bits of an integer, a fraction cut off.
template <typename Integer>
Integer integer_of(const json::value& value) {
  if (value.is_int64()) return static_cast<Integer>(value.get_int64());
  if (value.is_uint64()) return static_cast<Integer>(value.get_uint64());
  const auto number = value.get_double();
  if (std::isnan(number)) return 0;
  if (number >= static_cast<double>(std::numeric_limits<Integer>::max())) return std::numeric_limits<Integer>::max();
  if (number <= static_cast<double>(std::numeric_limits<Integer>::min())) return std::numeric_limits<Integer>::min();
  return static_cast<Integer>(number);
}

bool is_kind(const json::value& value, Type type) {
  switch (type) {
    case Type::null: return value.is_null();
    case Type::boolean: return value.is_bool();
    case Type::int_:
    case Type::long_:
    case Type::float_:
    case Type::double_: return value.is_number();
    case Type::bytes:
    case Type::string:
    case Type::enum_:
    case Type::fixed: return value.is_string();
    case Type::array: return value.is_array();
    case Type::map:
    case Type::record: return value.is_object();
    case Type::union_: return false;
  }
  return false;
}

class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}

  Result<void> encode(const Node& type, const json::value& value, int depth) {
    if (depth > kMaxDepth) return over_limit(ErrorCode::rejected, "the default has no end");
    if (++steps_ > kMaxSteps) return over_limit(ErrorCode::rejected, "the default is too large");
    switch (type.type) {
      case Type::float_:
      case Type::double_: return floating(type, value);
      case Type::union_: return branch(type, value, depth);
      default: break;
    }
    if (!is_kind(value, type.type)) return unfit(type, value);
    switch (type.type) {
      case Type::boolean: out_.u8(value.get_bool() ? 1 : 0); return {};
      case Type::int_: out_.zigzag(integer_of<std::int32_t>(value)); return {};
      case Type::long_: out_.zigzag(integer_of<std::int64_t>(value)); return {};
      case Type::string: sized(value.get_string()); return {};
      case Type::bytes: sized(latin1(value.get_string())); return {};
      case Type::fixed: {
        auto raw = latin1(value.get_string());
        raw.resize(static_cast<std::size_t>(type.size));
        out_.raw(raw);
        return {};
      }
      case Type::enum_: return symbol(type, value);
      case Type::array: return array(type, value.get_array(), depth);
      case Type::map: return map(type, value.get_object(), depth);
      case Type::record: return record(type, value.get_object(), depth);
      default: return {};
    }
  }

 private:
  static Error unfit(const Node& type, const json::value& value) {
    return {ErrorCode::rejected, "the default " + json_text(value) + " is no " +
                                     (type.is_named() ? type.full_name() : std::string(type_name(type.type)))};
  }

  void sized(std::string_view text) {
    out_.zigzag(static_cast<std::int64_t>(text.size()));
    out_.raw(text);
  }

  // A byte a character; those beyond U+00FF become '?', as Java has it.
  static Bytes latin1(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size();) {
      const auto first = static_cast<unsigned char>(text[i]);
      const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      if (size == 1) out.push_back(text[i]);
      if (size == 2 && i + 1 < text.size() && first < 0xc4) {
        out.push_back(static_cast<char>(((first & 0x03) << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3f)));
      } else if (size > 1) {
        out.push_back('?');
      }
      i += size;
    }
    return out;
  }

  Result<void> floating(const Node& type, const json::value& value) {
    double number = 0;
    if (value.is_number()) {
      number = value.to_number<double>();
    } else if (value.is_string() && value.get_string() == "NaN") {
      number = std::numeric_limits<double>::quiet_NaN();
    } else if (value.is_string() && (value.get_string() == "Infinity" || value.get_string() == "-Infinity")) {
      number = value.get_string().starts_with('-') ? -HUGE_VAL : HUGE_VAL;
    } else {
      return unfit(type, value);
    }
    const auto write = [&](auto typed) { out_.raw({reinterpret_cast<const char*>(&typed), sizeof typed}); };
    type.type == Type::float_ ? write(static_cast<float>(number)) : write(number);
    return {};
  }

  Result<void> symbol(const Node& type, const json::value& value) {
    const auto found = std::find(type.symbols.begin(), type.symbols.end(), std::string_view(value.get_string()));
    if (found == type.symbols.end()) return unfit(type, value);
    out_.zigzag(found - type.symbols.begin());
    return {};
  }

  Result<void> branch(const Node& type, const json::value& value, int depth) {
    for (std::size_t i = 0; i < type.branches.size(); ++i) {
      if (!is_kind(value, type.branches[i]->type)) continue;
      out_.zigzag(static_cast<std::int64_t>(i));
      return encode(*type.branches[i], value, depth + 1);
    }
    return unfit(type, value);
  }

  Result<void> array(const Node& type, const json::array& list, int depth) {
    if (!list.empty()) out_.zigzag(static_cast<std::int64_t>(list.size()));
    for (const auto& item : list) SLUICE_RETURN_IF_ERROR(encode(*type.items, item, depth + 1));
    out_.zigzag(0);
    return {};
  }

  Result<void> map(const Node& type, const json::object& object, int depth) {
    if (!object.empty()) out_.zigzag(static_cast<std::int64_t>(object.size()));
    for (const auto& item : object) {
      sized(item.key());
      SLUICE_RETURN_IF_ERROR(encode(*type.items, item.value(), depth + 1));
    }
    out_.zigzag(0);
    return {};
  }

  Result<void> record(const Node& type, const json::object& object, int depth) {
    for (const auto& field : type.fields) {
      if (const auto* given = object.if_contains(field.name)) {
        SLUICE_RETURN_IF_ERROR(encode(*field.type, *given, depth + 1));
        continue;
      }
      if (!field.default_json) return Error{ErrorCode::rejected, "the default has no \"" + field.name + "\""};
      SLUICE_TRY(const auto own, parse_json(*field.default_json));
      SLUICE_RETURN_IF_ERROR(encode(*field.type, own, depth + 1));
    }
    return {};
  }

  ByteWriter out_;
  std::uint64_t steps_ = 0;
};

}  // namespace

Result<void> encode_default(const Node& type, std::string_view text, Bytes& out) {
  SLUICE_TRY(const auto value, parse_json(text));
  return Encoder(out).encode(type, value, 0);
}

}  // namespace sluice::avro
