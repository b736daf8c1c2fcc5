#include "flow/value/value.h"

#include <algorithm>
#include <new>

namespace sluice::flow {

void Arena::more(std::size_t size) {
  const auto block = std::max(size, block_bytes_);
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
  at_ = blocks_.back().get();
  left_ = block;
  used_ += block;
}

std::span<Value> Arena::row(std::size_t count) {
  if (count == 0) return {};
  char* at = bytes(count * sizeof(Value) + alignof(Value) - 1);
  at += (alignof(Value) - reinterpret_cast<std::uintptr_t>(at) % alignof(Value)) % alignof(Value);
  auto* const values = reinterpret_cast<Value*>(at);
  for (std::size_t i = 0; i < count; ++i) new (values + i) Value;
  return {values, count};
}

void Arena::reset() {
  if (blocks_.empty()) return;
  blocks_.resize(1);
  at_ = blocks_.front().get();
  left_ = used_ = block_bytes_;  // it may be larger: what was asked for at first
}

}  // namespace sluice::flow
