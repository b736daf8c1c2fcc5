#include "registry/rest/media.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sluice::registry {
namespace {

// Liked best first.
constexpr auto kTypes = std::to_array<std::string_view>(
    {"application/vnd.schemaregistry.v1+json", "application/vnd.schemaregistry+json", "application/json"});

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The text before the separator, which is taken off.
std::string_view next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(piece);
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

double weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto one = next(parameters, ';');
    if (one.starts_with("q=")) return std::strtod(std::string(one.substr(2)).c_str(), nullptr);
  }
  return 1;
}

bool covers(std::string_view range, std::string_view type) {
  return range == "*/*" || same(range, "application/*") || same(range, type);
}

}  // namespace

std::optional<std::string> answer_type(std::optional<std::string_view> accept) {
  if (!accept || trimmed(*accept).empty()) return std::string(kTypes.front());
  std::optional<std::string> best;
  double best_weight = 0;
  auto rest = *accept;
  while (!rest.empty()) {
    auto parameters = next(rest, ',');
    const auto range = next(parameters, ';');
    const auto weighs = weight(parameters);
    const auto type = std::ranges::find_if(kTypes, [&](std::string_view one) { return covers(range, one); });
    if (type == kTypes.end() || weighs <= best_weight) continue;
    best = std::string(*type);
    best_weight = weighs;
  }
  return best;
}

bool reads(std::optional<std::string_view> content_type) {
  if (!content_type || trimmed(*content_type).empty()) return true;
  auto rest = *content_type;
  const auto type = next(rest, ';');
  return same(type, "application/octet-stream") ||
         std::ranges::any_of(kTypes, [&](std::string_view one) { return same(one, type); });
}

}  // namespace sluice::registry
