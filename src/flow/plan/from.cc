#include <algorithm>
#include <utility>

#include "flow/plan/expressions.h"
#include "flow/plan/nodes.h"
#include "flow/plan/query.h"
#include "flow/plan/typing.h"

namespace sluice::flow {

namespace {

std::string last_name(const std::string& name) { return name.substr(name.rfind('.') + 1); }

class FromBinder {
 public:
  FromBinder(Binding& binding, const CommonTables* names) : binding_(binding), names_(names), typing_(binding.places) {}

  Result<From> bind(const sql::Source& source) {
    switch (source.kind) {
      case sql::Source::Kind::relation: return named(source);
      case sql::Source::Kind::subquery: return subquery(source, *source.query, names_, {});
      case sql::Source::Kind::join: return join(source);
    }
    return binding_.places.unsupported(source.position, "this in FROM is not known here");
  }

 private:
  Result<From> named(const sql::Source& source) {
    for (const auto* level = names_; level != nullptr; level = level->outer) {
      for (auto i = level->count; i-- > 0;) {
        const auto& table = (*level->tables)[i];
        if (table.name != source.name) continue;
        const CommonTables before{level->outer, level->tables, i};  // what it may name itself
        return subquery(source, *table.query, &before, table.columns);
      }
    }
    SLUICE_TRY(const auto index, relation(source));
    const auto& found = binding_.relations[index];
    SLUICE_TRY(auto out, leaf(source, scan_node(found, index), found.hidden, {}));
    out.leaves[0].relation = true;
    out.leaves[0].stream = !found.is_table();
    return out;
  }

  Result<std::size_t> relation(const sql::Source& source) {
    auto& asked = binding_.asked;
    const auto known = std::ranges::find(asked, source.name);
    if (known != asked.end()) return static_cast<std::size_t>(known - asked.begin());
    auto found = binding_.catalog.relation(source.name);
    if (!found.ok()) return binding_.places.at(source.position, std::move(found).error());
    const auto index = binding_.relations.size();
    binding_.relations.push_back(std::move(*found));
    asked.push_back(source.name);
    return index;
  }

  Result<From> subquery(const sql::Source& source, const sql::Select& query, const CommonTables* names,
                        const std::vector<std::string>& columns) {
    SLUICE_TRY(auto node, bind_query(binding_, query, names, nullptr));
    if (source.asked && node->columns.size() != source.columns.size()) return binding_.places.rejected(source.position, "subquery has too many columns");
    return leaf(source, std::move(node), 0, columns);
  }

