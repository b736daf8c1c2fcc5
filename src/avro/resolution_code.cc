#include "avro/resolution_code.h"

#include <map>

namespace sluice::avro::resolution {
namespace {

using Kind = Action::Kind;

constexpr std::uint32_t kNothing = 0xffffffff;  // a branch without steps
constexpr int kInlineWeight = 48;

// About how many steps a type takes, where records that are used again count again; stops above `limit`.
int weight(const Node& node, int limit) {
  if (limit <= 0) return 1;
  int sum = 1;
  for (const auto& field : node.fields) {
    if (sum <= limit) sum += weight(*field.type, limit - sum);
  }
  for (const auto* branch : node.branches) {
    if (sum <= limit) sum += weight(*branch, limit - sum) + 1;
  }
  if (node.items != nullptr && sum <= limit) sum += weight(*node.items, limit - sum);
  return sum;
}

class Coder {
 public:
  Code make(const Action& root) {
    code_.identity = root.verbatim;
    paths_of_steps("");
    entry(root.verbatim ? Part{root.writer, nullptr} : Part{nullptr, &root});
    for (std::size_t i = 0; i < parts_.size(); ++i) compile(i);
    code_.constants.append(kPadding, '\0');
    return std::move(code_);
  }

 private:
  // A type of the writer to walk over, or an action.
  using Part = std::pair<const Node*, const Action*>;

  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.steps.size()); }
  std::uint32_t label() { return label_ = here(); }  // steps before and after are not drawn together

