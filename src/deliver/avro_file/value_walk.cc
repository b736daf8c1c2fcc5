#include "deliver/avro_file/value_walk.h"

#include <boost/json.hpp>
#include <map>

namespace sluice::deliver::avro_file {

namespace json = boost::json;

namespace {

constexpr int kMaxDepth = 128;
// A block's count is proven by its bytes, except for elements of no bytes.
constexpr std::uint64_t kMaxElementsOfNoBytes = 1 << 20;

Error no_schema(const std::string& why) { return {.code = ErrorCode::rejected, .message = "no Avro schema: " + why}; }

std::string full_name(std::string_view name, std::string_view space) {
  if (name.find('.') != std::string_view::npos || space.empty()) return std::string(name);
  return std::string(space) + "." + std::string(name);
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

class ValueWalk::Compiler {
 public:
  explicit Compiler(ValueWalk& out) : out_(out) {}

  Result<std::int32_t> type(const json::value& schema, const std::string& space, int depth) {
    if (depth > kMaxDepth) return no_schema("it is nested too deeply");
    if (schema.is_string()) return named(std::string(schema.get_string()), space);
    if (schema.is_array()) return union_of(schema.get_array(), space, depth);
    if (!schema.is_object()) return no_schema("a type is neither name, object nor union");
    const auto& object = schema.get_object();
    const auto* inner = object.if_contains("type");
    if (inner == nullptr) return no_schema("a type has no \"type\"");
    if (!inner->is_string()) return type(*inner, space, depth);
    return composite(std::string(inner->get_string()), object, space, depth);
  }

 private:
  std::int32_t add(Kind kind, std::uint64_t size = 0) {
    out_.nodes_.push_back({kind, size, {}});
    return static_cast<std::int32_t>(out_.nodes_.size()) - 1;
  }
  Node& node(std::int32_t at) { return out_.nodes_[static_cast<std::size_t>(at)]; }

  Result<std::int32_t> named(const std::string& name, const std::string& space) {
    static const std::map<std::string, Kind, std::less<>> primitives{
        {"null", Kind::null},   {"boolean", Kind::boolean}, {"int", Kind::int_},    {"long", Kind::long_},
        {"float", Kind::float_}, {"double", Kind::double_},  {"bytes", Kind::bytes}, {"string", Kind::bytes}};
    if (const auto found = primitives.find(name); found != primitives.end()) return add(found->second);
    if (const auto found = names_.find(full_name(name, space)); found != names_.end()) return found->second;
    if (const auto found = names_.find(name); found != names_.end()) return found->second;
    return no_schema("unknown type " + name);
  }

  Result<std::int32_t> union_of(const json::array& branches, const std::string& space, int depth) {
    const auto at = add(Kind::union_);
    for (const auto& branch : branches) {
      SLUICE_TRY(const auto child, type(branch, space, depth + 1));
      node(at).children.push_back(child);
    }
    return at;
  }

  Result<std::int32_t> composite(const std::string& kind, const json::object& object, const std::string& outer,
                                 int depth) {
    if (kind == "array" || kind == "map") {
      const auto at = add(kind == "array" ? Kind::array : Kind::map);
      const auto* item = object.if_contains(kind == "array" ? "items" : "values");
      if (item == nullptr) return no_schema("an " + kind + " has no type of its elements");
      SLUICE_TRY(const auto child, type(*item, outer, depth + 1));
      node(at).children.push_back(child);
      return at;
    }
    if (kind != "record" && kind != "error" && kind != "enum" && kind != "fixed") return named(kind, outer);
    const auto name = text_of(object, "name");
    if (name.empty()) return no_schema("a " + kind + " has no name");
    auto space = object.contains("namespace") ? text_of(object, "namespace") : outer;
    const auto whole = full_name(name, space);
    if (const auto dot = whole.rfind('.'); dot != std::string::npos) space = whole.substr(0, dot);
    if (kind == "enum") return enum_of(object, whole);
    if (kind == "fixed") return fixed_of(object, whole);
    return record_of(object, whole, space, depth);
  }

  Result<std::int32_t> enum_of(const json::object& object, const std::string& whole) {
    const auto* symbols = object.if_contains("symbols");
    if (symbols == nullptr || !symbols->is_array()) return no_schema("enum " + whole + " has no symbols");
    return names_[whole] = add(Kind::enum_, symbols->get_array().size());
  }

  Result<std::int32_t> fixed_of(const json::object& object, const std::string& whole) {
    const auto* size = object.if_contains("size");
    json::error_code failed;
    const auto bytes = size != nullptr && size->is_number() ? size->to_number<std::uint32_t>(failed) : 0;
    if (size == nullptr || !size->is_number() || failed) return no_schema("fixed " + whole + " has no size");
    return names_[whole] = add(Kind::fixed, bytes);
  }

  Result<std::int32_t> record_of(const json::object& object, const std::string& whole, const std::string& space,
                                 int depth) {
    const auto at = add(Kind::record);
    names_[whole] = at;
    const auto* fields = object.if_contains("fields");
    if (fields == nullptr || !fields->is_array()) return no_schema("record " + whole + " has no fields");
    for (const auto& field : fields->get_array()) {
      if (!field.is_object() || !field.get_object().contains("type")) {
        return no_schema("a field of " + whole + " has no type");
      }
      SLUICE_TRY(const auto child, type(field.get_object().at("type"), space, depth + 1));
      node(at).children.push_back(child);
      const auto name = text_of(field.get_object(), "name");
      if (name.empty()) return no_schema("a field of " + whole + " has no name");
      if (depth == 0) out_.fields_.push_back({name, child});
    }
    return at;
  }

  ValueWalk& out_;
  std::map<std::string, std::int32_t, std::less<>> names_;
};

Result<ValueWalk> ValueWalk::compile(std::string_view schema) {
  json::error_code failed;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  const auto value = json::parse(json::string_view(schema.data(), schema.size()), failed, {}, options);
  if (failed) return no_schema("it is no JSON");
  ValueWalk out;
  SLUICE_TRY(const auto root, Compiler(out).type(value, "", 0));
  out.root_ = static_cast<std::size_t>(root);
  if (!out.is_record()) out.fields_.clear();
  return out;
}

bool ValueWalk::matches(ByteView bytes) const {
  ByteReader in(bytes);
  return walk(static_cast<std::int32_t>(root_), in, 0) && in.ok() && in.at_end();
}

bool ValueWalk::split(ByteView bytes, std::vector<ByteView>& fields) const {
  return take(bytes, fields) && bytes.empty();
}

bool ValueWalk::take(ByteView& bytes, std::vector<ByteView>& fields) const {
  fields.clear();
  if (!is_record()) return false;
  ByteReader in(bytes);
  for (const auto child : nodes_[root_].children) {
    const char* begin = in.position();
    if (!walk(child, in, 1) || !in.ok()) return false;
    fields.emplace_back(begin, static_cast<std::size_t>(in.position() - begin));
  }
  bytes = in.rest();
  return true;
}

bool ValueWalk::walk(std::int32_t at, ByteReader& in, int depth) const {
  const auto& node = nodes_[static_cast<std::size_t>(at)];
  switch (node.kind) {
    case Kind::null: return true;
    case Kind::boolean: return in.u8() <= 1;
    case Kind::int_: {
      const auto value = in.zigzag();
      return value >= INT32_MIN && value <= INT32_MAX;
    }
    case Kind::long_: return in.varint(), in.ok();
    case Kind::float_: return in.skip(4), in.ok();
    case Kind::double_: return in.skip(8), in.ok();
    case Kind::bytes: {
      const auto size = in.zigzag();
      if (size < 0) return false;
      return in.skip(static_cast<std::size_t>(size)), in.ok();
    }
    case Kind::fixed: return in.skip(node.size), in.ok();
    case Kind::enum_: {
      const auto symbol = in.zigzag();
      return symbol >= 0 && static_cast<std::uint64_t>(symbol) < node.size;
    }
    case Kind::union_: {
      const auto branch = in.zigzag();
      if (branch < 0 || static_cast<std::size_t>(branch) >= node.children.size() || depth > kMaxDepth) return false;
      return walk(node.children[static_cast<std::size_t>(branch)], in, depth + 1);
    }
    case Kind::record:
      if (depth > kMaxDepth) return false;
      for (const auto child : node.children) {
        if (!walk(child, in, depth + 1)) return false;
      }
      return in.ok();
    case Kind::array:
    case Kind::map: return depth <= kMaxDepth && walk_blocks(node, in, depth + 1);
  }
  return false;
}

// Blocks of an array or map: a count, negative when a size in bytes follows; zero ends them.
bool ValueWalk::walk_blocks(const Node& node, ByteReader& in, int depth) const {
  std::uint64_t of_no_bytes = 0;
  while (true) {
    auto count = in.zigzag();
    if (!in.ok() || count == INT64_MIN) return false;
    if (count == 0) return true;
    if (count < 0) {
      count = -count;
      if (in.zigzag() < 0) return false;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const auto before = in.remaining();
      if (node.kind == Kind::map) {
        const auto size = in.zigzag();
        if (size < 0) return false;
        in.skip(static_cast<std::size_t>(size));
      }
      if (!walk(node.children.front(), in, depth) || !in.ok()) return false;
      if (in.remaining() == before && ++of_no_bytes > kMaxElementsOfNoBytes) return false;
    }
  }
}

std::optional<int> ValueWalk::null_branch(const Field& field) const {
  const auto& node = nodes_[static_cast<std::size_t>(field.type)];
  if (node.kind != Kind::union_ || node.children.size() != 2) return std::nullopt;
  const auto is_null = [&](std::size_t i) {
    return nodes_[static_cast<std::size_t>(node.children[i])].kind == Kind::null;
  };
  if (is_null(0)) return 0;
  if (is_null(1)) return 1;
  return std::nullopt;
}

bool ValueWalk::takes(const Field& field, const ValueWalk& other, const Field& key_field) const {
  const auto branch = null_branch(field);
  if (!branch) return false;
  const auto type = nodes_[static_cast<std::size_t>(field.type)].children[*branch == 0 ? 1 : 0];
  const auto& mine = nodes_[static_cast<std::size_t>(type)];
  const auto& its = other.nodes_[static_cast<std::size_t>(key_field.type)];
  return mine.kind == its.kind && mine.size == its.size && mine.children.empty() && its.children.empty();
}

}  // namespace sluice::deliver::avro_file
