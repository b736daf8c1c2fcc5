#include "capture/postgres/row_count.h"

#include <algorithm>

namespace sluice::capture::postgres {
namespace {
constexpr std::size_t kReadBytes = std::size_t{4} << 20;
}  // namespace

Result<void> recount(pipeline::Log& log, const std::string& topic, RowCount& count) {
  count.appended = count.committed;
  const auto range = log.range(topic, 0);
  if (!range.ok()) return range.error().code == ErrorCode::not_found ? Result<void>{} : Result<void>{range.error()};
  const auto from = std::max(count.until, range->start);
  if (from >= range->last_stable) return {};
  SLUICE_TRY(const auto reader, log.reader(topic, 0, from));
  while (reader->next_offset() < range->last_stable) {
    SLUICE_TRY(const auto records, reader->poll(0, kReadBytes));
    if (records.empty() && reader->next_offset() < range->last_stable) break;
    count.appended.all += records.size();
    count.appended.of_snapshot += static_cast<std::uint64_t>(
        std::count_if(records.begin(), records.end(), [](const auto& record) { return record.header("__op") == "r"; }));
  }
  count.commit(range->last_stable);
  return {};
}

}  // namespace sluice::capture::postgres
