#pragma once
// Functions that put dates, times and intervals together of numbers.

#include "flow/value/catalog.h"

namespace sluice::flow {

void add_making_times(Overloads& functions);  // to_timestamp, make_date, make_time, make_timestamp, make_timestamptz, make_interval

}  // namespace sluice::flow
