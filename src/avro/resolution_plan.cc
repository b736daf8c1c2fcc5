#include "avro/resolution_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>

#include "avro/aliases.h"
#include "avro/default_value.h"
#include "avro/limit.h"

namespace sluice::avro::resolution {
namespace {

using Kind = Action::Kind;

bool to_floating(Type writer, Type reader) {
  const bool integer = writer == Type::int_ || writer == Type::long_;
  return (reader == Type::float_ && integer) || (reader == Type::double_ && (integer || writer == Type::float_));
}

bool bytes_stay(Type writer, Type reader) {
  const bool text = (writer == Type::string && reader == Type::bytes) || (writer == Type::bytes && reader == Type::string);
  return text || (writer == Type::int_ && reader == Type::long_);
}

// Against schemas made to exhaust stack, memory or time: unions of many records are tried each with each.
constexpr int kMaxDepth = 1500;
constexpr std::uint64_t kMaxSteps = 1 << 22;

constexpr std::size_t kMaxWords = 400;  // about, of a union

class Planner {
 public:
  Planner(const Aliases& aliases, std::deque<Action>& actions) : aliases_(aliases), actions_(actions) {}

  Result<Action*> resolve(const Node& writer, const Node& reader) {
    if (!may_go_on()) return over_limit(ErrorCode::rejected, "the schemas are too large to be resolved");
    ++depth_;
    auto made = action_of(writer, reader);
    --depth_;
    return made;
  }

 private:
  // Whether there is depth and time for another step.
  bool may_go_on() { return depth_ < kMaxDepth && ++steps_ < kMaxSteps; }

  Result<Action*> action_of(const Node& writer, const Node& reader) {
    if (writer.type == Type::union_) return from_union(writer, reader);
    if (writer.type == reader.type) return same_type(writer, reader);
    if (reader.type == Type::union_) return to_union(writer, reader);
    if (bytes_stay(writer.type, reader.type)) return make(Kind::copy, writer, reader);
    if (to_floating(writer.type, reader.type)) return make(Kind::promote, writer, reader);
    return wrong(writer, reader, type_words(writer) + " cannot be read as " + type_words(reader));
  }

  Action* make(Kind kind, const Node& writer, const Node& reader) {
    auto& made = actions_.emplace_back();
    made.kind = kind;
    made.writer = &writer;
    made.reader = &reader;
    return &made;
  }
  Action* wrong(const Node& writer, const Node& reader, std::string reason) {
    auto* made = make(Kind::error, writer, reader);
    made->reason = std::move(reason);
    return made;
  }

  Result<Action*> same_type(const Node& writer, const Node& reader) {
    switch (writer.type) {
      case Type::fixed:
        if (aliases_.short_name(writer) != reader.name) return renamed(writer, reader);
        if (writer.size == reader.size) return make(Kind::copy, writer, reader);
        return wrong(writer, reader, "fixed " + writer.full_name() + " of " + std::to_string(writer.size) + " bytes cannot be read with " + std::to_string(reader.size));
      case Type::enum_: return symbols(writer, reader);
      case Type::record: return record(writer, reader);
      case Type::array:
      case Type::map: {
        auto* made = make(Kind::items, writer, reader);
        SLUICE_TRY(auto* items, resolve(*writer.items, *reader.items));
        made->children = {items};
        return made;
      }
      default: return make(Kind::copy, writer, reader);
    }
  }

  Action* renamed(const Node& writer, const Node& reader) {
    return wrong(writer, reader, std::string(type_name(writer.type)) + " " + writer.full_name() + " is not " + reader.full_name() + ", and no alias says that it is");
  }

  Action* symbols(const Node& writer, const Node& reader) {
    if (aliases_.short_name(writer) != reader.name) return renamed(writer, reader);
    auto* made = make(Kind::symbols, writer, reader);
    std::unordered_map<std::string_view, std::uint32_t> places;
    for (const auto& symbol : reader.symbols) places.emplace(symbol, static_cast<std::uint32_t>(places.size()));
    const auto index = [&](const std::string& symbol) -> std::optional<std::uint32_t> {
      const auto found = places.find(symbol);
      return found == places.end() ? std::nullopt : std::optional(found->second);
    };
    const auto fallback = reader.enum_default ? index(*reader.enum_default) : std::nullopt;
    for (const auto& symbol : writer.symbols) {
      const auto own = index(symbol);
      made->symbols.push_back(own ? own : fallback);
    }
    return made;
  }

