#include "avro/resolved_program.h"

#include <map>

#include "avro/path_visitor.h"
#include "avro/resolution_plan.h"

namespace sluice::avro {
namespace resolved {
namespace {

using resolution::Action;
using Kind = Action::Kind;

Op op_of(Type type) {
  switch (type) {
    case Type::null: return Op::null;
    case Type::boolean: return Op::boolean;
    case Type::int_: return Op::int_;
    case Type::long_: return Op::long_;
    case Type::float_: return Op::float_;
    case Type::double_: return Op::double_;
    case Type::bytes: return Op::bytes;
    case Type::string: return Op::string;
    case Type::record: return Op::record;
    case Type::enum_: return Op::symbol;
    case Type::array: return Op::array;
    case Type::map: return Op::map;
    case Type::union_: return Op::union_;
    case Type::fixed: return Op::fixed;
  }
  return Op::error;
}

Op promotion(Type writer, Type reader) {
  const bool to_float = reader == Type::float_;
  if (writer == Type::int_) return to_float ? Op::int_to_float : Op::int_to_double;
  if (writer == Type::long_) return to_float ? Op::long_to_float : Op::long_to_double;
  return Op::float_to_double;
}

// The graph of actions as steps, the parts of each side by side; what the reader lacks, and defaults, by the type alone.
class Compiler {
 public:
  explicit Compiler(Code& out) : out_(out) {
    out_.steps.resize(1);
    out_.defaults.resize(1);  // of a record by its type alone: none
  }

  void fill(std::size_t at, const Action& action) {
    auto made = step_of(action);
    if (made.children == 0 && action.kind != Kind::record) return put(at, made);
    const auto [known, is_new] = actions_.try_emplace(&action, made);
    if (is_new) {
      known->second.first = lay_out(made.children);
      if (action.kind == Kind::record) known->second.size = static_cast<std::uint32_t>(out_.defaults.size());
    }
    put(at, known->second);
    if (!is_new) return;
    if (action.kind == Kind::record) {
      out_.defaults.emplace_back();
      fill_record(known->second, action);
    } else {
      for (std::size_t i = 0; i < action.children.size(); ++i) fill_part(known->second.first + i, action, *action.children[i]);
    }
  }

 private:
  // All but where its parts are.
  Step step_of(const Action& action) {
    const auto parts = static_cast<std::uint32_t>(action.children.size());
    switch (action.kind) {
      case Kind::copy: {
        auto made = step_of(*action.reader);
        if (action.writer->type == Type::int_) made.op = Op::int_;
        return made;
      }
      case Kind::promote: return {.op = promotion(action.writer->type, action.reader->type), .node = action.reader};
      case Kind::symbols: return {.op = Op::symbol, .first = symbols(action), .size = static_cast<std::uint32_t>(action.symbols.size()), .node = action.reader};
      case Kind::items: return {.op = op_of(action.reader->type), .children = parts, .node = action.reader};
      case Kind::record: return {.op = Op::record, .children = parts, .node = action.reader};
      case Kind::from_union: return {.op = Op::union_, .children = parts, .node = action.reader};
      case Kind::to_union: return {.op = Op::wrap, .children = parts, .node = action.reader};
      case Kind::error: break;
    }
    out_.reasons.push_back(action.reason);
    return {.op = Op::error, .size = static_cast<std::uint32_t>(out_.reasons.size() - 1)};
  }

  std::uint32_t symbols(const Action& action) {
    const auto first = static_cast<std::uint32_t>(out_.table.size());
    for (std::size_t i = 0; i < action.symbols.size(); ++i) {
      if (!action.symbols[i]) out_.reasons.push_back("the reader's " + action.reader->full_name() + " has no symbol \"" + action.writer->symbols[i] + "\", and no default");
      out_.table.push_back(action.symbols[i].value_or(kRefused + static_cast<std::uint32_t>(out_.reasons.size()) - 1));
    }
    return first;
  }

  // Of a type that stays: without its parts.
  Step step_of(const Node& node) {
    Step made{.op = op_of(node.type), .node = &node};
    if (node.type == Type::fixed) made.size = static_cast<std::uint32_t>(node.size);
    if (node.type == Type::array || node.type == Type::map) made.children = 1;
    if (node.type == Type::union_) made.children = static_cast<std::uint32_t>(node.branches.size());
    if (node.type == Type::record) made.children = static_cast<std::uint32_t>(node.fields.size());
    if (node.type != Type::enum_) return made;
    made.first = static_cast<std::uint32_t>(out_.table.size());
    made.size = static_cast<std::uint32_t>(node.symbols.size());
    for (std::uint32_t i = 0; i < made.size; ++i) out_.table.push_back(i);
    return made;
  }

