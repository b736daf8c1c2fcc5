// Reading an interval: fields are added up, each a number with a unit, or a time of day. A fraction of a unit goes down: of a
// year to months (rounded), of a month or week to days, of a day to time.

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <utility>

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"
#include "flow/value/time/time_text.h"
#include "flow/value/time/units.h"

namespace sluice::flow {
namespace {

struct Number {
  bool negative = false;
  bool has_sign = false;
  std::int64_t whole = 0;   // signed
  double fraction = 0;      // signed, below 1
};

class IntervalReader {
 public:
  explicit IntervalReader(std::string_view text) : text_(text), rest_(trimmed(text)) {}

  Result<Interval> read() {
    if (rest_.empty()) return invalid();
    if (rest_.front() == 'P') return read_iso();
    if (rest_.starts_with('@')) rest_ = trimmed(rest_.substr(1));
    while (!rest_.empty()) {
      if (is_letter(rest_.front())) {
        if (!read_last_word()) return invalid();
        break;
      }
      SLUICE_RETURN_IF_ERROR(read_field());
      rest_ = trimmed(rest_);
    }
    if (!any_) return invalid();
    return finish();
  }

 private:
  Error invalid() const { return invalid_syntax("interval", text_); }
  Error out_of_range() const { return rejected("interval field value out of range: \"" + std::string(text_) + "\""); }

  bool read_last_word() {
    const auto word = take_word();
    if (!same_word(word, "ago") || !trimmed(rest_).empty() || !any_) return false;
    months_ = -months_, days_ = -days_, us_ = -us_;
    return true;
  }

  std::string_view take_word() {
    std::size_t size = 0;
    while (size < rest_.size() && is_letter(rest_[size])) ++size;
    const auto word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }

  Result<Number> take_number() {
    Number number;
    if (rest_.starts_with('-') || rest_.starts_with('+')) {
      number.has_sign = true;
      number.negative = rest_.front() == '-';
      rest_.remove_prefix(1);
    }
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number.whole);
    if (problem == std::errc::result_out_of_range) return out_of_range();
    const bool digits = problem == std::errc() && !rest_.starts_with('-');
    if (digits) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('.')) {
      std::size_t size = 1;
      while (size < rest_.size() && is_digit(rest_[size])) ++size;
      if (size == 1 && !digits) return invalid();
      number.fraction = std::strtod(("0" + std::string(rest_.substr(0, size))).c_str(), nullptr);
      rest_.remove_prefix(size);
    } else if (!digits) {
      return invalid();
    }
    if (number.negative) number.whole = -number.whole, number.fraction = -number.fraction;
    return number;
  }

  // A number with its unit, "1-2" (years and months), or a time.
  Result<void> read_field() {
    const auto before = rest_;
    SLUICE_TRY(const Number number, take_number());
    any_ = true;
    if (rest_.starts_with(':')) {
      rest_ = before;
      return read_time();
    }
    if (rest_.starts_with('-')) return read_years_and_months(number);
    const bool spaced = rest_.starts_with(' ');
    rest_ = trimmed(rest_);
    if (!rest_.empty() && is_letter(rest_.front())) {
      const auto unit = unit_named(take_word());
      if (!unit || (!rest_.empty() && !is_space(rest_.front()))) return invalid();
      return add(number, *unit);
    }
    if (!rest_.empty() && !spaced) return invalid();
    // Without a unit: days before a time, seconds at the end.
    return add(number, rest_.empty() ? Unit::second : Unit::day);
  }

  Result<void> read_years_and_months(const Number& years) {
    rest_.remove_prefix(1);
    if (rest_.empty() || !is_digit(rest_.front())) return invalid();
    SLUICE_TRY(const Number months, take_number());
    if (months.whole >= 12) return out_of_range();
    if (!rest_.empty() && !is_space(rest_.front())) return invalid();
    SLUICE_RETURN_IF_ERROR(add_scaled(months_, years.whole, 12));
    return add({.whole = years.negative ? -months.whole : months.whole}, Unit::month);
  }

  Result<void> read_time() {
    const bool negative = rest_.starts_with('-');
    if (negative || rest_.starts_with('+')) rest_.remove_prefix(1);
    std::size_t size = 0;
    while (size < rest_.size() && (is_digit(rest_[size]) || rest_[size] == ':' || rest_[size] == '.')) ++size;
    const auto time = parse_clock(rest_.substr(0, size));
    if (!time) return invalid();
    if (*time < 0) return out_of_range();
    rest_.remove_prefix(size);
    if (!take_place({Unit::hour, Unit::minute, Unit::second})) return invalid();
    return add_us(negative ? -*time : *time);
  }

  Result<void> add_us(std::int64_t us) {
    if (__builtin_add_overflow(us_, us, &us_)) return out_of_range();
    return {};
  }
  Result<void> add_scaled(std::int64_t& to, std::int64_t count, std::int64_t scale) {
    std::int64_t product;
    if (__builtin_mul_overflow(count, scale, &product) || __builtin_add_overflow(to, product, &to)) return out_of_range();
    return {};
  }
  // A fraction of so many days: whole days, the rest as time.
  Result<void> add_days(double days) {
    const double whole = std::trunc(days);
    days_ += static_cast<std::int64_t>(whole);
    return add_us(static_cast<std::int64_t>(std::rint((days - whole) * static_cast<double>(kDay_us))));
  }

