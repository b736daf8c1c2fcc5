#pragma once
// PostgreSQL snapshots as values: which transactions can be seen.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::capture::postgres {

struct Snapshot {
  std::uint64_t xmin = 0;                   // all below ended
  std::uint64_t xmax = 0;                   // none from here on is seen
  std::vector<std::uint64_t> in_progress;   // between, ascending

  [[nodiscard]] bool sees(std::uint64_t xid) const;
  // pg_current_snapshot()'s text, "xmin:xmax:xip,xip".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static Result<Snapshot> parse(std::string_view text);
};

// The 64-bit transaction id whose low 32 bits are `xid` and which lies nearest to `near`.
[[nodiscard]] std::uint64_t widen_xid(std::uint32_t xid, std::uint64_t near);

}  // namespace sluice::capture::postgres
