// The order of a start is what makes it exactly once:
//
//   1. A new producer: an earlier owner is fenced, and what it left open is aborted or settled.
//   2. The position: what is taken, as the log has it.
//   3. The state: from what it has applied, up to the ends of the topics that hold it.
//
// From there on each batch is one transaction of the log, and then one batch of the state. After any error the run ends: the transaction
// is aborted with its producer, the state's batch is rolled back, and the next run begins at 1.

#include "flow/view/run.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/trace.h"
#include "flow/operators/operator.h"
#include "flow/view/restore.h"
#include "flow/view/schemas.h"
#include "flow/view/take_over.h"
#include "io/clock.h"

namespace sluice::flow {
namespace {

constexpr std::int64_t kWaitMs = 200;          // for news of the log, before stop is looked at
constexpr std::int64_t kLookEveryMs = 2'000;   // for new partitions

}  // namespace

void ViewBoard::set_state(const std::string& to) {
  const std::lock_guard lock(mutex);
  state = to;
}

Result<void> ViewRun::run(const std::stop_token& stop, std::shared_ptr<DiskState> disk) {
  auto outcome = start(stop, std::move(disk));
  if (outcome.ok() && !stop.stop_requested()) outcome = go(stop);
  if (!outcome.ok() && outcome.error().code == ErrorCode::cancelled) outcome = {};
  if (disk_) {
    disk_->rollback();
    if (outcome.ok()) outcome = close_state();
  }
  return outcome;
}

// Durable, and as of now: it may be long until the next start.
Result<void> ViewRun::close_state() {
  applied_.at_ms = io::system_clock().wall_ms();
  SLUICE_RETURN_IF_ERROR(disk_->commit(applied_.text()));
  return disk_->flush();
}

Result<void> ViewRun::start(const std::stop_token& stop, std::shared_ptr<DiskState> disk) {
  const auto& spec = in_.spec;
  in_.board.set_state("starting");
  state_topic_ = state_topic(spec.name, spec.generation);
  position_key_ = position_key(spec.name, spec.generation);
  SLUICE_TRY(schema_, register_schemas(spec.name, in_.plan, in_.catalog));
  SLUICE_RETURN_IF_ERROR(make_topics(in_.log, spec.name, state_topic_, schema_.keyed));
  SLUICE_TRY(producer_, in_.log.producer(owner_name(spec.name, spec.generation)));
  SLUICE_RETURN_IF_ERROR(read_position());
  SLUICE_RETURN_IF_ERROR(know(spec.name));
  return restore(stop, std::move(disk));
}

// A view that has no position, or one of when it was built beside another, takes its topic over when it has caught up: the topic may have rows
// of another generation.
Result<void> ViewRun::read_position() {
  SLUICE_TRY(const auto text, pipeline::read_position(in_.log, position_key_));
  begun_ = text.has_value();
  if (begun_) {
    SLUICE_TRY(position_, Position::parse(*text));
    published_ = position_.published;
  } else {
    SLUICE_TRY(const auto range, in_.log.range(in_.spec.name, 0));
    SLUICE_TRY(const auto reader, in_.log.reader(in_.spec.name, 0, range.start));
    SLUICE_TRY(const auto rows, reader->poll(0, 1));
    published_ = in_.spec.published && rows.empty();
  }
  position_.published = published_;
  if (published_) in_.board.taken_over = true;
  if (in_.spec.published && !published_) in_.board.take_over = true;
  return {};
}

// Offsets say nothing in a topic that was deleted and made anew: its records would be passed over, or a view's rows thought to be there.
Result<void> ViewRun::know(const std::string& topic) {
  SLUICE_TRY(const auto described, in_.log.describe(topic));
  const auto& id = position_.topics.try_emplace(topic, described.id).first->second;
  if (id == described.id) return {};
  const auto& view = in_.spec.name;
  return Error{ErrorCode::rejected, "topic " + topic + " was deleted and made anew: " + (topic == view ? "the view's rows were in it" : "the view's rows are of the old one"),
               "", "build it anew: sluice view delete " + view + ", and create it again"};
}

Result<void> ViewRun::restore(const std::stop_token& stop, std::shared_ptr<DiskState> disk) {
  const StateSource source{.folder = in_.options.folder + "/" + std::to_string(in_.spec.generation),
                           .memory_bytes = in_.options.memory_bytes,
                           .state_topic = state_topic_,
                           .rows_topic = published_ && schema_.keyed ? in_.spec.name : "",
                           .begun = begun_};
  in_.board.set_state("restoring");
  SLUICE_TRY(disk_, restore_state(source, in_.log, std::move(disk), [&](double part) {
               const std::lock_guard lock(in_.board.mutex);
               in_.board.counts.restored = part;
               return !stop.stop_requested();
             }));
  applied_ = Applied::parse(disk_->applied());
  SLUICE_RETURN_IF_ERROR(forget_image(*disk_, published_ && !schema_.keyed));
  Output::Setting setting{.view = in_.spec.name, .published = published_, .append_only = in_.plan.root->append_only, .schema = schema_};
  output_ = std::make_unique<Output>(std::move(setting), in_.log, *disk_, OutputCounts{.rows = position_.rows});
  {
    const std::lock_guard lock(in_.board.mutex);
    in_.board.disk = disk_;
    in_.board.counts.rows = position_.rows;
    in_.board.counts.watermark_us = position_.watermark_us;
  }
  flushed_ms_ = io::system_clock().steady_ms();
  return {};
}

// False: it was stopped meanwhile.
Result<bool> ViewRun::wait_for_inputs(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    SLUICE_TRY(auto missing, missing_inputs(in_.log, in_.plan, position_));
    const bool all = missing.empty();
    {
      const std::lock_guard lock(in_.board.mutex);
      in_.board.waits_for = std::move(missing);
    }
    if (all) return true;
    in_.board.set_state("starting");
    std::this_thread::sleep_for(std::chrono::milliseconds(kWaitMs));
  }
  return false;
}

