#pragma once
// Takes rows apart into columns: one walk over a row's Avro bytes pushes its entries. Strings, bytes and fixed are not
// copied once more: values point into the copy of the row.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "deliver/parquet/entries.h"
#include "deliver/parquet/shape.h"

namespace sluice::deliver::parquet {

class Shredder {
 public:
  // `shape` outlives it.
  explicit Shredder(const Shape& shape);

  // Errors: rejected, with the column: no value of the schema, text that is not UTF-8, a decimal that is too large for
  // its type. Then the entries are of no use any more.
  [[nodiscard]] Result<void> append(ByteView row);

  // Of the rows since clear().
  [[nodiscard]] const Entries& entries(std::size_t leaf) const { return entries_[leaf]; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  // Memory in use, nearly.
  [[nodiscard]] std::size_t bytes() const { return arena_.taken() + 2 * pushed_; }
  void clear();

 private:
  [[nodiscard]] bool value(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool integer(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool sized(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool symbol(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool decimal(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool optional(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool choice(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool blocks(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool item(const Step& step, ByteReader& in, std::int16_t repetition);
  [[nodiscard]] bool text(const Step& step, ByteView text);
  [[nodiscard]] bool refuse(const Step& step, const char* why);

  template <typename T>
  void push(const Step& step, std::int16_t repetition, const T& value) {
    auto& entries = entries_[step.first_leaf];
    entries.push(step.definition, repetition);
    entries.values.push(value);
  }
  // An entry without a value for every leaf at or below.
  void push_none(const Step& step, std::int16_t definition, std::int16_t repetition);

  const Shape& shape_;
  std::vector<Entries> entries_;
  Arena arena_;
  std::size_t rows_ = 0;
  std::size_t pushed_ = 0;        // entries by items since clear()
  std::size_t spare_entries_ = 0;  // of the row at hand
  std::uint64_t spare_items_ = 0;  // that take no bytes
  const Step* refused_ = nullptr;
  const char* why_ = nullptr;
};

}  // namespace sluice::deliver::parquet
