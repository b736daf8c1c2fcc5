#pragma once
// A filter as a flat program over the fields of a row: postfix, on a stack of truth values.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "deliver/archive/filter/exact_number.h"
#include "deliver/archive/filter/filter.h"
#include "deliver/archive/rows/value_walk.h"

namespace sluice::deliver::archive {

enum class Truth : std::uint8_t { no, unknown, yes };

// What is compared with what.
enum class Domain : std::uint8_t {
  truth, exact, floating, text, symbol, uuid, moment, local_moment, date, time_of_day,
  none,  // known to be null or not, and no more
};

// How a column's values are read out of its field.
struct FilterColumn {
  enum class Form : std::uint8_t { absent, boolean, integer, float_, double_, text, symbol, decimal, other };
  Form form = Form::absent;
  Domain domain = Domain::none;
  std::size_t field = 0;     // of the row
  int null_branch = -1;      // -1: it cannot be null
  std::size_t size = 0;      // of a fixed; 0: a length stands before
  int scale = 0;             // of an exact number; of a time, of its seconds
  std::int64_t factor = 1;   // of an integer: a date's seconds
  std::vector<std::string> symbols = {};

  // Of a row's field `field`.
  [[nodiscard]] static FilterColumn of(const avro::Node& type, std::size_t field);
};

// Of the domain of a comparison: one member holds it.
struct FilterValue {
  bool null = true;
  Exact exact = {};
  double floating = 0;
  ByteView text = {};
};

struct FilterTerm {
  int column = -1;            // -1: the constant
  FilterValue constant = {};
};

struct FilterStep {
  enum class Kind : std::uint8_t {
    constant,  // pushes `truth`
    truth,     // pushes a boolean column
    compare,   // pushes left `op` right
    like,      // pushes whether left is like right
    is_null,   // pushes whether left is null
    and_, or_, // of the topmost `count`
    not_,
    is,        // whether the topmost is `truth`
  };
  enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
  Kind kind = Kind::constant;
  Op op = Op::equal;
  bool as_double = false;     // compare as doubles
  bool as_text = false;       // compare as texts
  Truth truth = Truth::unknown;
  std::uint32_t count = 0;
  FilterTerm left = {};
  FilterTerm right = {};
};

struct RowFilter::Program {
  ValueWalk walk;
  std::vector<FilterColumn> columns = {};
  std::vector<FilterStep> steps = {};
  std::deque<Bytes> constants = {};  // what the steps' views are of
  std::vector<ByteView> fields = {};
  std::vector<Truth> stack = {};

  [[nodiscard]] Truth run(ByteView row);
  [[nodiscard]] FilterValue value(const FilterTerm& term) const;
  void step(const FilterStep& step);
};

// SQL's LIKE with '%', '_' (one character of UTF-8) and '\'.
[[nodiscard]] bool like(std::string_view text, std::string_view pattern);

}  // namespace sluice::deliver::archive