  std::uint32_t add(Op op, std::size_t a = 0, std::size_t b = 0) {
    code_.steps.push_back({op, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b)});
    code_.places.push_back(place_);
    return here() - 1;
  }

  void paths_of_steps(const std::string& path) {
    path_ = path;
    place_ = static_cast<std::uint32_t>(code_.paths.size());
    code_.paths.push_back(path_);
  }
  template <typename Body>
  void within(const std::string& step, const Body& body) {
    const auto path = path_;
    const auto place = place_;
    paths_of_steps(path + "/" + step);
    body();
    path_ = path;
    place_ = place;
  }

  std::uint32_t entry(const Part& part) {
    const auto [known, is_new] = known_.try_emplace(part, parts_.size());
    if (is_new) parts_.push_back(part);
    return static_cast<std::uint32_t>(known->second);
  }

  void compile(std::size_t i) {
    const auto part = parts_[i];
    code_.entries.resize(parts_.size());
    code_.entries[i].step = label();
    slots_ = 0;
    paths_of_steps("");
    if (part.first != nullptr) {
      part.first->type == Type::record ? walk_fields(*part.first) : walk(*part.first);
    } else {
      part.second->kind == Kind::record ? record(*part.second) : change(*part.second);
    }
    add(Op::end);
    code_.entries.resize(parts_.size());
    code_.entries[i].slots = slots_;
  }

  // Steps that walk over a value.
  void walk(const Node& node) {
    switch (node.type) {
      case Type::null: return;
      case Type::boolean: add(Op::boolean); return;
      case Type::int_: add(Op::int_); return;
      case Type::long_: add(Op::long_); return;
      case Type::float_: return fixed(4);
      case Type::double_: return fixed(8);
      case Type::fixed: return fixed(static_cast<std::uint32_t>(node.size));
      case Type::bytes:
      case Type::string: add(Op::sized); return;
      case Type::enum_: add(Op::symbol, node.symbols.size()); return;
      case Type::union_:
        return branches(node.branches.size(), [&](std::size_t i) { walk(*node.branches[i]); });
      case Type::record:
        if (weight(node, kInlineWeight) <= kInlineWeight) return walk_fields(node);
        add(Op::call, entry({&node, nullptr}));
        return;
      case Type::array:
      case Type::map: return items(node, false, [&] { walk(*node.items); });
    }
  }

  void walk_fields(const Node& node) {
    for (const auto& field : node.fields) within(field.name, [&] { walk(*field.type); });
  }

  void fixed(std::uint32_t size) {
    if (size == 0) return;
    const bool joins = here() > label_ && code_.steps.back().op == Op::fixed && code_.steps.back().a < 1U << 30 && size < 1U << 30;
    joins ? static_cast<void>(code_.steps.back().a += size) : static_cast<void>(add(Op::fixed, size));
  }

  template <typename Body>
  void items(const Node& node, bool change, const Body& body) {
    const auto at = add(node.type == Type::map ? Op::map : Op::array, 0, change ? 1 : 0);
    label();
    const auto path = path_;
    const auto place = place_;
    paths_of_steps("");
    body();
    path_ = path;
    place_ = place;
    add(Op::end);
    code_.steps[at].a = label();
  }

  template <typename Body>
  void branches(std::size_t count, const Body& body) {
    const auto table = code_.table.size();
    code_.table.resize(table + count);
    add(Op::branch, table, count);
    std::vector<std::uint32_t> jumps;
    for (std::size_t i = 0; i < count; ++i) {
      const auto start = code_.table[table + i] = label();
      body(i);
      if (i + 1 == count) break;
      if (here() == start) code_.table[table + i] = kNothing;  // nothing to do: on behind them all
      if (here() != start) jumps.push_back(add(Op::jump));
    }
    const auto end = label();
    for (const auto jump : jumps) code_.steps[jump].a = end;
    for (std::size_t i = 0; i < count; ++i) {
      if (code_.table[table + i] == kNothing) code_.table[table + i] = end;
    }
  }

  // Steps that write a value by the reader's schema.
  void change(const Action& action) {
    if (action.verbatim) return walk(*action.writer);
    switch (action.kind) {
      case Kind::copy: return walk(*action.writer);
      case Kind::promote: return promote(action.writer->type, action.reader->type);
      case Kind::symbols: return translate(action);
      case Kind::items: return items(*action.writer, true, [&] { change(*action.children.front()); });
      case Kind::record:
        if (weight(*action.writer, kInlineWeight) <= kInlineWeight) return record(action);
        add(Op::call, entry({nullptr, &action}));
        return;
      case Kind::from_union:
        return branches(action.children.size(), [&](std::size_t i) { branch(*action.children[i], i); });
      case Kind::to_union:
        constant(Op::constant, zigzag(action.branch));
        return change(*action.children.front());
      case Kind::error:
        code_.reasons.push_back(action.reason);
        add(Op::fail, code_.reasons.size() - 1);
        return;
    }
  }

  void branch(const Action& action, std::size_t writer) {
    if (action.kind == Kind::error) return change(action);
    if (action.kind != Kind::to_union) {
      constant(Op::index, {});
      return change(action);
    }
    if (action.branch != writer) constant(Op::index, zigzag(action.branch));
    change(*action.children.front());
  }

  static Bytes zigzag(std::uint32_t value) {
    Bytes out;
    ByteWriter(out).zigzag(value);
    return out;
  }

  void constant(Op op, ByteView bytes) {
    if (op == Op::constant && bytes.empty()) return;
    const bool follows = op == Op::constant && here() > label_ && code_.steps.back().op == Op::constant;
    if (follows && code_.steps.back().a + code_.steps.back().b == code_.constants.size()) {
      code_.steps.back().b += static_cast<std::uint32_t>(bytes.size());
    } else {
      add(op, code_.constants.size(), bytes.size());
    }
    code_.constants += bytes;
  }

  void promote(Type from, Type to) {
    if (from == Type::float_) {
      add(Op::float_to_double);
    } else if (from == Type::int_) {
      add(to == Type::float_ ? Op::int_to_float : Op::int_to_double);
    } else {
      add(to == Type::float_ ? Op::long_to_float : Op::long_to_double);
    }
  }

  void translate(const Action& action) {
    const auto table = code_.table.size();
    for (std::size_t i = 0; i < action.symbols.size(); ++i) {
      if (action.symbols[i]) {
        code_.table.push_back(*action.symbols[i]);
        continue;
      }
      code_.table.push_back(kNoSymbol | static_cast<std::uint32_t>(code_.reasons.size()));
      code_.reasons.push_back("\"" + action.writer->symbols[i] + "\" is no symbol of the reader's " + action.reader->full_name() + ", which has no default");
    }
    add(Op::translate, table, action.symbols.size());
  }

  void record(const Action& action) {
    const auto& fields = action.writer->fields;
    std::map<std::size_t, std::uint32_t> put_aside;  // a field of the writer: its slot
    std::size_t next = 0;                            // field of the reader
    const auto write_ready = [&] {
      for (; next < action.sources.size(); ++next) {
        const auto& source = action.sources[next];
        if (!source.field) {
          constant(Op::constant, source.constant);
        } else if (const auto found = put_aside.find(*source.field); found != put_aside.end()) {
          within(fields[found->first].name, [&] { write_aside(*action.children[found->first], found->second); });
        } else {
          return;
        }
      }
    };
    for (std::size_t i = 0; i < fields.size(); ++i) {
      write_ready();
      const auto* child = action.children[i];
      const bool turn = child != nullptr && next < action.sources.size() && action.sources[next].field == i;
      within(fields[i].name, [&] {
        if (turn) {
          ++next;
          change(*child);
        } else if (child == nullptr) {
          skip(*fields[i].type);
        } else {
          put_aside[i] = slots_;
          save(*fields[i].type, slots_++);
        }
      });
    }
    write_ready();
  }

  void skip(const Node& node) {
    if (here() > label_ && code_.steps.back().op == Op::skipped) {
      code_.steps.pop_back();
      code_.places.pop_back();
    } else {
      add(Op::skip);
    }
    walk(node);
    add(Op::skipped);
  }

  void save(const Node& node, std::uint32_t slot) {
    if (here() > label_ && code_.steps.back().op == Op::saved) {
      code_.steps.back().op = Op::saved_save;
      code_.steps.back().b = slot;
    } else {
      add(Op::save, slot);
    }
    walk(node);
    add(Op::saved, slot);
  }

  void write_aside(const Action& child, std::uint32_t slot) {
    if (child.verbatim) {
      add(Op::emit, slot);
      return;
    }
    add(Op::replay, slot);
    change(child);
    add(Op::replayed, slot);
  }

  Code code_;
  std::vector<Part> parts_;
  std::map<Part, std::size_t> known_;
  std::string path_;
  std::uint32_t place_ = 0;
  std::uint32_t label_ = 0;
  std::uint32_t slots_ = 0;
};

}  // namespace

Code make_code(const Plan& plan) { return Coder().make(*plan.root); }

}  // namespace sluice::avro::resolution