  Result<Action*> record(const Node& writer, const Node& reader) {
    const auto [known, is_new] = records_.try_emplace({&writer, &reader}, nullptr);
    if (!is_new) return known->second;
    auto* made = make(Kind::record, writer, reader);
    known->second = made;
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < reader.fields.size(); ++i) places.emplace(reader.fields[i].name, i);
    made->sources.resize(reader.fields.size());
    for (std::size_t i = 0; i < writer.fields.size(); ++i) {
      const auto found = places.find(aliases_.field_name(writer, writer.fields[i]));
      made->children.push_back(nullptr);
      if (found == places.end()) continue;
      SLUICE_TRY(made->children.back(), resolve(*writer.fields[i].type, *reader.fields[found->second].type));
      made->sources[found->second].field = i;
    }
    for (std::size_t i = 0; i < reader.fields.size(); ++i) {
      const auto& field = reader.fields[i];
      if (made->sources[i].field) continue;
      if (!field.default_json) {
        made->kind = Kind::error;
        made->reason = "the writer's " + writer.full_name() + " has no field \"" + field.name + "\", and the reader no default for it";
        return made;
      }
      if (auto done = encode_default(*field.type, *field.default_json, made->sources[i].constant); !done.ok()) {
        return std::move(done).error().in(reader.full_name() + "/" + field.name);
      }
    }
    return made;
  }

  Result<Action*> from_union(const Node& writer, const Node& reader) {
    auto* made = make(Kind::from_union, writer, reader);
    equal_.clear();
    const bool same = equal(writer, reader);
    for (std::size_t i = 0; i < writer.branches.size(); ++i) {
      const auto& branch = *writer.branches[i];
      SLUICE_TRY(auto* child, resolve(branch, same ? *reader.branches[i] : reader));
      if (same) child = wrap(branch, reader, i, child);
      made->children.push_back(child);
    }
    return made;
  }

  Action* wrap(const Node& writer, const Node& reader, std::size_t branch, Action* child) {
    auto* made = make(Kind::to_union, writer, reader);
    made->branch = static_cast<std::uint32_t>(branch);
    made->children = {child};
    return made;
  }

  // Java's unionEquiv: then branches answer to each other by their place.
  bool equal(const Node& writer, const Node& reader) {
    if (writer.type != reader.type || !may_go_on()) return false;
    ++depth_;
    const bool same = equal_parts(writer, reader);
    --depth_;
    return same;
  }
  bool equal_parts(const Node& writer, const Node& reader) {
    if (writer.is_named() && aliases_.short_name(writer) != reader.name) return false;
    switch (writer.type) {
      case Type::array:
      case Type::map: return equal(*writer.items, *reader.items);
      case Type::fixed: return writer.size == reader.size;
      case Type::enum_: return writer.symbols == reader.symbols;
      case Type::union_:
        return std::equal(writer.branches.begin(), writer.branches.end(), reader.branches.begin(), reader.branches.end(),
                          [this](const Node* w, const Node* r) { return equal(*w, *r); });
      case Type::record: {
        const auto [known, is_new] = equal_.try_emplace({&writer, &reader}, true);  // as long as it is being looked at
        if (!is_new) return known->second;
        const bool fields = std::equal(writer.fields.begin(), writer.fields.end(), reader.fields.begin(), reader.fields.end(), [&](const Field& w, const Field& r) {
          return aliases_.field_name(writer, w) == r.name && equal(*w.type, *r.type);
        });
        return equal_[{&writer, &reader}] = fields;
      }
      default: return true;
    }
  }

  Result<Action*> to_union(const Node& writer, const Node& reader) {
    SLUICE_TRY(const auto match, first_match(writer, reader));
    if (!match) return wrong(writer, reader, type_words(writer) + " is no branch of " + type_words(reader));
    SLUICE_TRY(auto* child, resolve(writer, *reader.branches[*match]));
    return wrap(writer, reader, *match, child);
  }

  Result<std::optional<std::size_t>> first_match(const Node& writer, const Node& reader) {
    std::optional<std::size_t> by_structure;
    const auto name = aliases_.full_name(writer);
    for (std::size_t i = 0; i < reader.branches.size(); ++i) {
      const auto& branch = *reader.branches[i];
      if (!may_go_on()) break;
      if (branch.type != writer.type) continue;
      if (!branch.is_named() || branch.full_name() == name) return std::optional(i);
      if (branch.type != Type::record) continue;
      SLUICE_TRY(const auto* tried, record(writer, branch));
      if (!matches(*tried)) continue;
      if (!by_structure || aliases_.short_name(writer) == branch.name) by_structure = i;
    }
    if (by_structure) return by_structure;
    for (std::size_t i = 0; i < reader.branches.size(); ++i) {
      const auto type = reader.branches[i]->type;
      if (bytes_stay(writer.type, type) || to_floating(writer.type, type)) return std::optional(i);
    }
    return std::optional<std::size_t>();
  }