  // `columns`: of WITH a (x, y); the source's own, AS a (x, y), come over them.
  Result<From> leaf(const sql::Source& source, PlanPointer node, std::size_t hidden, const std::vector<std::string>& columns) {
    From out;
    const auto count = node->columns.size();
    const auto alias = source.alias.empty() ? last_name(source.name) : source.alias;
    for (const auto* list : {&columns, &source.columns}) {
      if (list->size() > count - hidden) {
        return binding_.places.rejected(source.position, "table \"" + alias + "\" has " + std::to_string(count - hidden) +
                                                             " columns available but " + std::to_string(list->size()) + " columns specified");
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto& name = i < source.columns.size() ? source.columns[i] : i < columns.size() ? columns[i] : node->columns[i].name;
      out.scope.add({.qualifier = alias, .full = source.alias.empty() ? source.name : std::string(), .name = name,
                     .value = column_of(node->columns[i].type, next_ + i), .hidden = source.asked || i >= count - hidden});
    }
    From::Leaf described{.qualifier = alias, .key = node->key, .first = next_, .end = next_ + count};
    for (auto& column : described.key) column += next_;
    out.leaves.push_back(std::move(described));
    out.part = {.position = source.position, .first = next_, .end = next_ + count, .leaf = std::move(node)};
    next_ += count;
    return out;
  }

  Result<From> join(const sql::Source& source) {
    SLUICE_TRY(auto left, bind(source.sides[0]));
    SLUICE_TRY(auto right, bind(source.sides[1]));
    SLUICE_RETURN_IF_ERROR(check_aliases(left, right, source.sides[1].position));
    using Kind = sql::Source::Join;
    From out;
    out.part = {.kind = kind_of(source.join), .position = source.position, .first = left.part.first, .end = right.part.end};
    SLUICE_RETURN_IF_ERROR(merge(source, left.scope, right.scope, out));
    for (auto* side : {&left, &right}) {
      for (auto& entry : side->scope.entries()) out.scope.add(std::move(entry));
      for (auto& leaf : side->leaves) out.leaves.push_back(std::move(leaf));
    }
    if (!source.on.empty()) {
      Expressions expressions(binding_.places, out.scope);
      SLUICE_TRY(auto condition, expressions.plain(source.on[0], "JOIN conditions"));
      SLUICE_TRY(condition, typing_.truth(std::move(condition), "JOIN/ON"));
      split_conjunction(std::move(condition), out.part.conditions);
    }
    if (source.join == Kind::right) std::swap(left.part, right.part);
    out.part.sides.push_back(std::move(left.part));
    out.part.sides.push_back(std::move(right.part));
    return out;
  }

  static FromPart::Kind kind_of(sql::Source::Join join) {
    switch (join) {
      case sql::Source::Join::left:
      case sql::Source::Join::right: return FromPart::Kind::left;
      case sql::Source::Join::full: return FromPart::Kind::full;
      default: return FromPart::Kind::inner;
    }
  }

  Result<void> check_aliases(const From& left, const From& right, std::size_t position) const {
    for (const auto& leaf : right.leaves) {
      if (leaf.qualifier.empty() || std::ranges::find(left.leaves, leaf.qualifier, &From::Leaf::qualifier) == left.leaves.end()) continue;
      return binding_.places.rejected(position, "table name \"" + leaf.qualifier + "\" specified more than once", "give it another name: AS b");
    }
    return {};
  }

  // USING: its columns come first, once; those that they are made of are reached by their qualified names only.
  Result<void> merge(const sql::Source& source, Scope& left, Scope& right, From& out) {
    for (const auto& name : source.using_) {
      SLUICE_TRY(auto* const one, using_column(left, name, "left", source));
      SLUICE_TRY(auto* const other, using_column(right, name, "right", source));
      SLUICE_TRY(auto equal, typing_.operation("=", {one->value, other->value}, source.position));
      out.part.conditions.push_back(std::move(equal));
      Scalar values[] = {one->value, other->value};
      SLUICE_TRY(const auto type, typing_.unify({&values[0], &values[1]}, "USING", source.position));
      Scalar merged = source.join == sql::Source::Join::right ? values[1] : values[0];
      if (source.join == sql::Source::Join::full) {
        merged = Scalar();
        merged.kind = Scalar::Kind::coalesce;
        merged.type = type;
        merged.parts = {values[0], values[1]};
      }
      one->merged = other->merged = true;
      out.scope.add({.qualifier = {}, .full = {}, .name = name, .value = std::move(merged)});
    }
    return {};
  }

  Result<Scope::Entry*> using_column(Scope& scope, const std::string& name, const std::string& side, const sql::Source& source) {
    Scope::Entry* found = nullptr;
    for (auto& entry : scope.entries()) {
      if (entry.name != name || entry.merged) continue;
      if (found != nullptr) {
        return binding_.places.rejected(source.position, "common column name \"" + name + "\" appears more than once in " + side + " table");
      }
      found = &entry;
    }
    if (found != nullptr) return found;
    return binding_.places.rejected(source.position, "column \"" + name + "\" specified in USING clause does not exist in " + side + " table");
  }

  Binding& binding_;
  const CommonTables* names_;
  Typing typing_;
  std::size_t next_ = 0;  // virtual column
};

}  // namespace

Result<From> bind_from(Binding& binding, const sql::Source& source, const CommonTables* names) {
  return FromBinder(binding, names).bind(source);
}

}  // namespace sluice::flow
