#include "flow/value/time/time_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/zone.h"

namespace sluice::flow {
namespace {

void append_padded(std::string& out, std::uint64_t n, std::size_t width) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, n).ptr;
  const auto size = static_cast<std::size_t>(end - buffer);
  if (size < width) out.append(width - size, '0');
  out.append(buffer, size);
}

void append_date(std::string& out, std::int64_t days) {
  const Day d = day_of(days);
  append_padded(out, static_cast<std::uint64_t>(d.year > 0 ? d.year : 1 - d.year), 4);
  out += '-';
  append_padded(out, static_cast<std::uint64_t>(d.month), 2);
  out += '-';
  append_padded(out, static_cast<std::uint64_t>(d.day), 2);
}

constexpr std::int64_t kYearOneBC_end = days_of({1, 1, 1});

std::string moment_text(std::int64_t us, std::string_view zone) {
  if (is_infinite_time(us)) return us > 0 ? "infinity" : "-infinity";
  std::string out;
  const auto days = floor_divide(us, kDay_us);
  append_date(out, days);
  out += ' ';
  append_clock(out, static_cast<std::uint64_t>(us - days * kDay_us));
  out += zone;
  if (days < kYearOneBC_end) out += " BC";
  return out;
}

// What a text says of a moment.
struct Moment {
  std::int64_t infinite = 0;  // kInfinity or kMinusInfinity
  std::optional<std::int64_t> days = {};
  std::optional<std::int64_t> time_us = {};
  std::optional<Zone> zone = {};
};

class MomentReader {
 public:
  MomentReader(std::string_view type, std::string_view text) : type_(type), text_(text), rest_(trimmed(text)) {}

  Result<Moment> read() {
    SLUICE_TRY(const bool word, read_word());
    if (word) return moment_;
    if (looks_like_date()) SLUICE_RETURN_IF_ERROR(read_date());
    if (moment_.days && !rest_.empty() && (rest_.front() == 'T' || rest_.front() == 't')) rest_.remove_prefix(1);
    rest_ = trimmed(rest_);
    if (!rest_.empty() && is_digit(rest_.front())) SLUICE_RETURN_IF_ERROR(read_time());
    rest_ = trimmed(rest_);
    if (moment_.days || moment_.time_us) SLUICE_RETURN_IF_ERROR(read_zone());
    rest_ = trimmed(rest_);
    if (moment_.days) SLUICE_RETURN_IF_ERROR(read_era());
    if (!rest_.empty() || (!moment_.days && !moment_.time_us)) return invalid();
    return moment_;
  }

 private:
  Error invalid() const { return invalid_syntax(type_, text_); }
  static Error unknown_zone(std::string_view name) {
    std::string lower;
    std::ranges::transform(name, std::back_inserter(lower), to_lower);
    return rejected("time zone \"" + lower + "\" not recognized");
  }
  Error out_of_range() const { return rejected("date/time field value out of range: \"" + std::string(text_) + "\""); }

  Result<bool> read_word() {
    if (same_word(rest_, "infinity") || same_word(rest_, "+infinity")) return moment_.infinite = kInfinity, true;
    if (same_word(rest_, "-infinity")) return moment_.infinite = kMinusInfinity, true;
    if (same_word(rest_, "epoch")) return moment_.days = 0, moment_.time_us = 0, true;
    for (const auto word : {"now", "today", "tomorrow", "yesterday"}) {
      if (!same_word(rest_, word)) continue;
      return Error{.code = ErrorCode::unsupported,
                   .message = "\"" + std::string(text_) + "\" depends on the wall clock: a view would change without its data",
                   .hint = "write the date itself, or use a column of the rows"};
    }
    return false;
  }

  [[nodiscard]] std::size_t digits() const {
    std::size_t n = 0;
    while (n < rest_.size() && is_digit(rest_[n])) ++n;
    return n;
  }
  std::int64_t take(std::size_t size) {
    std::int64_t n = 0;
    std::from_chars(rest_.data(), rest_.data() + size, n);
    rest_.remove_prefix(size);
    return n;
  }

  [[nodiscard]] bool looks_like_date() const {
    const auto n = digits();
    return n >= 3 && (n == 8 || (n < rest_.size() && rest_[n] == '-'));
  }

