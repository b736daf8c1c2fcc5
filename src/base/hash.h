#pragma once
// A fast hash of bytes, for tables in memory; never for files: it may change.

#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace sluice {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

// XXH3. With a random `seed` nobody can choose two keys of one hash.
[[nodiscard]] Hash128 hash128(ByteView bytes, std::uint64_t seed);

}  // namespace sluice

template <>
struct std::hash<sluice::Hash128> {
  std::size_t operator()(const sluice::Hash128& of) const noexcept { return of.low; }
};
