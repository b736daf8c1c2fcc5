#include "deliver/archive/rows/value_walk.h"

#include <map>
#include <span>

#include "avro/schema.h"

namespace sluice::deliver::archive {

namespace {

constexpr int kMaxDepth = 128;
// A block's count is proven by its bytes, except for elements of no bytes.
constexpr std::uint64_t kMaxElementsOfNoBytes = 1 << 20;

ValueWalk::Kind kind_of(avro::Type type) {
  using Kind = ValueWalk::Kind;
  switch (type) {
    case avro::Type::null: return Kind::null;
    case avro::Type::boolean: return Kind::boolean;
    case avro::Type::int_: return Kind::int_;
    case avro::Type::long_: return Kind::long_;
    case avro::Type::float_: return Kind::float_;
    case avro::Type::double_: return Kind::double_;
    case avro::Type::bytes:
    case avro::Type::string: return Kind::bytes;
    case avro::Type::record: return Kind::record;
    case avro::Type::enum_: return Kind::enum_;
    case avro::Type::array: return Kind::array;
    case avro::Type::map: return Kind::map;
    case avro::Type::union_: return Kind::union_;
    case avro::Type::fixed: return Kind::fixed;
  }
  return Kind::null;
}

}  // namespace

// Each node of the schema once: recursive types end at a node that is there already.
class ValueWalk::Compiler {
 public:
  explicit Compiler(ValueWalk& out) : out_(out) {}

  std::int32_t add(const avro::Node& schema) {
    if (const auto found = known_.find(&schema); found != known_.end()) return found->second;
    const auto at = static_cast<std::int32_t>(out_.nodes_.size());
    known_[&schema] = at;
    out_.nodes_.push_back({kind_of(schema.type), 0, {}});
    if (schema.type == avro::Type::fixed) node(at).size = static_cast<std::uint64_t>(schema.size);
    if (schema.type == avro::Type::enum_) node(at).size = schema.symbols.size();
    if (schema.items != nullptr) add_child(at, *schema.items);
    for (const auto* branch : schema.branches) add_child(at, *branch);
    for (const auto& field : schema.fields) add_child(at, *field.type);
    return at;
  }

 private:
  Node& node(std::int32_t at) { return out_.nodes_[static_cast<std::size_t>(at)]; }
  void add_child(std::int32_t at, const avro::Node& schema) {
    const auto child = add(schema);
    node(at).children.push_back(child);
  }

  ValueWalk& out_;
  std::map<const avro::Node*, std::int32_t> known_;
};

Result<ValueWalk> ValueWalk::compile(std::string_view schema) {
  SLUICE_TRY(const auto parsed, avro::Schema::parse(schema, {.validate_defaults = false}));
  ValueWalk out;
  Compiler compiler(out);
  out.root_ = static_cast<std::size_t>(compiler.add(parsed.root()));
  for (const auto& field : parsed.root().fields) out.fields_.push_back({field.name, compiler.add(*field.type)});
  return out;
}

bool ValueWalk::matches(ByteView bytes) const {
  ByteReader in(bytes);
  return walk(static_cast<std::int32_t>(root_), in, 0) && in.ok() && in.at_end();
}

bool ValueWalk::split(ByteView bytes, std::vector<ByteView>& fields) const {
  return take(bytes, fields) && bytes.empty();
}

bool ValueWalk::first(ByteView bytes, std::size_t count, std::vector<ByteView>& fields) const {
  ByteReader in(bytes);
  return split_fields(in, count, fields);
}

bool ValueWalk::take(ByteView& bytes, std::vector<ByteView>& fields) const {
  ByteReader in(bytes);
  if (!split_fields(in, nodes_[root_].children.size(), fields)) return false;
  bytes = in.rest();
  return true;
}

bool ValueWalk::split_fields(ByteReader& in, std::size_t count, std::vector<ByteView>& fields) const {
  fields.clear();
  if (!is_record()) return false;
  for (const auto child : std::span(nodes_[root_].children).first(count)) {
    const char* begin = in.position();
    if (!walk(child, in, 1) || !in.ok()) return false;
    fields.emplace_back(begin, static_cast<std::size_t>(in.position() - begin));
  }
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

}  // namespace sluice::deliver::archive
