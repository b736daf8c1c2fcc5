#pragma once
// Inside of resolution: the plan as a flat program.
//
// 1. The program walks over the writer's bytes. What it has walked over and not yet written, from a mark to where it stands,
//    is to be copied as it is. Steps for types that stay only walk and check, so a run of any number of them costs one copy.
// 2. A step that changes something first copies what is pending, then writes its own, then sets the mark behind what it read.
// 3. A field that comes too early for the reader's order is walked over and put aside; its bytes are written when their
//    turn comes. If they need to change, the program goes back to them then.
// 4. Small records stand where they are used; others, and recursive ones, are called.

#include <cstdint>
#include <string>
#include <vector>

#include "avro/resolution_plan.h"
#include "base/bytes.h"

namespace sluice::avro::resolution {

enum class Op : std::uint8_t {
  end,
  boolean, int_, long_, sized,
  fixed,     // a bytes
  symbol,    // one of a
  branch,    // one of b: go on at table[a + index]
  jump,      // to a
  constant,  // writes b constant bytes from a
  index,     // writes them in the place of the union's index that was just read
  skip, skipped,      // around what the reader does not have
  save, saved,        // around what is put aside in slot a
  saved_save,         // slot a ends, slot b begins
  emit,               // writes slot a
  replay, replayed,   // around the steps that write slot a anew
  array, map,         // steps of the items follow, up to `end`; then go on at a. b: their bytes change
  call,               // entry a
  translate,          // a symbol of b: table[a + index] is the reader's
  int_to_float, int_to_double, long_to_float, long_to_double, float_to_double,
  fail,               // for reasons[a]
};

struct Step {
  Op op = Op::end;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

struct Entry {
  std::uint32_t step = 0;
  std::uint32_t slots = 0;
};

inline constexpr std::uint32_t kNoSymbol = 0x80000000;  // and the index of the reason
inline constexpr std::size_t kPadding = 16;  // readable bytes behind the constants

struct Code {
  std::vector<Step> steps;
  std::vector<Entry> entries;  // the first is the whole datum
  std::vector<std::uint32_t> table;
  Bytes constants;
  std::vector<std::string> reasons;
  // Cold: the path of each step within its entry or item.
  std::vector<std::uint32_t> places;
  std::vector<std::string> paths;
  bool identity = false;
};

[[nodiscard]] Code make_code(const Plan& plan);

}  // namespace sluice::avro::resolution
