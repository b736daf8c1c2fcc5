#pragma once
// The entries of a column on their way to Parquet: their levels, and densely the values of those that have one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace sluice::deliver::parquet {

// Memory for a batch's bytes, which do not move.
class Arena {
 public:
  [[nodiscard]] char* take(std::size_t size) {
    if (size > free_) grow(size);
    char* taken = at_;
    at_ += size;
    free_ -= size;
    taken_ += size;
    return taken;
  }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  // Everything taken is gone. Keeps a block that was enough; else the next one is as large as all together.
  void clear() {
    if (blocks_.size() > 1 || block_bytes_ > kMaxBlock) {
      blocks_.clear();
      at_ = nullptr;
      free_ = 0;
      wanted_ = taken_;
    } else {
      at_ -= taken_;
      free_ += taken_;
    }
    taken_ = 0;
  }

 private:
  static constexpr std::size_t kMinBlock = 16 << 10;
  static constexpr std::size_t kMaxBlock = 1 << 20;

  void grow(std::size_t size) {
    block_bytes_ = std::max(size, std::min(kMaxBlock, std::max({kMinBlock, taken_, wanted_})));
    at_ = blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(block_bytes_)).get();
    free_ = block_bytes_;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  std::size_t free_ = 0;
  std::size_t taken_ = 0;
  std::size_t block_bytes_ = 0;  // of the last one
  std::size_t wanted_ = 0;
};

// Values of one type, which only who reads and writes them knows.
class Values {
 public:
  template <typename T>
  void push(const T& value) {
    if (size_ + sizeof(T) > capacity_) grow();
    std::memcpy(data_.get() + size_, &value, sizeof(T));
    size_ += sizeof(T);
  }
  [[nodiscard]] const void* data() const { return data_.get(); }
  void clear() { size_ = 0; }

 private:
  void grow() {
    capacity_ = std::max<std::size_t>(1024, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
  }

  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct Entries {
  bool has_definitions = false;  // else every entry has a value
  bool has_repetitions = false;  // else every entry begins a row
  std::size_t count = 0;
  std::vector<std::int16_t> definitions;
  std::vector<std::int16_t> repetitions;
  Values values;

  void push(std::int16_t definition, std::int16_t repetition) {
    if (has_definitions) definitions.push_back(definition);
    if (has_repetitions) repetitions.push_back(repetition);
    ++count;
  }
  void clear() {
    count = 0;
    definitions.clear();
    repetitions.clear();
    values.clear();
  }
};

}  // namespace sluice::deliver::parquet
