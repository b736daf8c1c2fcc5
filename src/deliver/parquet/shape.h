#pragma once
// An Avro record as Parquet columns (docs/formats/parquet.md): its schema compiled into one array of steps, which rows run
// through on their way in (shredder.h) and out (assembler.h), and the leaves, each a column of the file.
//
// Levels are Parquet's own. The definition level of an entry says how far down its path values are there: a nullable
// type, an item of an array or map, and a member of a union count one each. Its repetition level says which array or map
// it goes on with; 0 begins a row.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/result.h"

namespace sluice::deliver::parquet {

enum class Kind : std::uint8_t {
  // Leaves.
  null, boolean, int_, long_, float_, double_, bytes, string, fixed, symbol, decimal32, decimal64, decimal_fixed,
  // With steps below.
  record, array, map,
  optional,  // a union of null and one type
  single,    // a union of one type
  choice,    // any other union: a group with one optional member for each type but null
};

struct Step {
  Kind kind = Kind::null;
  std::int16_t definition = 0;   // of entries at or below this step, at least, when its value is there
  std::int16_t repetition = 0;   // array, map: of all items but the first
  std::uint32_t first_leaf = 0;  // the leaves at or below
  std::uint32_t leaves = 0;
  std::uint32_t first = 0;       // the steps directly below: fields; items; key and value; the one type; branches, null
  std::uint32_t children = 0;    // among them, which has no leaf
  std::int32_t null_branch = -1; // optional, choice
  std::uint32_t size = 0;        // bytes of a fixed and a decimal_fixed
  const avro::Node* node = nullptr;
};

enum class Physical : std::uint8_t { boolean, int32, int64, float_, double_, bytes, fixed };

struct Leaf {
  std::string name;  // "items.price", for people
  Physical physical = Physical::boolean;
  std::int16_t max_definition = 0;
  std::int16_t max_repetition = 0;
};

// Immutable, shared freely between threads.
class Shape {
 public:
  // Errors: rejected: the schema is no record, or the field that it names has no form in Parquet.
  [[nodiscard]] static Result<Shape> compile(avro::Schema schema);

  [[nodiscard]] const avro::Schema& schema() const { return schema_; }
  [[nodiscard]] const Step& root() const { return steps_.front(); }
  [[nodiscard]] const Step& child(const Step& of, std::size_t i) const { return steps_[of.first + i]; }
  [[nodiscard]] std::span<const Step> children(const Step& of) const { return std::span(steps_).subspan(of.first, of.children); }
  [[nodiscard]] const std::vector<Leaf>& leaves() const { return leaves_; }
  // The type of an `optional`, and its number in the union.
  [[nodiscard]] static std::int32_t type_branch(const Step& optional) { return 1 - optional.null_branch; }
  // Of what lies at `step`, for people.
  [[nodiscard]] const std::string& name(const Step& step) const { return leaves_[step.first_leaf].name; }

 private:
  class Compiler;
  explicit Shape(avro::Schema schema) : schema_(std::move(schema)) {}

  avro::Schema schema_;
  std::vector<Step> steps_;
  std::vector<Leaf> leaves_;
};

}  // namespace sluice::deliver::parquet
