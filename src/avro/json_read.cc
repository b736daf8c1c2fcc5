// From Avro's JSON to bytes, in one pass over the text and without a tree.
//
// 1. Members of a record that come in the schema's order are written as they are read.
// 2. One that comes too early is skipped, and where it stands is kept; when the fields before it are written, the
// cursor goes
//    back to it. One that the record does not have, or that is written already, is passed over, as in Java.
// 3. A collection's count goes before its items and is not known yet: room for one byte is left, and more is made when
// more
//    is needed.
// 4. An error is made where it happens; its path is put together on the way out, from the inside.

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "avro/json.h"
#include "avro/json_cursor.h"
#include "avro/limit.h"

namespace sluice::avro {
namespace {

using Names = std::unordered_map<std::string, std::uint32_t>;

// Of an enum's symbols, a union's branches, a record's fields.
Names names_of(const Node& node) {
  Names names;
  std::uint32_t i = 0;
  for (const auto& symbol : node.symbols) names.emplace(symbol, i++);
  for (const auto* branch : node.branches)
    names.emplace(branch->is_named() ? branch->full_name() : std::string(type_name(branch->type)), i++);
  for (const auto& field : node.fields) names.emplace(field.name, i++);
  return names;
}

template <typename Number>
void put_number(Bytes& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);  // little-endian, as this machine
}

}  // namespace

class JsonEncoder::State {
 public:
  State(Schema schema, int depth) : schema_(std::move(schema)), depth_(depth) {}

  Result<void> encode(std::string_view json, Bytes& out) {
    const auto before = out.size();
    JsonCursor in(json);
    in_ = &in;
    out_ = &out;
    error_.reset();
    if (value(schema_.root(), depth_) && (in.finish() || broken())) return {};
    out.resize(before);
    if (!error_->path.empty()) error_->error.message = "at " + error_->path + ": " + error_->error.message;
    return std::move(error_->error);
  }

 private:
  struct Failure {
    Error error;
    std::string path;
  };

  bool fail(Error error) {
    error_ = Failure{std::move(error), ""};
    return false;
  }
  bool broken() { return fail(in_->error()); }
  bool unfit_at(std::size_t offset, const std::string& what) {
    return fail({ErrorCode::rejected, what + ", at byte " + std::to_string(offset)});
  }
  // The next value is not of the type that the schema says, or none at all.
  bool unfit(const std::string& what) {
    std::string_view raw;
    if (in_->kind() == JsonCursor::Kind::none && !in_->skip(raw)) return broken();
    return unfit_at(in_->offset(), what);
  }
  // What was just read is not what the schema says.
  bool wrong(const std::string& what) { return unfit_at(in_->offset(), what); }
  bool within(std::string_view step) {
    error_->path.insert(0, "/" + std::string(step));
    return false;
  }

  bool value(const Node& node, int depth) {
    switch (node.type) {
      case Type::null:
        return in_->null() || unfit("not null");
      case Type::boolean:
        return boolean();
      case Type::int_:
      case Type::long_:
        return integer(node.type);
      case Type::float_:
        return floating<float>();
      case Type::double_:
        return floating<double>();
      case Type::string:
        return string();
      case Type::bytes:
      case Type::fixed:
        return bytes(node);
      case Type::enum_:
        return symbol(node);
      default:
        break;
    }
    if (depth == 0)
      return fail(over_limit(ErrorCode::rejected, "the value is nested deeper than " + std::to_string(depth_)));
    switch (node.type) {
      case Type::union_:
        return branch(node, depth - 1);
      case Type::record:
        return record(node, depth - 1);
      default:
        return items(node, depth - 1);
    }
  }

  bool boolean() {
    bool yes = false;
    if (in_->kind() != JsonCursor::Kind::boolean) return unfit("no boolean");
    if (!in_->boolean(yes)) return broken();
    out_->push_back(yes ? '\1' : '\0');
    return true;
  }

