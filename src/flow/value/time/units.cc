#include "flow/value/time/units.h"

#include <array>
#include <utility>

#include "flow/value/scan.h"

namespace sluice::flow {
namespace {

constexpr std::array<std::pair<std::string_view, Unit>, 61> kUnits{{
    {"us", Unit::microsecond}, {"usec", Unit::microsecond}, {"usecs", Unit::microsecond}, {"usecond", Unit::microsecond},
    {"useconds", Unit::microsecond}, {"microsecond", Unit::microsecond}, {"microseconds", Unit::microsecond},
    {"ms", Unit::millisecond}, {"msec", Unit::millisecond}, {"msecs", Unit::millisecond}, {"msecond", Unit::millisecond},
    {"mseconds", Unit::millisecond}, {"millisecond", Unit::millisecond}, {"milliseconds", Unit::millisecond},
    {"s", Unit::second}, {"sec", Unit::second}, {"secs", Unit::second}, {"second", Unit::second}, {"seconds", Unit::second},
    {"m", Unit::minute}, {"min", Unit::minute}, {"mins", Unit::minute}, {"minute", Unit::minute}, {"minutes", Unit::minute},
    {"h", Unit::hour}, {"hr", Unit::hour}, {"hrs", Unit::hour}, {"hour", Unit::hour}, {"hours", Unit::hour},
    {"d", Unit::day}, {"day", Unit::day}, {"days", Unit::day},
    {"w", Unit::week}, {"week", Unit::week}, {"weeks", Unit::week},
    {"mon", Unit::month}, {"mons", Unit::month}, {"month", Unit::month}, {"months", Unit::month},
    {"qtr", Unit::quarter}, {"quarter", Unit::quarter},
    {"y", Unit::year}, {"yr", Unit::year}, {"yrs", Unit::year}, {"year", Unit::year}, {"years", Unit::year},
    {"dec", Unit::decade}, {"decs", Unit::decade}, {"decade", Unit::decade}, {"decades", Unit::decade},
    {"c", Unit::century}, {"cent", Unit::century}, {"century", Unit::century}, {"centuries", Unit::century},
    {"mil", Unit::millennium}, {"mils", Unit::millennium}, {"millennia", Unit::millennium}, {"millennium", Unit::millennium},
    {"timezone", Unit::timezone}, {"timezone_hour", Unit::timezone_hour}, {"timezone_minute", Unit::timezone_minute},
}};

constexpr std::array<std::pair<std::string_view, Unit>, 7> kFields{{
    {"epoch", Unit::epoch}, {"julian", Unit::julian}, {"jd", Unit::julian}, {"isoyear", Unit::iso_year},
    {"dow", Unit::day_of_week}, {"isodow", Unit::iso_day_of_week}, {"doy", Unit::day_of_year},
}};

template <typename Names>
std::optional<Unit> in(const Names& names, std::string_view word) {
  for (const auto& [name, unit] : names) {
    if (same_word(word, name)) return unit;
  }
  return {};
}

}  // namespace

std::optional<Unit> unit_named(std::string_view name) { return in(kUnits, name); }

std::optional<Unit> field_named(std::string_view name) {
  const auto unit = unit_named(name);
  return unit ? unit : in(kFields, name);
}

}  // namespace sluice::flow
