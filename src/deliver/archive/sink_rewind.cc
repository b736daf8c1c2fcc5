// A paused sink takes its archive back: plan for every partition, check that the log has what the archive gives up, and
// only then remove anything.
#include <algorithm>

#include "deliver/archive/sink_state.h"

namespace sluice::deliver::archive {

namespace {

constexpr auto kPauseWait = std::chrono::seconds(30);

}  // namespace

Result<void> Sink::State::begin_rewind() {
  std::unique_lock lock(mutex);
  if (!paused) {
    return Error{.code = ErrorCode::rejected,
                 .message = "sink " + options.name + " is not paused",
                 .hint = "sluice sink pause " + options.name + ", then rewind, then sluice sink resume " + options.name};
  }
  if (rewinding) return Error{.code = ErrorCode::rejected, .message = "sink " + options.name + " is being rewound"};
  if (!changed.wait_for(lock, kPauseWait, [&] { return !archiving || !paused; }) || !paused) {
    return Error{.code = ErrorCode::back_off, .message = "sink " + options.name + " is still publishing what it has read"};
  }
  rewinding = true;
  return {};
}

void Sink::State::end_rewind() {
  pipeline::StageStatus told;
  static_cast<void>(ends.describe(told));
  const std::lock_guard lock(mutex);
  rewinding = false;
  // At once, so that nobody takes what was there before for what has been archived again.
  status.items = std::move(told.items);
  status.files_published = told.files_published;
  status.bytes_published = told.bytes_published;
  changed.notify_all();
}

Result<std::vector<Rewind>> Sink::State::plan(const RewindRequest& request) {
  if (rule_of(options.topics, request.topic) == nullptr) {
    return Error{.code = ErrorCode::rejected, .message = "sink " + options.name + " does not archive " + request.topic};
  }
  SLUICE_TRY(const auto topic, log.describe(request.topic));
  if (request.partition.value_or(0) < 0 || request.partition.value_or(0) >= topic.partitions) {
    return Error{.code = ErrorCode::not_found,
                 .message = request.topic + " has no partition " + std::to_string(*request.partition) + ", but " +
                            std::to_string(topic.partitions)};
  }
  std::vector<Rewind> plans;
  for (std::int32_t partition = 0; partition < topic.partitions; ++partition) {
    if (request.partition.value_or(partition) != partition) continue;
    SLUICE_TRY(auto plan, plan_rewind(store, request.topic, partition, request.at));
    plans.push_back(std::move(plan));
  }
  return plans;
}

Result<void> Sink::State::check(const Rewind& rewind, bool knowingly) {
  if (rewind.removed.empty()) return {};
  SLUICE_TRY(const auto range, log.range(rewind.topic, rewind.partition));
  // Held first: what is counted now is there when it is read again.
  SLUICE_RETURN_IF_ERROR(log.hold(options.name, rewind.topic, rewind.partition, std::max(rewind.to, range.start)));
  if (knowingly) return {};
  SLUICE_TRY(const auto rows, rows_in_log(log, rewind));
  if (rows >= rewind.rows) return {};
  SLUICE_RETURN_IF_ERROR(log.hold(options.name, rewind.topic, rewind.partition, std::max(rewind.from, range.start)));
  return Error{.code = ErrorCode::rejected,
               .message = rewind.topic + " partition " + std::to_string(rewind.partition) + ": of the " +
                          std::to_string(rewind.rows) + " rows that the archive has from offset " + to_string(rewind.to) +
                          " on, the log has " + std::to_string(rows) + "; it begins at offset " + to_string(range.start) +
                          ", and retention or compaction removed the others: they would be lost",
               .hint = "take a later offset, copy the archive first (sluice sink copy), or lose them knowingly with --yes"};
}

Result<std::vector<Rewound>> Sink::State::rewind(const RewindRequest& request) {
  SLUICE_TRY(const auto plans, plan(request));
  for (const auto& plan : plans) SLUICE_RETURN_IF_ERROR(check(plan, request.knowingly));
  std::vector<Rewound> out;
  for (const auto& plan : plans) {
    if (!plan.removed.empty()) {
      ends.went_back({plan.topic, plan.partition}, plan.end);
      SLUICE_RETURN_IF_ERROR(go_back(store, plan));
    }
    out.push_back({plan.partition, plan.from, plan.to, plan.files, plan.rows});
  }
  return out;
}

Result<std::vector<Rewound>> Sink::rewind(const RewindRequest& request) {
  SLUICE_RETURN_IF_ERROR(state_->begin_rewind());
  auto rewound = state_->rewind(request);
  state_->end_rewind();
  return rewound;
}

}  // namespace sluice::deliver::archive
