#pragma once
// Time zones by name: what AT TIME ZONE and the texts of moments say.

#include <cstdint>
#include <optional>
#include <string_view>

namespace date {
class time_zone;
}

namespace sluice::flow {

// Offsets are in seconds east of UTC, moments in microseconds since 1970-01-01.
class Zone {
 public:
  [[nodiscard]] static Zone fixed(std::int32_t offset_s) { return Zone(offset_s, nullptr); }
  // An abbreviation ("CET": an offset that never changes), else a name of the machine's tz database ("Europe/Berlin"), upper and lower
  // case alike. None: it is neither.
  [[nodiscard]] static std::optional<Zone> named(std::string_view name);

  [[nodiscard]] std::int32_t offset_at(std::int64_t utc_us) const;
  // Of a wall clock's time. What the clock leaves out in spring has the offset before, what it shows twice in autumn the offset after, as
  // PostgreSQL has it.
  [[nodiscard]] std::int32_t offset_of_local(std::int64_t local_us) const;

 private:
  Zone(std::int32_t offset_s, const date::time_zone* rules) : offset_s_(offset_s), rules_(rules) {}

  std::int32_t offset_s_;
  const date::time_zone* rules_;  // of the tz database, which stays; none: the offset is fixed
};

}  // namespace sluice::flow
