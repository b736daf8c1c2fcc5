#pragma once
// Puts rows together again out of the entries of their columns: the shredder, backwards.
//
// Entries come out of a file that may be damaged: every one is asked for, none is believed. What the levels claim is
// checked against the shape, and the size of a row is bounded.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "deliver/parquet/shape.h"

namespace sluice::deliver::parquet {

// The entries of one column, front to back.
class Column {
 public:
  virtual ~Column() = default;

  // Whether there is an entry at hand; reads on when need be.
  [[nodiscard]] bool ready() { return at_ < count_ || refill(); }
  // Precondition of all below: ready().
  [[nodiscard]] std::int16_t definition() const { return definitions_ == nullptr ? std::int16_t{0} : definitions_[at_]; }
  [[nodiscard]] std::int16_t repetition() const { return repetitions_ == nullptr ? std::int16_t{0} : repetitions_[at_]; }
  // Passes an entry without a value.
  void skip() { ++at_; }
  // The value of an entry that has one, until the next ready(): a number, or where its bytes are; nullptr when the
  // column has fewer values than it says.
  [[nodiscard]] virtual const void* take() = 0;

 protected:
  // Makes entries [0, count_) the next ones. False at the end.
  virtual bool refill() = 0;

  const std::int16_t* definitions_ = nullptr;
  const std::int16_t* repetitions_ = nullptr;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

class Assembler {
 public:
  // The columns of the fields numbered in `fields`, ascending; `shape` outlives it.
  Assembler(const Shape& shape, std::vector<std::size_t> fields);

  // By leaf; those of other fields are nullptr. At the beginning of a row group.
  void begin(std::vector<std::unique_ptr<Column>> columns) { columns_ = std::move(columns); }
  // Appends the next row. Errors: corrupt, with the column.
  [[nodiscard]] Result<void> next(Bytes& out);
  // After the last row. Errors: corrupt, when a column has entries left.
  [[nodiscard]] Result<void> end();

 private:
  [[nodiscard]] Column& column(const Step& step) { return *columns_[step.first_leaf]; }
  [[nodiscard]] bool value(const Step& step, ByteWriter& out);
  [[nodiscard]] bool leaf(const Step& step, ByteWriter& out);
  [[nodiscard]] bool symbol(const Step& step, ByteView text, ByteWriter& out);
  [[nodiscard]] bool optional(const Step& step, ByteWriter& out);
  [[nodiscard]] bool choice(const Step& step, ByteWriter& out);
  [[nodiscard]] bool items(const Step& step, ByteWriter& out);
  // Passes one entry of every leaf at or below, none of which has a value.
  [[nodiscard]] bool none(const Step& step);
  [[nodiscard]] bool refuse(const Step& step, const char* why);
  [[nodiscard]] Error corrupt(const Step& step, const char* why) const;

  const Shape& shape_;
  std::vector<std::size_t> fields_;
  std::vector<std::unique_ptr<Column>> columns_;
  std::unordered_map<const avro::Node*, std::unordered_map<std::string_view, std::size_t>> symbols_;
  std::size_t row_begin_ = 0;
  const Step* refused_ = nullptr;
  const char* why_ = nullptr;
};

}  // namespace sluice::deliver::parquet