Result<void> ViewRun::open_plan() {
  for (const auto& relation : in_.plan.relations) SLUICE_RETURN_IF_ERROR(know(relation.topic));
  SLUICE_TRY(inputs_, Inputs::open(in_.plan, in_.log, position_,
                                   {.hold = owner_name(in_.spec.name, in_.spec.generation), .batch_bytes = in_.options.batch_bytes, .batch_records = in_.options.batch_records}));
  SLUICE_TRY(execution_, Execution::open(in_.plan, *disk_, "s"));
  const auto read = columns_read(in_.plan);
  for (std::size_t i = 0; i < in_.plan.relations.size(); ++i) {
    decoders_.emplace_back(in_.plan.relations[i], in_.catalog);
    SLUICE_TRY(auto unchanged, UnchangedValues::open(in_.plan.relations[i], i, read[i], *disk_));
    unchanged_.push_back(std::move(unchanged));
    order_.push_back(i);
  }
  changes_.resize(order_.size());
  std::ranges::stable_partition(order_, [&](std::size_t i) { return in_.plan.relations[i].is_table(); });
  return {};
}

Result<void> ViewRun::go(const std::stop_token& stop) {
  SLUICE_TRY(const bool there, wait_for_inputs(stop));
  if (!there) return {};
  SLUICE_RETURN_IF_ERROR(open_plan());
  in_.board.set_state("building");
  for (std::int64_t wait_ms = 0; !stop.stop_requested(); wait_ms = kWaitMs) {
    SLUICE_RETURN_IF_ERROR(inputs_->advance_cut(wait_ms));
    const bool idle = inputs_->at_cut() && begun_;
    SLUICE_RETURN_IF_ERROR(read_to_cut(stop));
    if (stop.stop_requested()) break;
    if (!in_.board.caught_up.exchange(true)) in_.board.set_state("streaming");
    if (in_.board.take_over && !published_) SLUICE_RETURN_IF_ERROR(take_over());
    if (idle) inputs_->release();
    SLUICE_RETURN_IF_ERROR(look_around());
  }
  return {};
}

Result<void> ViewRun::read_to_cut(const std::stop_token& stop) {
  while (!stop.stop_requested() && (!begun_ || !inputs_->at_cut())) SLUICE_RETURN_IF_ERROR(batch());
  show();
  return {};
}

// Between two cuts.
Result<void> ViewRun::look_around() {
  const auto now = io::system_clock().steady_ms();
  if (now - looked_ms_ < kLookEveryMs) return {};
  looked_ms_ = now;
  SLUICE_RETURN_IF_ERROR(know(in_.spec.name));
  for (const auto& relation : in_.plan.relations) SLUICE_RETURN_IF_ERROR(know(relation.topic));
  return inputs_->discover();
}

Result<void> ViewRun::take_over() {
  const TopicTakeOver how{.view = in_.spec.name, .state_topic = state_topic_, .position_key = position_key_, .keyed = schema_.keyed};
  auto position = position_;
  position.published = true;
  SLUICE_RETURN_IF_ERROR(take_topic_over(how, position, applied_, *disk_, in_.log, *producer_));
  position_.published = published_ = true;
  output_->publish();
  in_.board.taken_over = true;
  trace::info("flow", "view " + in_.spec.name + ": generation " + std::to_string(in_.spec.generation) + " has taken the topic over");
  return {};
}

void ViewRun::show() {
  auto items = inputs_->items();
  const auto& now = output_->counts();
  const std::lock_guard lock(in_.board.mutex);
  auto& counts = in_.board.counts;
  in_.board.items = std::move(items);
  counts.rows = now.rows;
  counts.given += now.given - before_.given;
  counts.late += now.late - before_.late;
  counts.failed += now.failed - before_.failed;
  counts.taken += taken_;
  counts.watermark_us = position_.watermark_us;
  before_ = now;
  taken_ = 0;
}

}  // namespace sluice::flow
