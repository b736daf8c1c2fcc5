// The template is read from the left; at each place the longest pattern that fits is taken: FM and TM before it, TH after it; what is
// none, and what stands in quotes, is copied.

#include "flow/value/time/to_char.h"

#include <array>
#include <utility>

#include "flow/value/scan.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/time_math.h"

namespace sluice::flow {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March", "April", "May", "June",
                                                   "July", "August", "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 13> kRoman{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

// In the order of trial: a longer pattern before one that it begins with. Case matters only where it is to be seen.
constexpr std::array<std::string_view, 56> kPatterns{
    "SSSSS", "SSSS", "MONTH", "Y,YYY", "A.M.", "P.M.", "B.C.", "A.D.", "HH24", "HH12", "YYYY", "IYYY", "IDDD",
    "YYY", "IYY", "DDD", "DAY", "MON", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "TZH", "TZM",
    "HH", "MI", "SS", "MS", "US", "AM", "PM", "BC", "AD", "YY", "IY", "MM", "DD", "DY", "ID", "IW", "WW", "CC", "RM", "TZ", "OF",
    "Y", "I", "D", "W", "Q", "J", "FX", "SP", "L"};

class Formatter {
 public:
  Formatter(std::int64_t us, bool with_zone) : with_zone_(with_zone) {
    days_ = floor_divide(us, kDay_us);
    day_ = day_of(days_);
    clock_ = us - days_ * kDay_us;
  }

  Result<std::string> run(std::string_view pattern) {
    while (!pattern.empty()) {
      if (pattern.front() == '"') {
        take_quoted(pattern);
      } else if (pattern.front() == '\\' && pattern.size() > 1 && pattern[1] == '"') {
        out_ += '"';
        pattern.remove_prefix(2);
      } else if (!take_pattern(pattern)) {
        out_ += pattern.front();
        pattern.remove_prefix(1);
      }
    }
    if (!refused_.empty()) {
      return Error{.code = ErrorCode::unsupported, .message = "to_char's pattern \"" + refused_ + "\" is not supported"};
    }
    return out_;
  }

 private:
  void take_quoted(std::string_view& pattern) {
    pattern.remove_prefix(1);
    while (!pattern.empty() && pattern.front() != '"') {
      if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      out_ += pattern.front();
      pattern.remove_prefix(1);
    }
    if (!pattern.empty()) pattern.remove_prefix(1);
  }

  static bool begins(std::string_view text, std::string_view upper) {
    if (text.size() < upper.size()) return false;
    for (std::size_t i = 0; i < upper.size(); ++i) {
      if (to_upper(text[i]) != upper[i]) return false;
    }
    return true;
  }

  bool take_pattern(std::string_view& pattern) {
    auto rest = pattern;
    fill_ = true;
    while (begins(rest, "FM") || begins(rest, "TM")) {
      if (begins(rest, "FM")) fill_ = false;
      else refused_ = "TM";
      rest.remove_prefix(2);
    }
    for (const auto name : kPatterns) {
      if (!begins(rest, name)) continue;
      const auto written = rest.substr(0, name.size());
      rest.remove_prefix(name.size());
      const auto before = out_.size();
      const bool number = !append_word(name, written);
      if (number) append_number(name);
      if (rest.starts_with("TH") || rest.starts_with("th")) {
        if (number) append_ordinal(out_.substr(before), rest.front() == 'T');
        rest.remove_prefix(2);
      }
      pattern = rest;
      return true;
    }
    return false;
  }

  // Upper, capitalized or lower, as the pattern is written.
  void append_cased(std::string_view word, std::string_view written, std::size_t width) {
    const bool first = written[0] >= 'A' && written[0] <= 'Z';
    const bool second = written.size() > 1 && written[1] >= 'A' && written[1] <= 'Z';
    for (std::size_t i = 0; i < word.size(); ++i) out_ += (i == 0 ? first : first && second) ? to_upper(word[i]) : to_lower(word[i]);
    if (fill_ && word.size() < width) out_.append(width - word.size(), ' ');
  }
  void append_as_written(std::string_view word, std::string_view written) {
    const bool upper = written[0] >= 'A' && written[0] <= 'Z';
    for (const char c : word) out_ += upper ? to_upper(c) : to_lower(c);
  }

