#include "avro/program.h"

#include <map>

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
    if (parts.empty()) return;
    const auto [known, is_new] = laid_out_.try_emplace(&node, out_.size());
    out_[at].first = static_cast<std::uint32_t>(known->second);
    if (!is_new) return;
    const auto first = known->second;
    out_.resize(first + parts.size());
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

Program::Program(Schema schema) : schema_(std::move(schema)), operations_(1) { Compiler(operations_).fill(0, schema_.root()); }

namespace program_detail {

Error fault(Fault fault, std::size_t at) {
  const auto what = [fault] {
    switch (fault) {
      case Fault::short_: return "it ends too early, or a number is longer than it may be";
      case Fault::boolean: return "a boolean is neither 0 nor 1";
      case Fault::integer: return "an int has more than 32 bits";
      case Fault::symbol: return "an enum has no such symbol";
      case Fault::branch: return "a union has no such branch";
      case Fault::size: return "a size is negative or wrong";
      case Fault::depth: return "it is nested too deeply";
      case Fault::items: return "it has too many items that take no bytes";
    }
    return "";
  };
  return {ErrorCode::corrupt, "the bytes are no value of the schema: " + std::string(what()) + ", at byte " + std::to_string(at)};
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
    program_detail::Run<NoVisitor> run(program, bytes, visitor, limits);
    if (!run.value(*program.child(root, i))) return run.error();
    fields.push_back(bytes.substr(0, bytes.size() - run.rest().size()));
    bytes = run.rest();
  }
  if (!bytes.empty()) return program_detail::bytes_after(bytes.size());
  return {};
}

}  // namespace sluice::avro
