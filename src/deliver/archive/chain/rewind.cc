#include "deliver/archive/chain/rewind.h"

#include <algorithm>
#include <set>

#include "base/trace.h"
#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kReadWaitMs = 100;
constexpr std::size_t kReadBytes = std::size_t{4} << 20;

// A folder that loses a file is not complete any more, whatever it says.
Result<void> remove_record(pipeline::Store& store, const CommitRecord& record) {
  if (store.temporaries_expire()) {
    SLUICE_RETURN_IF_ERROR(store.remove(named_name(record.topic, record.partition)));  // the next of this offset is another
  }
  std::set<std::string> folders;
  for (const auto& file : record.files) folders.insert(file.name.substr(0, file.name.rfind('/')));
  for (const auto& folder : folders) SLUICE_RETURN_IF_ERROR(store.remove(folder + "/_SUCCESS"));
  for (const auto& file : record.files) {
    SLUICE_RETURN_IF_ERROR(store.discard(file.temporary));
    SLUICE_RETURN_IF_ERROR(store.remove(file.name));
  }
  return store.remove(record_name(record.topic, record.partition, record.first));
}

}  // namespace

Result<Rewind> plan_rewind(pipeline::Store& store, const std::string& topic, std::int32_t partition, Offset at) {
  SLUICE_TRY(const auto firsts, list_records(store, topic, partition));
  Rewind rewind{.topic = topic, .partition = partition, .removed = {}, .end = {}};
  for (auto first = firsts.rbegin(); first != firsts.rend(); ++first) {
    SLUICE_TRY(auto record, read_record(store, topic, partition, *first));
    if (first == firsts.rbegin()) rewind.from = rewind.to = record.end;
    if (record.end <= at) {
      rewind.end = ArchiveEnd{record.end, record.totals};
      break;
    }
    rewind.to = record.first;
    rewind.files += record.files.size();
    rewind.rows += record.rows;
    rewind.removed.push_back(std::move(record));
  }
  return rewind;
}

Result<std::uint64_t> rows_in_log(pipeline::Log& log, const Rewind& rewind) {
  SLUICE_TRY(const auto range, log.range(rewind.topic, rewind.partition));
  const auto end = std::min(rewind.from, range.last_stable);
  SLUICE_TRY(const auto reader, log.reader(rewind.topic, rewind.partition, std::max(rewind.to, range.start)));
  std::uint64_t rows = 0;
  while (reader->next_offset() < end) {
    SLUICE_TRY(const auto records, reader->poll(kReadWaitMs, kReadBytes));
    rows += static_cast<std::uint64_t>(std::ranges::count_if(records, [end](const auto& record) { return record.offset < end; }));
  }
  return rows;
}

Result<void> go_back(pipeline::Store& store, const Rewind& rewind) {
  for (const auto& record : rewind.removed) SLUICE_RETURN_IF_ERROR(remove_record(store, record));
  if (!rewind.removed.empty()) {
    trace::info("archive", store.where() + ": " + rewind.topic + " partition " + std::to_string(rewind.partition) +
                               " went back from offset " + to_string(rewind.from) + " to " + to_string(rewind.to));
  }
  return {};
}

Result<void> take_back_lost(pipeline::Store& store, pipeline::Log& log, const CommitRecord& lost) {
  SLUICE_TRY(const auto plan, plan_rewind(store, lost.topic, lost.partition, lost.first));
  SLUICE_TRY(const auto rows, rows_in_log(log, plan));
  const auto what = store.where() + ": " + lost.topic + " partition " + std::to_string(lost.partition) + ", offsets " +
                    to_string(lost.first) + " to " + to_string(lost.end - 1) +
                    ": the uploads were aborted after their commit and before they became files";
  if (rows >= lost.rows + lost.filtered) {
    trace::warn("archive", what + "; they are archived again from the log");
    return go_back(store, plan);
  }
  return Error{.code = ErrorCode::rejected,
               .message = what + ", and of their " + std::to_string(lost.rows + lost.filtered) + " records the log has " + std::to_string(rows),
               .hint = "to go on without the others: sluice sink pause NAME, sluice sink rewind NAME " + lost.topic + " --partition " +
                       std::to_string(lost.partition) + " --offset " + to_string(lost.first) +
                       " --yes, sluice sink resume NAME; and let the bucket's lifecycle (AbortIncompleteMultipartUpload) wait longer"};
}

}  // namespace sluice::deliver::archive
