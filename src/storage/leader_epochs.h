#pragma once
// Which leader epoch began at which offset: the file leader-epoch-checkpoint. Not thread-safe; the append lock guards it.

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::storage {

struct EpochEnd {
  LeaderEpoch epoch;
  Offset end;
};

class LeaderEpochs {
 public:
  // "0\n<count>\n<epoch> <start offset>\n…". Errors: corrupt, unsupported.
  [[nodiscard]] static Result<LeaderEpochs> parse(ByteView text);
  [[nodiscard]] Bytes text() const;

  // 0 before the first begin().
  [[nodiscard]] LeaderEpoch current() const;
  // Notes that `epoch` begins at `start`. Gives whether that was new; an epoch not above the current one is not.
  bool begin(LeaderEpoch epoch, Offset start);
  [[nodiscard]] std::optional<EpochEnd> end_of(LeaderEpoch epoch, Offset log_end) const;
  // Forgets what begins at or past `end`, and the epochs that end before `start`. Gives whether anything changed.
  bool cut(Offset start, Offset end);

 private:
  struct Entry {
    LeaderEpoch epoch;
    Offset start;
  };
  std::vector<Entry> entries_;  // both rise
};

}  // namespace sluice::storage
