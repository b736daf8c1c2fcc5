#include "deliver/parquet/shape.h"

#include <algorithm>
#include <cmath>

namespace sluice::deliver::parquet {

namespace {

constexpr std::size_t kMaxLeaves = 10'000;  // a record used twice in each of 20 records has a million
constexpr std::size_t kMaxDepth = 64;

constexpr int kDigits32 = 9;
constexpr int kDigits64 = 18;
constexpr int kDigitsMost = 76;  // of Arrow

// Bytes for every number of so many decimal digits, in two's complement.
std::uint32_t decimal_bytes(int digits) {
  return static_cast<std::uint32_t>(std::ceil((digits * std::log2(10.0) + 1) / 8));
}

Physical physical_of(Kind kind) {
  switch (kind) {
    case Kind::boolean: return Physical::boolean;
    case Kind::null:
    case Kind::int_:
    case Kind::decimal32: return Physical::int32;
    case Kind::long_:
    case Kind::decimal64: return Physical::int64;
    case Kind::float_: return Physical::float_;
    case Kind::double_: return Physical::double_;
    case Kind::fixed:
    case Kind::decimal_fixed: return Physical::fixed;
    default: return Physical::bytes;
  }
}

Kind kind_of(const avro::Node& node) {
  switch (node.type) {
    case avro::Type::null: return Kind::null;
    case avro::Type::boolean: return Kind::boolean;
    case avro::Type::int_: return Kind::int_;
    case avro::Type::long_: return Kind::long_;
    case avro::Type::float_: return Kind::float_;
    case avro::Type::double_: return Kind::double_;
    case avro::Type::string: return Kind::string;
    case avro::Type::enum_: return Kind::symbol;
    case avro::Type::record: return Kind::record;
    case avro::Type::array: return Kind::array;
    case avro::Type::map: return Kind::map;
    case avro::Type::union_: break;
    case avro::Type::bytes:
    case avro::Type::fixed:
      if (node.logical_type != "decimal" || node.precision > kDigitsMost) break;
      if (node.precision <= kDigits32) return Kind::decimal32;
      return node.precision <= kDigits64 ? Kind::decimal64 : Kind::decimal_fixed;
  }
  if (node.type == avro::Type::bytes) return Kind::bytes;
  if (node.type == avro::Type::fixed) return Kind::fixed;
  const auto null = std::ranges::find(node.branches, avro::Type::null, &avro::Node::type);
  if (node.branches.size() == 1) return Kind::single;
  return node.branches.size() == 2 && null != node.branches.end() ? Kind::optional : Kind::choice;
}

}  // namespace

// Steps of one parent lie side by side: they are laid out before they are filled. Leaves are in the order of the file.
class Shape::Compiler {
 public:
  explicit Compiler(Shape& out) : out_(out) {}

  Result<void> fill(std::size_t at, const avro::Node& node, std::int16_t definition, std::int16_t repetition) {
    if (open_.size() > kMaxDepth) return refuse("it is nested more than " + std::to_string(kMaxDepth) + " deep");
    if (std::ranges::find(open_, &node) != open_.end()) return refuse("it holds itself: Parquet has no recursive types");
    open_.push_back(&node);
    Step step{.kind = kind_of(node), .definition = definition, .node = &node};
    step.first_leaf = static_cast<std::uint32_t>(out_.leaves_.size());
    step.size = node.type == avro::Type::fixed ? static_cast<std::uint32_t>(node.size) : 0;
    SLUICE_RETURN_IF_ERROR(step.kind < Kind::record ? leaf(step, repetition) : parts(step, repetition));
    step.leaves = static_cast<std::uint32_t>(out_.leaves_.size()) - step.first_leaf;
    out_.steps_[at] = step;
    open_.pop_back();
    return {};
  }

 private:
  Error refuse(const std::string& why) const {
    return {ErrorCode::rejected, "the schema has no form in Parquet: field '" + path_ + "': " + why, {},
            "archive this topic as Avro, or without the field"};
  }