  bool integer(Type type) {
    std::string_view text;
    if (in_->kind() != JsonCursor::Kind::number) return unfit("no integer");
    if (!in_->number(text)) return broken();
    const auto number = whole(text);
    if (!number) return wrong("no integer of 64 bits: " + std::string(text.substr(0, 40)));
    if (type == Type::int_ && *number != static_cast<std::int32_t>(*number))
      return wrong("no integer of 32 bits: " + std::string(text));
    ByteWriter(*out_).zigzag(*number);
    return true;
  }

  // "12", or 1.2e1 as Java takes it.
  static std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t number = 0;
    double near = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) return number;
    if (text.find_first_of(".eE") == std::string_view::npos ||
        std::from_chars(text.data(), end, near).ec != std::errc{})
      return std::nullopt;
    constexpr double kLimit = 9223372036854775808.0;
    if (near != std::floor(near) || near < -kLimit || near >= kLimit) return std::nullopt;
    return static_cast<std::int64_t>(near);
  }

  template <typename Number>
  bool floating() {
    std::string_view text;
    Number number = 0;
    switch (in_->kind()) {
      case JsonCursor::Kind::number:
        if (!in_->number(text)) return broken();
        if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{}) break;
        number =
            static_cast<Number>(std::strtod(std::string(text).c_str(), nullptr));  // too large is infinite, too small 0
        break;
      case JsonCursor::Kind::string:
        if (!in_->string(text)) return broken();
        if (const auto named = non_number(text); named) {
          number = static_cast<Number>(*named);
          break;
        }
        return wrong("no number");
      default:
        return unfit("no number");
    }
    put_number(*out_, number);
    return true;
  }

  static std::optional<double> non_number(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    const bool negative = text.starts_with('-');
    const auto rest = text.substr(negative ? 1 : 0);
    if (rest != "Infinity" && rest != "INF") return std::nullopt;
    return negative ? -HUGE_VAL : HUGE_VAL;
  }

  bool string() {
    std::string_view text;
    if (in_->kind() != JsonCursor::Kind::string) return unfit("no string");
    if (!in_->string(text)) return broken();
    return sized(text);
  }

  // Of strings and of the keys of maps.
  bool sized(std::string_view text) {
    if (utf8_front(text) != text.size()) return wrong("half a surrogate pair, which UTF-8 cannot say");
    ByteWriter out(*out_);
    out.zigzag(static_cast<std::int64_t>(text.size()));
    out.raw(text);
    return true;
  }

  bool bytes(const Node& node) {
    std::string_view text;
    if (in_->kind() != JsonCursor::Kind::string) return unfit("no string of bytes");
    if (!in_->string(text)) return broken();
    raw_.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto first = static_cast<unsigned char>(text[i]);
      if (first > 0xc3) return wrong("a character above U+00FF in bytes");
      raw_.push_back(first < 0x80 ? text[i] : static_cast<char>((first << 6) | (text[++i] & 0x3f)));
    }
    ByteWriter out(*out_);
    if (node.type == Type::bytes) {
      out.zigzag(static_cast<std::int64_t>(raw_.size()));
    } else if (raw_.size() != static_cast<std::size_t>(node.size)) {
      return wrong(std::to_string(raw_.size()) + " bytes, not " + std::to_string(node.size));
    }
    out.raw(raw_);
    return true;
  }

  std::optional<std::uint32_t> find(const Node& node, std::string_view name) {
    const auto [known, is_new] = names_.try_emplace(&node);
    if (is_new) known->second = names_of(node);
    const auto found = known->second.find(std::string(name));
    if (found == known->second.end()) return std::nullopt;
    return found->second;
  }

  bool symbol(const Node& node) {
    std::string_view text;
    if (in_->kind() != JsonCursor::Kind::string) return unfit("no symbol of " + node.full_name());
    if (!in_->string(text)) return broken();
    const auto index = find(node, text);
    if (!index) return wrong("\"" + std::string(text.substr(0, 80)) + "\" is no symbol of " + node.full_name());
    ByteWriter(*out_).zigzag(*index);
    return true;
  }

  bool branch(const Node& node, int depth) {
    if (in_->kind() == JsonCursor::Kind::null) {
      if (!in_->null()) return broken();
      const auto index = find(node, "null");
      if (!index || node.branches[*index]->type != Type::null) return wrong("the union has no null");
      ByteWriter(*out_).zigzag(*index);
      return true;
    }
    bool first = true, yes = false;
    std::string_view name;
    if (in_->kind() != JsonCursor::Kind::object || !in_->open('{'))
      return unfit("a union is null or {\"branch\": value}");
    if (!in_->more('}', first, yes)) return broken();
    if (!yes) return wrong("a union is null or {\"branch\": value}");
    if (!in_->key(name)) return broken();
    const auto index = find(node, name);
    if (!index) return wrong("the union has no branch \"" + std::string(name.substr(0, 80)) + "\"");
    ByteWriter(*out_).zigzag(*index);
    if (!value(*node.branches[*index], depth)) return within(name_of(*node.branches[*index]));
    if (!in_->more('}', first, yes)) return broken();
    return !yes || wrong("a union's value with two branches");
  }

  static std::string name_of(const Node& branch) {
    return branch.is_named() ? branch.full_name() : std::string(type_name(branch.type));
  }

  bool record(const Node& node, int depth) {
    if (in_->kind() != JsonCursor::Kind::object || !in_->open('{'))
      return unfit("no object for the record " + node.full_name());
    std::unordered_map<std::size_t, std::string_view> early;  // fields that came before their turn
    std::size_t next = 0;
    std::string_view name, raw;
    bool first = true, yes = false;
    while (true) {
      if (!in_->more('}', first, yes)) return broken();
      if (!yes) break;
      if (!in_->key(name)) return broken();
      if (next < node.fields.size() && name == node.fields[next].name) {
        if (!field(node, next++, depth)) return false;
      } else {
        const auto index = find(node, name);
        if (!in_->skip(raw)) return broken();
        if (index && *index >= next) early[*index] = raw;
      }
      if (!early.empty() && !write_early(node, early, next, depth)) return false;
    }
    return next == node.fields.size() || wrong("the field \"" + node.fields[next].name + "\" is missing");
  }

  bool field(const Node& node, std::size_t index, int depth) {
    return value(*node.fields[index].type, depth) || within(node.fields[index].name);
  }

  bool write_early(const Node& node, std::unordered_map<std::size_t, std::string_view>& early, std::size_t& next,
                   int depth) {
    for (auto found = early.find(next); found != early.end(); found = early.find(next)) {
      const auto* back = in_->position();
      in_->go_to(found->second.data());
      early.erase(found);
      if (!field(node, next++, depth)) return false;
      in_->go_to(back);
    }
    return true;
  }

  bool items(const Node& node, int depth) {
    const bool map = node.type == Type::map;
    const auto open = map ? '{' : '[';
    if (in_->kind() != (map ? JsonCursor::Kind::object : JsonCursor::Kind::array) || !in_->open(open))
      return unfit(map ? "no object for a map" : "no array");
    const auto start = out_->size();
    std::int64_t count = 0;
    std::string_view key;
    out_->push_back('\0');
    for (bool first = true, yes = true;; ++count) {
      if (!in_->more(map ? '}' : ']', first, yes)) return broken();
      if (!yes) break;
      if (map && (!in_->key(key) || !sized(key))) return error_ ? false : broken();
      const auto step = map ? std::string(key.substr(0, 80)) : std::string();
      if (!value(*node.items, depth)) return within(map ? step : std::to_string(count));
    }
    if (count == 0) return true;  // the one byte is the end
    Bytes encoded;
    ByteWriter(encoded).zigzag(count);
    out_->replace(start, 1, encoded);
    out_->push_back('\0');
    return true;
  }

  Schema schema_;
  int depth_;
  JsonCursor* in_ = nullptr;
  Bytes* out_ = nullptr;
  Bytes raw_;
  std::optional<Failure> error_;
  std::unordered_map<const Node*, Names> names_;
};

JsonEncoder::JsonEncoder(Schema schema, int depth) : state_(std::make_unique<State>(std::move(schema), depth)) {}
JsonEncoder::~JsonEncoder() = default;
Result<void> JsonEncoder::encode(std::string_view json, Bytes& out) { return state_->encode(json, out); }

Result<void> from_json(const Schema& schema, std::string_view json, Bytes& out) {
  return JsonEncoder(schema).encode(json, out);
}

}  // namespace sluice::avro