  Result<void> read_date() {
    const bool compact = digits() == 8 && !rest_.substr(8).starts_with('-');
    if (digits() > 8) return out_of_range();
    year_ = take(compact ? 4 : digits());
    for (auto* const part : {&month_, &day_}) {
      if (!compact) {
        if (!rest_.starts_with('-')) return invalid();
        rest_.remove_prefix(1);
      }
      const auto size = compact ? 2 : digits();
      if (size == 0) return invalid();
      if (size > 2) return out_of_range();
      *part = static_cast<int>(take(size));
    }
    moment_.days = 0;  // read_era() knows
    return {};
  }

  Result<void> read_time() {
    std::size_t size = 0;
    while (size < rest_.size() && (is_digit(rest_[size]) || rest_[size] == ':' || rest_[size] == '.')) ++size;
    auto time = parse_clock(rest_.substr(0, size));
    if (!time) return invalid();
    rest_.remove_prefix(size);
    SLUICE_RETURN_IF_ERROR(read_half_of_day(time));
    if (*time < 0 || *time > kDay_us) return out_of_range();
    moment_.time_us = *time;
    return {};
  }

  Result<void> read_half_of_day(std::optional<std::int64_t>& time) {
    const auto rest = trimmed(rest_);
    if (rest.size() > 2 && is_letter(rest[2])) return {};  // America/…
    const auto word = rest.substr(0, 2);
    const bool afternoon = same_word(word, "pm");
    if (!afternoon && !same_word(word, "am")) return {};
    rest_ = rest.substr(2);
    if (*time >= 13 * kHour_us || *time < 0) return out_of_range();
    if (afternoon && *time < 12 * kHour_us) *time += 12 * kHour_us;
    if (!afternoon && *time >= 12 * kHour_us) *time -= 12 * kHour_us;
    return {};
  }

  Result<void> read_zone() {
    if (rest_.empty() || same_word(rest_.substr(0, 2), "bc") || same_word(rest_.substr(0, 2), "ad")) return {};
    const auto size = std::min(rest_.find(' '), rest_.size());
    const auto name = rest_.substr(0, size);
    constexpr std::int32_t kOffsetMax_s = 16 * 3600;
    if (const auto offset_s = parse_offset(name)) {
      if (std::abs(*offset_s) >= kOffsetMax_s) return rejected("time zone displacement out of range: \"" + std::string(text_) + "\"");
      moment_.zone = Zone::fixed(*offset_s);
    } else {
      if (!is_letter(name.front())) return invalid();
      moment_.zone = Zone::named(name);
      if (!moment_.zone && name.find('/') == name.npos) return invalid();
      if (!moment_.zone) return unknown_zone(name);
    }
    rest_.remove_prefix(size);
    return {};
  }

  Result<void> read_era() {
    if (same_word(rest_, "bc")) {
      if (year_ == 0) return out_of_range();
      year_ = 1 - year_;
      rest_ = {};
    } else if (same_word(rest_, "ad")) {
      rest_ = {};
      if (year_ == 0) return out_of_range();
    } else if (year_ == 0) {
      return out_of_range();
    }
    if (month_ < 1 || month_ > 12 || day_ < 1 || day_ > days_of_month(year_, month_)) return out_of_range();
    moment_.days = days_of({year_, month_, day_});
    return {};
  }

  std::string_view type_, text_, rest_;
  Moment moment_;
  std::int64_t year_ = 0;
  int month_ = 0, day_ = 0;
};

// Digits of a fraction of a second, rounded to microseconds.
std::int64_t fraction_us(std::string_view digits) {
  return static_cast<std::int64_t>(std::rint(std::strtod(("0." + std::string(digits)).c_str(), nullptr) * 1e6));
}

Result<std::int64_t> parse_moment(std::string_view type, std::string_view text, bool with_zone) {
  SLUICE_TRY(const Moment moment, MomentReader(type, text).read());
  if (moment.infinite != 0) return moment.infinite;
  if (!moment.days) return invalid_syntax(type, text);
  const auto out_of_range = rejected("timestamp out of range: \"" + std::string(text) + "\"");
  if (*moment.days < kDateMin || *moment.days >= kTimestampEnd / kDay_us) return out_of_range;
  std::int64_t us = *moment.days * kDay_us + moment.time_us.value_or(0);
  if (with_zone && moment.zone) us -= moment.zone->offset_of_local(us) * kSecond_us;
  if (us < kTimestampMin || us >= kTimestampEnd) return out_of_range;
  return us;
}

}  // namespace

