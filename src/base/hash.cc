#include "base/hash.h"

#include <xxhash.h>

namespace sluice {

Hash128 hash128(ByteView bytes, std::uint64_t seed) {
  const auto hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
}

}  // namespace sluice