  bool append_word(std::string_view name, std::string_view written) {
    const auto month = kMonths[static_cast<std::size_t>(day_.month - 1)];
    const auto weekday = kDays[static_cast<std::size_t>(weekday_of(days_))];
    const bool afternoon = clock_ >= 12 * kHour_us;
    if (name == "MONTH") append_cased(month, written, 9);
    else if (name == "MON") append_cased(month.substr(0, 3), written, 0);
    else if (name == "DAY") append_cased(weekday, written, 9);
    else if (name == "DY") append_cased(weekday.substr(0, 3), written, 0);
    else if (name == "RM") append_roman(written);
    else if (name == "AM" || name == "PM") append_as_written(afternoon ? "PM" : "AM", written);
    else if (name == "A.M." || name == "P.M.") append_as_written(afternoon ? "P.M." : "A.M.", written);
    else if (name == "BC" || name == "AD") append_as_written(day_.year <= 0 ? "BC" : "AD", written);
    else if (name == "B.C." || name == "A.D.") append_as_written(day_.year <= 0 ? "B.C." : "A.D.", written);
    else if (name == "TZ") append_as_written(with_zone_ ? "UTC" : "", written);
    else if (name == "OF") out_ += "+00";
    else if (name == "TZH") out_ += "+00";
    else if (name == "TZM") out_ += "00";
    else if (name == "FX") return true;
    else if (name == "SP" || name == "L") out_ += written;
    else return false;
    return true;
  }
  void append_roman(std::string_view written) {
    const auto numeral = kRoman[static_cast<std::size_t>(day_.month)];
    append_as_written(numeral, written);
    if (fill_) out_.append(4 - numeral.size(), ' ');
  }

  void number(std::int64_t n, std::size_t width) {
    auto digits = std::to_string(n < 0 ? -n : n);
    if (n < 0) out_ += '-';
    if (fill_ && digits.size() < width) out_.append(width - digits.size(), '0');
    out_ += digits;
  }
  // Of microseconds, so many digits; these are never left out.
  void fraction(std::size_t width) {
    const auto digits = std::to_string(1'000'000 + clock_ % kSecond_us);
    out_ += digits.substr(1, width);
  }

  void append_number(std::string_view name) {
    const auto hour = clock_ / kHour_us, minute = clock_ / kMinute_us % 60, second = clock_ / kSecond_us % 60;
    if (name == "HH24") number(hour, 2);
    else if (name == "HH12" || name == "HH") number(hour % 12 == 0 ? 12 : hour % 12, 2);
    else if (name == "MI") number(minute, 2);
    else if (name == "SS") number(second, 2);
    else if (name == "MS" || name == "FF3") fraction(3);
    else if (name == "US") fraction(6);
    else if (name.starts_with("FF")) fraction(static_cast<std::size_t>(name[2] - '0'));
    else if (name.starts_with("SSSS")) number(clock_ / kSecond_us, 0);
    else append_day_number(name);
  }

  void append_day_number(std::string_view name) {
    const auto iso = iso_week_of(days_);
    const auto day_of_year = days_ - days_of({day_.year, 1, 1}) + 1;
    if (name == "MM") number(day_.month, 2);
    else if (name == "DD") number(day_.day, 2);
    else if (name == "DDD") number(day_of_year, 3);
    else if (name == "D") number(weekday_of(days_) + 1, 0);
    else if (name == "ID") number((weekday_of(days_) + 6) % 7 + 1, 0);
    else if (name == "IDDD") number((iso.week - 1) * 7 + (weekday_of(days_) + 6) % 7 + 1, 3);
    else if (name == "W") number((day_.day - 1) / 7 + 1, 0);
    else if (name == "WW") number((day_of_year - 1) / 7 + 1, 2);
    else if (name == "IW") number(iso.week, 2);
    else if (name == "Q") number((day_.month - 1) / 3 + 1, 0);
    else if (name == "J") number(days_ + 2440588, 0);
    else if (name == "CC") number(century_of(day_.year), 2);
    else append_year(name, name.front() == 'I' ? iso.year : day_.year);
  }

  void append_year(std::string_view name, std::int64_t year) {
    if (year <= 0) year = 1 - year;
    if (name == "Y,YYY") {
      number(year / 1000, 0);
      const bool fill = std::exchange(fill_, true);
      out_ += ',';
      number(year % 1000, 3);
      fill_ = fill;
    } else if (name.size() == 4) {
      number(year, 4);
    } else {
      std::int64_t power = 10;
      for (std::size_t i = 1; i < name.size(); ++i) power *= 10;
      number(year % power, name.size());
    }
  }

  void append_ordinal(std::string_view digits, bool upper) {
    const char last = digits.back();
    const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
    const std::string_view ending = teen || last > '3' || last == '0' ? "th" : last == '1' ? "st" : last == '2' ? "nd" : "rd";
    for (const char c : ending) out_ += upper ? to_upper(c) : c;
  }

  std::int64_t days_ = 0, clock_ = 0;
  Day day_{};
  bool with_zone_;
  bool fill_ = true;
  std::string out_, refused_;
};

}  // namespace

Result<std::string> to_char(std::int64_t us, std::string_view pattern, bool with_zone) { return Formatter(us, with_zone).run(pattern); }

}  // namespace sluice::flow