void append_clock(std::string& out, std::uint64_t us) {
  append_padded(out, us / static_cast<std::uint64_t>(kHour_us), 2);
  out += ':';
  append_padded(out, us / static_cast<std::uint64_t>(kMinute_us) % 60, 2);
  out += ':';
  append_padded(out, us / static_cast<std::uint64_t>(kSecond_us) % 60, 2);
  auto fraction = us % static_cast<std::uint64_t>(kSecond_us);
  if (fraction == 0) return;
  std::size_t width = 6;
  for (; fraction % 10 == 0; fraction /= 10) --width;
  out += '.';
  append_padded(out, fraction, width);
}

std::optional<std::int64_t> parse_clock(std::string_view text) {
  std::int64_t parts[3] = {};
  std::size_t count = 0;
  for (;;) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), parts[count]);
    if (problem == std::errc::result_out_of_range) return -1;
    if (problem != std::errc() || text.front() == '-') return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (++count == 3 || !text.starts_with(':')) break;
    text.remove_prefix(1);
  }
  std::int64_t us = 0;
  if (text.starts_with('.') && count > 1) {
    if (text.find_first_not_of("0123456789", 1) != text.npos) return {};
    us = fraction_us(text.substr(1));
    if (count == 2) parts[2] = parts[1], parts[1] = parts[0], parts[0] = 0;
    text = {};
  } else if (count == 1) {
    return {};
  }
  if (!text.empty()) return {};
  if (parts[1] > 59 || parts[2] > 60 || (parts[2] == 60 && us > 0)) return -1;
  std::int64_t hours;
  if (__builtin_mul_overflow(parts[0], kHour_us, &hours) ||
      __builtin_add_overflow(hours, parts[1] * kMinute_us + parts[2] * kSecond_us + us, &us)) {
    return -1;
  }
  return us;
}

std::optional<std::int32_t> parse_offset(std::string_view text) {
  for (const auto name : {"utc", "z", "gmt", "zulu", "ut", "etc/utc", "etc/gmt", "uct"}) {
    if (same_word(text, name)) return 0;
  }
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return {};
  const bool west = text[0] == '-';
  text.remove_prefix(1);
  std::int32_t parts[3] = {};
  std::size_t count = 0;
  const bool compact = text.size() == 4 && text.find(':') == text.npos;  // +0230
  while (!text.empty() && count < 3) {
    const auto size = std::min(compact ? 2 : text.find(':'), text.size());
    const auto [end, problem] = std::from_chars(text.data(), text.data() + size, parts[count]);
    if (problem != std::errc() || end != text.data() + size || text[0] == '-' || size > 2) return {};
    text.remove_prefix(size);
    ++count;
    if (text.starts_with(':')) text.remove_prefix(1);
  }
  if (!text.empty() || parts[1] > 59 || parts[2] > 59) return {};
  const std::int32_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return west ? -seconds : seconds;
}

std::string date_text(std::int64_t days) {
  if (is_infinite_time(days)) return days > 0 ? "infinity" : "-infinity";
  std::string out;
  append_date(out, days);
  if (days < kYearOneBC_end) out += " BC";
  return out;
}
std::string time_text(std::int64_t us) {
  std::string out;
  append_clock(out, static_cast<std::uint64_t>(us));
  return out;
}
std::string timestamp_text(std::int64_t us) { return moment_text(us, ""); }
std::string timestamptz_text(std::int64_t us) { return moment_text(us, "+00"); }

Result<std::int64_t> parse_date(std::string_view text) {
  SLUICE_TRY(const Moment moment, MomentReader("date", text).read());
  if (moment.infinite != 0) return moment.infinite;
  if (!moment.days) return invalid_syntax("date", text);
  if (*moment.days < kDateMin || *moment.days >= kDateEnd) return rejected("date out of range: \"" + std::string(text) + "\"");
  return *moment.days;
}

Result<std::int64_t> parse_time(std::string_view text) {
  SLUICE_TRY(const Moment moment, MomentReader("time", text).read());
  if (!moment.time_us || moment.infinite != 0) return invalid_syntax("time", text);
  return *moment.time_us;
}

Result<std::int64_t> parse_timestamp(std::string_view text) { return parse_moment("timestamp", text, false); }
Result<std::int64_t> parse_timestamptz(std::string_view text) {
  return parse_moment("timestamp with time zone", text, true);
}

}  // namespace sluice::flow
