#pragma once
// Of each key of a partition its newest record, by the key's hash: 24 bytes in a table that is at most three quarters
// full, so 32 to 64 bytes a key. Hashes have 128 bits and a random seed: two keys of one hash do not happen.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"

namespace sluice::deliver::archive {

class NewestRecords {
 public:
  // Offsets ascend. A `deleted` record removes the key.
  void note(const Hash128& key, Offset offset, bool deleted);
  // The offset of a key's newest record; none when that removed it, or when there is no such key.
  [[nodiscard]] std::optional<Offset> newest(const Hash128& key) const;
  [[nodiscard]] std::uint64_t alive() const { return alive_; }

 private:
  struct Slot {
    Hash128 key;
    std::int64_t state = 0;  // 0: free; the offset + 1; its negative: deleted there
  };
  [[nodiscard]] std::size_t find(const Hash128& key) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::uint64_t alive_ = 0;
};

}  // namespace sluice::deliver::archive
