#include "avro/program.h"

#include <map>

#include "avro/path_visitor.h"

namespace sluice::avro {

// Children are laid out before they are filled, so that they lie side by side.
class Program::Compiler {
 public:
  explicit Compiler(std::vector<Operation>& out) : out_(out) {}

  void fill(std::size_t at, const Node& node) {
    out_[at].type = node.type;
    out_[at].node = &node;
    if (node.type == Type::fixed) out_[at].size = static_cast<std::uint32_t>(node.size);
    if (node.type == Type::enum_) out_[at].size = static_cast<std::uint32_t>(node.symbols.size());
    const auto parts = parts_of(node);
    out_[at].children = static_cast<std::uint32_t>(parts.size());
    if (parts.empty() && node.type != Type::record) return;
    const auto [known, is_new] = laid_out_.try_emplace(&node, out_.size());
    out_[at].first = static_cast<std::uint32_t>(known->second);
    if (!is_new) return;
    const auto first = known->second;
    out_.resize(first + parts.size() + 1);
    out_.back().type = kNoType;
    for (std::size_t i = 0; i < parts.size(); ++i) fill(first + i, *parts[i]);
  }

 private:
  static std::vector<const Node*> parts_of(const Node& node) {
    if (node.type == Type::union_) return node.branches;
    if (node.type == Type::array || node.type == Type::map) return {node.items};
    std::vector<const Node*> parts;
    if (node.type == Type::record) {
      for (const auto& field : node.fields) parts.push_back(field.type);
    }
    return parts;
  }

  std::vector<Operation>& out_;
  std::map<const Node*, std::size_t> laid_out_;
};

Program::Program(Schema schema) : schema_(std::move(schema)), operations_(2) {
  operations_.back().type = kNoType;
  Compiler(operations_).fill(0, schema_.root());
}

namespace program_detail {

namespace {

std::string what(Fault fault) {
  switch (fault) {
    case Fault::short_: return "it ends too early, or a number is longer than it may be";
    case Fault::boolean: return "a boolean is neither 0 nor 1";
    case Fault::integer: return "an int has more than 32 bits";
    case Fault::symbol: return "an enum has no such symbol";
    case Fault::branch: return "a union has no such branch";
    case Fault::size: return "a size is negative or wrong";
    case Fault::depth: return "it is nested too deeply";
    case Fault::items: return "it has too many items that take no bytes";
    case Fault::length: return "a length or count is above " + std::to_string(kMaxLength);
    case Fault::utf8: return "a string is no UTF-8";
  }
  return "";
}

}  // namespace

Error fault(const Program& program, const Operation& operation, ByteView bytes, const DecodeLimits& limits, Fault fault, std::size_t at) {
  PathVisitor path;
  Run<PathVisitor> run(program, bytes, path, limits);
  static_cast<void>(run.front(operation));
  Error error{ErrorCode::corrupt, "the bytes are no value of the schema: " + what(fault) + ", at " + path.text() + ", byte " + std::to_string(at)};
  if (fault == Fault::depth || fault == Fault::items || fault == Fault::length) error.reason = kOverLimit;
  return error;
}

Error bytes_after(std::size_t count) {
  return {ErrorCode::corrupt, "the bytes are no value of the schema: it has " + std::to_string(count) + " bytes too many"};
}

}  // namespace program_detail

Result<void> check(const Program& program, ByteView bytes, DecodeLimits limits) {
  NoVisitor visitor;
  return decode(program, bytes, visitor, limits);
}

Result<void> split(const Program& program, ByteView bytes, std::vector<ByteView>& fields, DecodeLimits limits) {
  fields.clear();
  const auto& root = program.root();
  if (root.type != Type::record) return Error{ErrorCode::rejected, "the schema is no record"};
  NoVisitor visitor;
  for (std::size_t i = 0; i < root.children; ++i) {
    const auto before = bytes;
    auto done = decode_part(program, *program.child(root, i), bytes, visitor, limits);
    if (!done.ok()) return std::move(done).error().in("field " + root.node->fields[i].name);
    fields.push_back(before.substr(0, before.size() - bytes.size()));
  }
  if (!bytes.empty()) return program_detail::bytes_after(bytes.size());
  return {};
}

}  // namespace sluice::avro
