#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "avro/json.h"
#include "avro/json_text.h"
#include "avro/utf8.h"

namespace sluice::avro {
namespace json = boost::json;

namespace {

std::string branch_name(const Node& branch) { return branch.is_named() ? branch.full_name() : std::string(type_name(branch.type)); }

std::string mended(ByteView text) {
  std::string out;
  while (!text.empty()) {
    const auto size = utf8_at(text);
    if (size == 0) out += "\xef\xbf\xbd";
    out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

// A character a byte: U+0000 to U+00FF.
std::string latin1(ByteView bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

class Printer : public NoVisitor {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  void null() { out_ += "null"; }
  void boolean(bool value) { out_ += value ? "true" : "false"; }
  void integer(const Node&, std::int64_t value) { number(value); }
  void float_number(float value) { floating(value); }
  void double_number(double value) { floating(value); }
  void string(ByteView text) { out_ += json_quote(mended(text)); }
  void bytes(const Node&, ByteView bytes) { out_ += json_quote(latin1(bytes)); }
  void symbol(const Node& node, std::size_t index) { out_ += json_quote(node.symbols[index]); }
  void begin_branch(const Node& node, std::size_t index) {
    const auto& branch = *node.branches[index];
    if (branch.type != Type::null) out_ += "{" + json_quote(branch_name(branch)) + ":";
  }
  void end_branch(const Node& node, std::size_t index) {
    if (node.branches[index]->type != Type::null) out_ += '}';
  }
  void begin_record(const Node&) { out_ += '{'; }
  void field(const Node& node, std::size_t index) {
    if (index > 0) out_ += ',';
    out_ += json_quote(node.fields[index].name) + ":";
  }
  void end_record(const Node&) { out_ += '}'; }
  void begin_array() { out_ += '['; }
  void item() { separate(); }
  void end_array() { out_ += ']'; }
  void begin_map() { out_ += '{'; }
  void key(ByteView key) {
    separate();
    out_ += json_quote(mended(key)) + ":";
  }
  void end_map() { out_ += '}'; }

 private:
  // An item's text never ends with an opening bracket, except in a string, which ends with a quote.
  void separate() {
    if (out_.back() != '[' && out_.back() != '{') out_ += ',';
  }
  template <typename Number>
  void number(Number value) {
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    out_.append(text, error == std::errc{} ? end : text);
  }
  template <typename Number>
  void floating(Number value) {
    if (value == 0 && std::signbit(value)) {
      out_ += "-0.0";  // "-0" would be an integer, and its sign lost
      return;
    }
    if (std::isfinite(value)) return number(value);
    out_ += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }

  std::string& out_;
};

constexpr int kMaxDepth = 200;

class Reader {
 public:
  explicit Reader(Bytes& out) : out_(out) {}

  Result<void> value(const Node& node, const json::value& from, const std::string& at, int depth) {
    if (depth > kMaxDepth) return unfit(at, "nested too deeply");
    switch (node.type) {
      case Type::null: return from.is_null() ? Result<void>() : unfit(at, "not null");
      case Type::boolean:
        if (!from.is_bool()) return unfit(at, "no boolean");
        out_.u8(from.get_bool() ? 1 : 0);
        return {};
      case Type::int_:
      case Type::long_: return integer(node, from, at);
      case Type::float_:
      case Type::double_: return floating(node, from, at);
      case Type::string:
        if (!from.is_string()) return unfit(at, "no string");
        sized(from.get_string());
        return {};
      case Type::bytes:
      case Type::fixed: return bytes(node, from, at);
      case Type::enum_: return symbol(node, from, at);
      case Type::union_: return branch(node, from, at, depth);
      case Type::record: return record(node, from, at, depth);
      case Type::array: return array(node, from, at, depth);
      case Type::map: return map(node, from, at, depth);
    }
    return {};
  }

 private:
  static Error unfit(const std::string& at, const std::string& what) { return {ErrorCode::rejected, "value" + (at.empty() ? "" : " at " + at) + ": " + what}; }

  void sized(std::string_view text) {
    out_.zigzag(static_cast<std::int64_t>(text.size()));
    out_.raw(text);
  }

  Result<void> integer(const Node& node, const json::value& from, const std::string& at) {
    if (!from.is_int64()) return unfit(at, "no integer of 64 bits");
    const auto number = from.get_int64();
    if (node.type == Type::int_ && number != static_cast<std::int32_t>(number)) return unfit(at, "no integer of 32 bits");
    out_.zigzag(number);
    return {};
  }

  Result<void> floating(const Node& node, const json::value& from, const std::string& at) {
    double number = 0;
    if (from.is_number()) {
      number = from.to_number<double>();
    } else if (from.is_string() && from.get_string() == "NaN") {
      number = std::numeric_limits<double>::quiet_NaN();
    } else if (from.is_string() && (from.get_string() == "Infinity" || from.get_string() == "-Infinity")) {
      number = from.get_string().starts_with('-') ? -HUGE_VAL : HUGE_VAL;
    } else {
      return unfit(at, "no number");
    }
    const auto write = [&](auto typed) { out_.raw({reinterpret_cast<const char*>(&typed), sizeof typed}); };
    node.type == Type::float_ ? write(static_cast<float>(number)) : write(number);
    return {};
  }

  Result<void> bytes(const Node& node, const json::value& from, const std::string& at) {
    if (!from.is_string()) return unfit(at, "no string of bytes");
    Bytes raw;
    const std::string_view text = from.get_string();
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto first = static_cast<unsigned char>(text[i]);
      if (first < 0x80) {
        raw.push_back(text[i]);
      } else if ((first == 0xc2 || first == 0xc3) && i + 1 < text.size()) {
        raw.push_back(static_cast<char>((first << 6) | (text[++i] & 0x3f)));
      } else {
        return unfit(at, "a character above U+00FF in bytes");
      }
    }
    if (node.type == Type::bytes) {
      sized(raw);
    } else if (raw.size() == static_cast<std::size_t>(node.size)) {
      out_.raw(raw);
    } else {
      return unfit(at, "not " + std::to_string(node.size) + " bytes");
    }
    return {};
  }

  Result<void> symbol(const Node& node, const json::value& from, const std::string& at) {
    for (std::size_t i = 0; from.is_string() && i < node.symbols.size(); ++i) {
      if (node.symbols[i] != std::string_view(from.get_string())) continue;
      out_.zigzag(static_cast<std::int64_t>(i));
      return {};
    }
    return unfit(at, "no symbol of " + node.full_name());
  }

  Result<void> branch(const Node& node, const json::value& from, const std::string& at, int depth) {
    const auto* object = from.if_object();
    if (!from.is_null() && (object == nullptr || object->size() != 1)) return unfit(at, "a union is null or {\"branch\": value}");
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      const auto& choice = *node.branches[i];
      const bool null = choice.type == Type::null;
      if (null != from.is_null() || (!null && object->begin()->key() != branch_name(choice))) continue;
      out_.zigzag(static_cast<std::int64_t>(i));
      return null ? Result<void>() : value(choice, object->begin()->value(), at, depth + 1);
    }
    return unfit(at, "the union has no such branch");
  }

  Result<void> record(const Node& node, const json::value& from, const std::string& at, int depth) {
    if (!from.is_object()) return unfit(at, "no object");
    for (const auto& field : node.fields) {
      const auto* given = from.get_object().if_contains(field.name);
      if (given == nullptr) return unfit(at + "/" + field.name, "missing");
      SLUICE_RETURN_IF_ERROR(value(*field.type, *given, at + "/" + field.name, depth + 1));
    }
    return {};
  }

  Result<void> array(const Node& node, const json::value& from, const std::string& at, int depth) {
    if (!from.is_array()) return unfit(at, "no array");
    const auto& list = from.get_array();
    if (!list.empty()) out_.zigzag(static_cast<std::int64_t>(list.size()));
    for (std::size_t i = 0; i < list.size(); ++i) SLUICE_RETURN_IF_ERROR(value(*node.items, list[i], at + "/" + std::to_string(i), depth + 1));
    out_.zigzag(0);
    return {};
  }

  Result<void> map(const Node& node, const json::value& from, const std::string& at, int depth) {
    if (!from.is_object()) return unfit(at, "no object");
    const auto& object = from.get_object();
    if (!object.empty()) out_.zigzag(static_cast<std::int64_t>(object.size()));
    for (const auto& item : object) {
      sized(item.key());
      SLUICE_RETURN_IF_ERROR(value(*node.items, item.value(), at + "/" + std::string(item.key()), depth + 1));
    }
    out_.zigzag(0);
    return {};
  }

  ByteWriter out_;
};

}  // namespace

Result<void> to_json(const Program& program, ByteView& bytes, std::string& out, DecodeLimits limits) {
  Printer printer(out);
  return decode_front(program, bytes, printer, limits);
}

Result<void> from_json(const Schema& schema, std::string_view text, Bytes& out) {
  SLUICE_TRY(const auto parsed, parse_json(text));
  const auto before = out.size();
  auto done = Reader(out).value(schema.root(), parsed, "", 0);
  if (!done.ok()) out.resize(before);
  return done;
}

}  // namespace sluice::avro
