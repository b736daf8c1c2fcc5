#pragma once
// What a read_committed reader must skip: the offsets [first_offset, last_offset] of one producer, last_offset being the abort
// marker's. A `.txnindex` file is a sequence of these, with the last stable offset when the marker was written.

#include "base/ids.h"

namespace sluice::storage {

struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;
  Offset last_offset;
  Offset last_stable_offset;
  bool operator==(const AbortedTransaction&) const = default;
};

}  // namespace sluice::storage
