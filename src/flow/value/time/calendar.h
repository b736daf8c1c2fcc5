#pragma once
// The proleptic Gregorian calendar as PostgreSQL has it, without time zones: days and microseconds since 1970-01-01.

#include <cstdint>
#include <limits>

namespace sluice::flow {

inline constexpr std::int64_t kSecond_us = 1'000'000;
inline constexpr std::int64_t kMinute_us = 60 * kSecond_us;
inline constexpr std::int64_t kHour_us = 60 * kMinute_us;
inline constexpr std::int64_t kDay_us = 24 * kHour_us;
inline constexpr std::int64_t kInfinity = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kMinusInfinity = std::numeric_limits<std::int64_t>::min();

// What PostgreSQL can say: 4714-11-24 BC to 5874897-12-31. Timestamps end with the year 294246 here, since they count from
// 1970: PostgreSQL's, which count from 2000, reach thirty years further.
inline constexpr std::int64_t kDateMin = -2'440'588;
inline constexpr std::int64_t kDateEnd = 2'145'042'906;
inline constexpr std::int64_t kTimestampMin = kDateMin * kDay_us;
inline constexpr std::int64_t kTimestampEnd = 106'751'617LL * kDay_us;

[[nodiscard]] constexpr bool is_infinite_time(std::int64_t t) { return t == kInfinity || t == kMinusInfinity; }
[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
[[nodiscard]] constexpr std::int64_t floor_modulo(std::int64_t a, std::int64_t b) { return a - floor_divide(a, b) * b; }

struct Day {
  std::int64_t year;  // 0 is 1 BC
  int month;          // 1 to 12
  int day;            // 1 to 31
};

[[nodiscard]] constexpr bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
[[nodiscard]] constexpr int days_of_month(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Years of 400 begin in March, so that the leap day is the last of its year.
[[nodiscard]] constexpr std::int64_t days_of(const Day& d) {
  const std::int64_t y = d.month <= 2 ? d.year - 1 : d.year;
  const std::int64_t era = floor_divide(y, 400);
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}
[[nodiscard]] constexpr Day day_of(std::int64_t days) {
  days += 719468;
  const std::int64_t era = floor_divide(days, 146097);
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month_from_march = static_cast<int>((5 * day_of_year + 2) / 153);
  const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

// 0 is Sunday.
[[nodiscard]] constexpr int weekday_of(std::int64_t days) { return static_cast<int>(floor_modulo(days + 4, 7)); }

static_assert(days_of({1970, 1, 1}) == 0 && days_of({-4713, 11, 24}) == kDateMin);
static_assert(days_of({294246, 1, 1}) == kTimestampEnd / kDay_us);
static_assert(days_of({5874898, 1, 1}) == kDateEnd);

}  // namespace sluice::flow
