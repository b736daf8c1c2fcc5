#include "flow/plan/scope.h"

#include <algorithm>

namespace sluice::flow {

namespace {

// "orders", "public.orders" and "shop.public.orders" all mean the last.
bool means(const Scope::Entry& entry, std::string_view qualifier) {
  if (entry.qualifier.empty()) return false;
  if (entry.qualifier == qualifier) return true;
  return entry.full == qualifier || (entry.full.size() > qualifier.size() && entry.full.ends_with("." + std::string(qualifier)));
}

bool reaches(const Scope::Entry& entry, std::string_view qualifier) {
  return qualifier.empty() ? !entry.merged : means(entry, qualifier);
}

}  // namespace

Result<Scalar> Scope::find(std::string_view qualifier, std::string_view name, std::size_t position, const Places& places) const {
  const Entry* found = nullptr;
  for (const auto& entry : entries_) {
    if (entry.name != name || !reaches(entry, qualifier)) continue;
    if (found != nullptr) return places.rejected(position, "column reference \"" + std::string(name) + "\" is ambiguous",
                                                 "write " + found->qualifier + "." + found->name + " or " + entry.qualifier + "." + entry.name);
    found = &entry;
  }
  if (found == nullptr) return missing(qualifier, name, position, places);
  auto out = found->value;
  out.position = position;
  return out;
}

bool Scope::has(std::string_view name) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.name == name && !entry.merged; });
}

Error Scope::missing(std::string_view qualifier, std::string_view name, std::size_t position, const Places& places) const {
  std::vector<std::string_view> names;
  for (const auto& entry : entries_) {
    if (reaches(entry, qualifier)) names.push_back(entry.name);
  }
  if (!qualifier.empty() && names.empty()) return no_source(qualifier, position, places);
  const auto shown = qualifier.empty() ? "\"" + std::string(name) + "\"" : std::string(qualifier) + "." + std::string(name);
  auto hint = meant(name, names);
  if (hint.empty() && qualifier.empty() && places.is_quoted(position)) hint = "a text stands in single quotes: '" + std::string(name) + "'";
  return places.rejected(position, "column " + shown + " does not exist", hint);
}

Error Scope::no_source(std::string_view qualifier, std::size_t position, const Places& places) const {
  std::vector<std::string_view> names;
  for (const auto& entry : entries_) names.push_back(entry.qualifier);
  auto hint = meant(qualifier, names);
  if (hint.empty()) {
    std::ranges::sort(names);
    for (const auto& name : std::ranges::subrange(names.begin(), std::ranges::unique(names).begin())) {
      if (!name.empty()) hint += (hint.empty() ? "FROM has " : ", ") + std::string(name);
    }
  }
  return places.rejected(position, "missing FROM-clause entry for table \"" + std::string(qualifier) + "\"", hint);
}

Result<std::vector<const Scope::Entry*>> Scope::star(std::string_view qualifier, std::size_t position, const Places& places) const {
  std::vector<const Entry*> out;
  bool known = qualifier.empty();
  for (const auto& entry : entries_) {
    if (!reaches(entry, qualifier)) continue;
    known = true;
    if (!entry.hidden) out.push_back(&entry);
  }
  if (!known) return no_source(qualifier, position, places);
  return out;
}

std::string Scope::name_of(std::size_t column) const {
  for (const auto& entry : entries_) {
    if (entry.value.kind != Scalar::Kind::column || entry.value.column != column || entry.qualifier.empty()) continue;
    return entry.qualifier + "." + entry.name;
  }
  return "?";
}

}  // namespace sluice::flow