  std::uint32_t lay_out(std::size_t count) {
    const auto first = out_.steps.size();
    out_.steps.resize(first + count);
    return static_cast<std::uint32_t>(first);
  }

  // A field's or branch's place is the parent's to say.
  void put(std::size_t at, Step made) {
    made.field = out_.steps[at].field;
    made.united = out_.steps[at].united;
    out_.steps[at] = made;
  }

  void fill_part(std::size_t at, const Action& parent, const Action& part) {
    const auto* wrap = parent.kind == Kind::to_union ? &parent : part.kind == Kind::to_union && parent.kind == Kind::from_union ? &part : nullptr;
    fill(at, wrap == &part ? *part.children.front() : part);
    if (wrap == nullptr) return;
    out_.steps[at].united = wrap->reader;
    out_.steps[at].field = wrap->branch;
  }

  void fill_record(const Step& record, const Action& action) {
    std::vector<std::uint32_t> fields(action.children.size(), kNone);
    for (std::size_t i = 0; i < action.sources.size(); ++i) {
      const auto& source = action.sources[i];
      if (source.field) {
        fields[*source.field] = static_cast<std::uint32_t>(i);
        continue;
      }
      const auto step = lay_out(1);
      fill(step, *action.reader->fields[i].type);
      out_.defaults[record.size].push_back({.field = static_cast<std::uint32_t>(i), .step = step, .bytes = source.constant});
    }
    for (std::size_t i = 0; i < action.children.size(); ++i) {
      const auto at = record.first + i;
      action.children[i] != nullptr ? fill(at, *action.children[i]) : fill(at, *action.writer->fields[i].type);
      out_.steps[at].field = fields[i];
    }
  }

  void fill(std::size_t at, const Node& node) {
    const auto [known, is_new] = nodes_.try_emplace(&node);
    if (is_new) {
      auto made = step_of(node);
      if (made.children > 0 || node.type == Type::record) made.first = lay_out(made.children);
      known->second = made;
    }
    put(at, known->second);
    if (!is_new) return;
    const auto first = known->second.first;
    if (node.items != nullptr) fill(first, *node.items);
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      fill(first + i, *node.branches[i]);
      out_.steps[first + i].united = &node;
      out_.steps[first + i].field = static_cast<std::uint32_t>(i);
    }
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      fill(first + i, *node.fields[i].type);
      out_.steps[first + i].field = static_cast<std::uint32_t>(i);
    }
  }

  Code& out_;
  std::map<const Action*, Step> actions_;
  std::map<const Node*, Step> nodes_;
};

}  // namespace

Error fault(const Code& code, ByteView bytes, const DecodeLimits& limits, Fault fault, std::uint32_t reason, std::size_t at) {
  const auto place = [&] {
    PathVisitor path;
    Run<PathVisitor> run(code, bytes, path, limits);
    static_cast<void>(run.front(code.steps.front()));
    return " at " + path.text() + ", byte " + std::to_string(at) + ": ";
  };
  if (fault == Fault::refused) return {ErrorCode::rejected, "the datum cannot be resolved" + place() + code.reasons[reason]};
  // What is wrong with the writer's bytes, the writer's own program tells best.
  NoVisitor nobody;
  auto writer = decode_front(Program(code.writer), bytes, nobody, limits);
  if (!writer.ok()) return std::move(writer).error();
  return over_limit(ErrorCode::corrupt, "the datum cannot be resolved" + place() + "it is nested too deeply, or has too many items that take no bytes");
}

}  // namespace resolved

Result<ResolvedProgram> ResolvedProgram::compile(const Schema& writer, const Schema& reader) {
  SLUICE_TRY(const auto plan, resolution::make_plan(writer.root(), reader.root(), Resolution::Misfits::at_once));
  auto code = std::make_shared<resolved::Code>();
  code->writer = writer;
  code->reader = reader;
  resolved::Compiler(*code).fill(0, *plan.root);
  return ResolvedProgram(std::move(code));
}

}  // namespace sluice::avro
