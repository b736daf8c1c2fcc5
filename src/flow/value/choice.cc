// Which overload is meant, as PostgreSQL's func_select_candidate() has it:
//
//   1. An overload of exactly these types is it; so is one for (t, t) where an operator's other side is unknown.
//   2. Overloads that the arguments cannot be turned into implicitly are out. One is left: it is it.
//   3. Those with the most exact matches are kept; then those with the most exact matches or preferred types.
//   4. Unknown arguments: where some overload takes a string, a string is meant; else all must want one category. Those that
//      want it, and its preferred type if any does, are kept.
//   5. If the known arguments are of one type, the unknown ones may be of that too.

#include <algorithm>
#include <ranges>

#include "flow/value/catalog.h"

namespace sluice::flow {
namespace {

using Candidates = std::vector<const Overload*>;
using Kinds = std::span<const TypeKind>;

bool accepts(const Overload& overload, Kinds arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!is_implicit(arguments[i], overload.kinds[i])) return false;
  }
  return true;
}

// Keeps those with the greatest count of arguments for which `matches`.
template <typename Matches>
void keep_best(Candidates& candidates, Kinds arguments, const Matches& matches) {
  const auto score = [&](const Overload* overload) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] != TypeKind::unknown && matches(arguments[i], overload->kinds[i])) ++n;
    }
    return n;
  };
  std::size_t best = 0;
  for (const auto* overload : candidates) best = std::max(best, score(overload));
  std::erase_if(candidates, [&](const Overload* overload) { return score(overload) < best; });
}

struct Slot {
  Category category = Category::unknown;
  bool has_preferred = false;
  bool conflict = false;
};

Slot slot_of(const Candidates& candidates, std::size_t argument) {
  Slot slot;
  for (const auto* overload : candidates) {
    const auto kind = overload->kinds[argument];
    const auto category = category_of(kind);
    if (slot.category == Category::unknown || slot.category == category) {
      slot.category = category;
      slot.has_preferred = slot.has_preferred || is_preferred(kind);
    } else if (category == Category::string) {
      slot = {Category::string, is_preferred(kind), slot.conflict};
    } else {
      slot.conflict = true;
    }
  }
  if (slot.category == Category::string) slot.conflict = false;
  return slot;
}

void resolve_unknowns(Candidates& candidates, Kinds arguments) {
  std::vector<Slot> slots(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] != TypeKind::unknown) continue;
    slots[i] = slot_of(candidates, i);
    if (slots[i].conflict) return;
  }
  Candidates kept;
  for (const auto* overload : candidates) {
    bool fits = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] != TypeKind::unknown) continue;
      const auto kind = overload->kinds[i];
      fits = fits && category_of(kind) == slots[i].category && (!slots[i].has_preferred || is_preferred(kind));
    }
    if (fits) kept.push_back(overload);
  }
  if (!kept.empty()) candidates = std::move(kept);
}

const Overload* by_known_type(const Candidates& candidates, Kinds arguments) {
  auto known = TypeKind::unknown;
  for (const auto kind : arguments) {
    if (kind == TypeKind::unknown) continue;
    if (known != TypeKind::unknown && known != kind) return nullptr;
    known = kind;
  }
  if (known == TypeKind::unknown) return nullptr;
  const std::vector<TypeKind> assumed(arguments.size(), known);
  const Overload* found = nullptr;
  for (const auto* overload : candidates) {
    if (!accepts(*overload, assumed)) continue;
    if (found != nullptr) return nullptr;
    found = overload;
  }
  return found;
}

const Overload* exact(std::span<const Overload* const> named, Kinds arguments) {
  for (const auto* overload : named) {
    if (std::ranges::equal(overload->parameters(), arguments)) return overload;
  }
  return nullptr;
}

}  // namespace

const Overload* choose(std::span<const Overload* const> named, Kinds arguments, bool& ambiguous) {
  if (const auto* found = exact(named, arguments)) return found;
  Candidates candidates;
  for (const auto* overload : named) {
    if (overload->count == arguments.size() && accepts(*overload, arguments)) candidates.push_back(overload);
  }
  if (candidates.size() < 2) return candidates.empty() ? nullptr : candidates.front();
  keep_best(candidates, arguments, [](TypeKind given, TypeKind wanted) { return given == wanted; });
  if (candidates.size() == 1) return candidates.front();
  keep_best(candidates, arguments, [](TypeKind given, TypeKind wanted) {
    return given == wanted || (category_of(given) == category_of(wanted) && is_preferred(wanted));
  });
  if (candidates.size() == 1) return candidates.front();
  if (std::ranges::find(arguments, TypeKind::unknown) != arguments.end()) {
    resolve_unknowns(candidates, arguments);
    if (candidates.size() == 1) return candidates.front();
    if (const auto* found = by_known_type(candidates, arguments)) return found;
  }
  ambiguous = true;
  return nullptr;
}

}  // namespace sluice::flow