  // Errors further down are not looked for, as in Java.
  static bool matches(const Action& action) {
    return action.kind != Kind::error && std::none_of(action.children.begin(), action.children.end(), [](const Action* child) {
             return child != nullptr && child->kind == Kind::error;
           });
  }

  using Pair = std::pair<const Node*, const Node*>;
  const Aliases& aliases_;
  std::deque<Action>& actions_;
  std::map<Pair, Action*> records_;
  std::map<Pair, bool> equal_;
  int depth_ = 0;
  std::uint64_t steps_ = 0;
};

bool always_fails(const Action& action) {
  const auto bad = [](const Action* child) { return child != nullptr && child->fails; };
  switch (action.kind) {
    case Kind::error: return true;
    case Kind::record:
    case Kind::to_union: return std::any_of(action.children.begin(), action.children.end(), bad);
    case Kind::from_union: return !action.children.empty() && std::all_of(action.children.begin(), action.children.end(), bad);
    default: return false;
  }
}

bool is_verbatim(const Action& action) {
  const auto stays = [](const Action* child) { return child != nullptr && child->verbatim; };
  const bool children = std::all_of(action.children.begin(), action.children.end(), stays);
  switch (action.kind) {
    case Kind::copy: return true;
    case Kind::symbols:
      for (std::size_t i = 0; i < action.symbols.size(); ++i) {
        if (action.symbols[i] != i) return false;
      }
      return true;
    case Kind::items: return children;
    case Kind::record: {
      std::size_t next = 0;
      const bool order = std::all_of(action.sources.begin(), action.sources.end(), [&](const auto& source) {
        return source.field ? *source.field == next++ : source.constant.empty();
      });
      return children && order;
    }
    case Kind::from_union:
      for (std::size_t i = 0; i < action.children.size(); ++i) {
        const auto& child = *action.children[i];
        if (child.kind != Kind::to_union || child.branch != i || !child.children.front()->verbatim) return false;
      }
      return true;
    default: return false;  // to_union adds an index, where from_union does not look through it
  }
}

// Whether that changed anything.
bool judge(Action& action) {
  const bool fails = !action.fails && always_fails(action);
  const bool changes = action.verbatim && !is_verbatim(action);
  if (fails) action.fails = true;
  if (changes) action.verbatim = false;
  return fails || changes;
}

// Recursive types make these fixed points: `fails` from below, `verbatim` from above. Both ways in turn, so that a chain of
// types takes no round for each.
void judge(std::deque<Action>& actions) {
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& action : actions) changed = judge(action) || changed;
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) changed = judge(*action) || changed;
  }
}

// The first reason why `action` fails, with its path.
std::optional<std::string> why(const Action& action, const std::string& at, std::set<const Action*>& seen) {
  if (!action.fails || !seen.insert(&action).second) return std::nullopt;
  if (action.kind == Kind::error) return (at.empty() ? "/" : at) + ": " + action.reason;
  for (std::size_t i = 0; i < action.children.size(); ++i) {
    if (action.children[i] == nullptr) continue;
    const auto step = action.kind == Kind::record ? "/fields/" + action.writer->fields[i].name : action.kind == Kind::from_union ? "/" + std::to_string(i) : "";
    if (auto found = why(*action.children[i], at + step, seen)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::string type_words(const Node& node) {
  if (node.is_named()) return node.full_name();
  if (node.type != Type::union_) return std::string(type_name(node.type));
  std::string out = "union[";
  for (const auto* branch : node.branches) {
    if (out.size() > kMaxWords) return out + ", …]";
    out += (out.back() == '[' ? "" : ", ") + type_words(*branch);
  }
  return out + "]";
}

Result<Plan> make_plan(const Node& writer, const Node& reader, Resolution::Misfits misfits) {
  const Aliases aliases(writer, reader);
  SLUICE_RETURN_IF_ERROR(aliases.check(writer));
  Plan plan;
  SLUICE_TRY(plan.root, Planner(aliases, plan.actions).resolve(writer, reader));
  judge(plan.actions);
  std::set<const Action*> seen;
  if (plan.root->fails && misfits == Resolution::Misfits::at_once) return Error{ErrorCode::rejected, "the schemas cannot be resolved at " + why(*plan.root, "", seen).value_or("/")};
  return plan;
}

}  // namespace sluice::avro::resolution