  // Each unit may be there once; a time of day is hours, minutes and seconds.
  bool take_place(std::initializer_list<Unit> units) {
    std::uint32_t bits = 0;
    for (const Unit unit : units) bits |= 1U << static_cast<unsigned>(unit);
    if ((seen_ & bits) != 0) return false;
    seen_ |= bits;
    return true;
  }

  Result<void> add(const Number& n, Unit unit) {
    if (!take_place({unit})) return invalid();
    const auto time = [&](std::int64_t scale) -> Result<void> {
      SLUICE_RETURN_IF_ERROR(add_scaled(us_, n.whole, scale));
      return add_us(static_cast<std::int64_t>(std::rint(n.fraction * static_cast<double>(scale))));
    };
    const auto years = [&](std::int64_t scale) {
      months_ += static_cast<std::int64_t>(std::rint(n.fraction * static_cast<double>(scale * 12)));
      return add_scaled(months_, n.whole, scale * 12);
    };
    switch (unit) {
      case Unit::microsecond: return time(1);
      case Unit::millisecond: return time(1000);
      case Unit::second: return time(kSecond_us);
      case Unit::minute: return time(kMinute_us);
      case Unit::hour: return time(kHour_us);
      case Unit::day: SLUICE_RETURN_IF_ERROR(add_scaled(days_, n.whole, 1)); return add_days(n.fraction);
      case Unit::week: SLUICE_RETURN_IF_ERROR(add_scaled(days_, n.whole, 7)); return add_days(n.fraction * 7);
      case Unit::month: SLUICE_RETURN_IF_ERROR(add_scaled(months_, n.whole, 1)); return add_days(n.fraction * 30);
      case Unit::quarter: SLUICE_RETURN_IF_ERROR(add_scaled(months_, n.whole, 3)); return add_days(n.fraction * 90);
      case Unit::year: return years(1);
      case Unit::decade: return years(10);
      case Unit::century: return years(100);
      case Unit::millennium: return years(1000);
      default: return invalid();
    }
  }

  // P1Y2M3DT4H5M6.7S and P3W.
  Result<Interval> read_iso() {
    rest_.remove_prefix(1);
    bool in_time = false;
    while (!rest_.empty()) {
      if (rest_.front() == 'T') {
        if (std::exchange(in_time, true)) return invalid();
        rest_.remove_prefix(1);
        continue;
      }
      SLUICE_TRY(const Number number, take_number());
      if (rest_.empty()) return invalid();
      const auto unit = iso_unit(rest_.front(), in_time);
      if (!unit) return invalid();
      rest_.remove_prefix(1);
      any_ = true;
      SLUICE_RETURN_IF_ERROR(add(number, *unit));
    }
    if (!any_) return invalid();
    return finish();
  }
  static std::optional<Unit> iso_unit(char letter, bool in_time) {
    switch (letter) {
      case 'Y': return in_time ? std::nullopt : std::optional(Unit::year);
      case 'M': return in_time ? Unit::minute : Unit::month;
      case 'W': return in_time ? std::nullopt : std::optional(Unit::week);
      case 'D': return in_time ? std::nullopt : std::optional(Unit::day);
      case 'H': return in_time ? std::optional(Unit::hour) : std::nullopt;
      case 'S': return in_time ? std::optional(Unit::second) : std::nullopt;
      default: return {};
    }
  }

  Result<Interval> finish() const {
    const auto fits = [](std::int64_t n) { return n == static_cast<std::int32_t>(n); };
    if (!fits(months_) || !fits(days_)) return out_of_range();
    return Interval{static_cast<std::int32_t>(months_), static_cast<std::int32_t>(days_), us_};
  }

  std::string_view text_, rest_;
  std::int64_t months_ = 0, days_ = 0, us_ = 0;
  bool any_ = false;
  std::uint32_t seen_ = 0;  // units
};

void append_part(std::string& out, std::int32_t count, std::string_view unit, bool& before) {
  if (count == 0) return;
  if (!out.empty()) out += ' ';
  if (before && count > 0) out += '+';
  out += std::to_string(count);
  out += ' ';
  out += unit;
  if (count != 1) out += 's';
  before = count < 0;
}

}  // namespace

Result<Interval> parse_interval(std::string_view text) { return IntervalReader(text).read(); }

std::string interval_text(const Interval& interval) {
  std::string out;
  bool before = false;
  append_part(out, interval.months / 12, "year", before);
  append_part(out, interval.months % 12, "mon", before);
  append_part(out, interval.days, "day", before);
  if (!out.empty() && interval.us == 0) return out;
  if (!out.empty()) out += ' ';
  if (interval.us < 0) out += '-';
  else if (before) out += '+';
  append_clock(out, interval.us < 0 ? -static_cast<std::uint64_t>(interval.us) : static_cast<std::uint64_t>(interval.us));
  return out;
}

}  // namespace sluice::flow
