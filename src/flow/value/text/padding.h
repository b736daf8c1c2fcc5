#pragma once
// Functions that make long texts of short ones, up to a bound.

#include "flow/value/catalog.h"

namespace sluice::flow {

void add_padding(Overloads& functions);  // lpad, rpad, repeat

}  // namespace sluice::flow
