#include "collect/json_members.h"

#include <algorithm>

#include "avro/json_cursor.h"

namespace sluice::collect {

using avro::JsonCursor;

Result<Members> members_of(std::string_view object) {
  JsonCursor at(object);
  Members members;
  if (!at.open('{')) return at.error();
  bool first = true, more = false;
  while (at.more('}', first, more) && more) {
    std::string_view name, raw;
    if (!at.key(name)) return at.error();
    std::string owned(name);
    if (!at.skip(raw)) return at.error();
    members.emplace_back(std::move(owned), raw);
  }
  if (!at.finish()) return at.error();
  return members;
}

std::optional<std::string_view> find_member(const Members& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &Members::value_type::first);
  return found == members.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> scalar_text(std::string_view raw) {
  JsonCursor at(raw);
  std::string_view text;
  switch (at.kind()) {
    case JsonCursor::Kind::string: return at.string(text) ? std::optional(std::string(text)) : std::nullopt;
    case JsonCursor::Kind::number:
    case JsonCursor::Kind::boolean: return at.skip(text) ? std::optional(std::string(text)) : std::nullopt;
    default: return std::nullopt;
  }
}

Result<std::vector<std::string_view>> items_of(std::string_view array) {
  JsonCursor at(array);
  std::vector<std::string_view> items;
  if (!at.open('[')) return at.error();
  bool first = true, more = false;
  while (at.more(']', first, more) && more) {
    if (!at.skip(items.emplace_back())) return at.error();
  }
  if (!at.finish()) return at.error();
  return items;
}

Result<std::vector<std::string_view>> values_of(std::string_view text) {
  JsonCursor at(text);
  if (at.kind() == JsonCursor::Kind::array) return items_of(text);
  std::vector<std::string_view> values;
  while (at.kind() != JsonCursor::Kind::none || values.empty()) {
    if (!at.skip(values.emplace_back())) return at.error();
  }
  if (!at.finish()) return at.error();
  return values;
}

}  // namespace sluice::collect
