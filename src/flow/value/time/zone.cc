#include "flow/value/time/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/zone_abbreviations.h"

namespace sluice::flow {
namespace {

struct AnyCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::ranges::lexicographical_compare(a, b, {}, to_lower, to_lower);
  }
};
using Zones = std::map<std::string, const date::time_zone*, AnyCase>;

// A machine without the database knows no names.
Zones read_zones() try {
  Zones out;
  for (const auto& zone : date::get_tzdb().zones) out.emplace(zone.name(), &zone);
  return out;
} catch (const std::runtime_error&) {
  return {};
}

// The files of the database name changes up to here. What comes after follows the rules of the last years: those of one in which January
// and February, or the rest of the year, lie on the same days of the week. Any eleven years have them all.
constexpr std::int64_t kFirstYearByRules = 2038;

std::int64_t within_the_files(std::int64_t us) {
  if (us < days_of({kFirstYearByRules, 1, 1}) * kDay_us) return us;
  const auto day = day_of(floor_divide(us, kDay_us));
  const int part = day.month < 3 ? 1 : 3;
  const auto begin = days_of({day.year, part, 1});
  auto like = kFirstYearByRules - 1;
  while (weekday_of(days_of({like, part, 1})) != weekday_of(begin)) --like;
  return us - (begin - days_of({like, part, 1})) * kDay_us;
}

template <typename Point>
Point second_of(std::int64_t us) {
  return Point(std::chrono::seconds(floor_divide(within_the_files(us), kSecond_us)));
}

}  // namespace

std::optional<Zone> Zone::named(std::string_view name) {
  if (const auto offset_s = offset_of_abbreviation(name)) return fixed(*offset_s);
  static const Zones kZones = read_zones();
  const auto found = kZones.find(name);
  if (found == kZones.end()) return {};
  return Zone(0, found->second);
}

std::int32_t Zone::offset_at(std::int64_t utc_us) const {
  if (rules_ == nullptr) return offset_s_;
  return static_cast<std::int32_t>(rules_->get_info(second_of<date::sys_seconds>(utc_us)).offset.count());
}

std::int32_t Zone::offset_of_local(std::int64_t local_us) const {
  if (rules_ == nullptr) return offset_s_;
  const auto info = rules_->get_info(second_of<date::local_seconds>(local_us));
  const auto& meant = info.result == date::local_info::ambiguous ? info.second : info.first;
  return static_cast<std::int32_t>(meant.offset.count());
}

}  // namespace sluice::flow