  Result<void> leaf(Step& step, std::int16_t repetition) {
    if (step.kind == Kind::null) ++step.definition;  // which no entry reaches
    if (step.kind == Kind::fixed && step.size == 0) return refuse("a fixed of no bytes");
    if (step.kind == Kind::decimal_fixed) step.size = decimal_bytes(step.node->precision);
    if (out_.leaves_.size() == kMaxLeaves) return refuse("there are more than " + std::to_string(kMaxLeaves) + " columns");
    out_.leaves_.push_back({path_, physical_of(step.kind), step.definition, repetition});
    return {};
  }

  Result<void> parts(Step& step, std::int16_t repetition) {
    const auto& node = *step.node;
    switch (step.kind) {
      case Kind::record: return record(step, repetition);
      case Kind::array:
      case Kind::map: return items(step, repetition);
      case Kind::single:
        lay_out(step, 1);
        return fill(step.first, *node.branches[0], step.definition, repetition);
      case Kind::optional:
        step.null_branch = node.branches[0]->type == avro::Type::null ? 0 : 1;
        lay_out(step, 1);
        return fill(step.first, *node.branches[static_cast<std::size_t>(type_branch(step))],
                    static_cast<std::int16_t>(step.definition + 1), repetition);
      default: return choice(step, repetition);
    }
  }

  void lay_out(Step& step, std::size_t children) {
    step.first = static_cast<std::uint32_t>(out_.steps_.size());
    step.children = static_cast<std::uint32_t>(children);
    out_.steps_.resize(out_.steps_.size() + children);
  }

  Result<void> record(Step& step, std::int16_t repetition) {
    const auto& fields = step.node->fields;
    if (fields.empty()) return refuse("a record without fields");
    lay_out(step, fields.size());
    const auto path = path_;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      path_ = path.empty() ? fields[i].name : path + "." + fields[i].name;
      SLUICE_RETURN_IF_ERROR(fill(step.first + i, *fields[i].type, step.definition, repetition));
    }
    path_ = path;
    return {};
  }

  Result<void> items(Step& step, std::int16_t repetition) {
    static const auto key = [] {
      avro::Node node;
      node.type = avro::Type::string;
      return node;
    }();
    step.repetition = static_cast<std::int16_t>(repetition + 1);
    const auto definition = static_cast<std::int16_t>(step.definition + 1);
    const bool map = step.kind == Kind::map;
    lay_out(step, map ? 2 : 1);
    const auto first = step.first;
    if (map) SLUICE_RETURN_IF_ERROR(fill(first, key, definition, step.repetition));
    return fill(first + (map ? 1 : 0), *step.node->items, definition, step.repetition);
  }

  // A group that is null for null; the step's definition is that of the group.
  Result<void> choice(Step& step, std::int16_t repetition) {
    const auto& branches = step.node->branches;
    const auto null = std::ranges::find(branches, avro::Type::null, &avro::Node::type);
    if (branches.empty()) return refuse("a union of no types");
    if (null != branches.end()) {
      step.null_branch = static_cast<std::int32_t>(null - branches.begin());
      ++step.definition;
    }
    lay_out(step, branches.size());
    for (std::size_t i = 0; i < branches.size(); ++i) {
      if (static_cast<std::int32_t>(i) == step.null_branch) continue;
      SLUICE_RETURN_IF_ERROR(fill(step.first + i, *branches[i], static_cast<std::int16_t>(step.definition + 1), repetition));
    }
    return {};
  }

  Shape& out_;
  std::string path_;
  std::vector<const avro::Node*> open_;
};

Result<Shape> Shape::compile(avro::Schema schema) {
  if (schema.root().type != avro::Type::record) {
    return Error{ErrorCode::rejected, "rows of a Parquet file are Avro records; the schema is of type " +
                                          std::string(avro::type_name(schema.root().type))};
  }
  Shape out(std::move(schema));
  out.steps_.resize(1);
  SLUICE_RETURN_IF_ERROR(Compiler(out).fill(0, out.schema_.root(), 0, 0));
  return out;
}

}  // namespace sluice::deliver::parquet
