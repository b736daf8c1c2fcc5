#include "server/config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace sluice::server {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr auto kSizes = std::to_array<Unit>({{"", 1},
                                             {"B", 1},
                                             {"kB", 1'000},
                                             {"KB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"TB", 1'000'000'000'000},
                                             {"KiB", 1ULL << 10},
                                             {"MiB", 1ULL << 20},
                                             {"GiB", 1ULL << 30},
                                             {"TiB", 1ULL << 40}});
constexpr auto kDurations = std::to_array<Unit>({{"ms", 1},
                                                 {"s", 1'000},
                                                 {"min", 60'000},
                                                 {"h", 3'600'000},
                                                 {"d", 86'400'000}});

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto unit = std::ranges::find(units, rest, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (number > kMost / unit->factor) return std::nullopt;
  return number * unit->factor;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) { return with_unit(text, kSizes); }

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  const auto ms = with_unit(text, kDurations);
  return ms ? std::optional(static_cast<std::int64_t>(*ms)) : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string database_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const auto slash = rest.find('/');
  return slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1));
}

}  // namespace sluice::server
