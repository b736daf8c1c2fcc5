#include "deliver/archive/partition_archiver.h"

#include <algorithm>
#include <utility>

#include "base/trace.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/chain/rewind.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::size_t kMaxKnownFolders = 4096;

}  // namespace

PartitionArchiver::PartitionArchiver(const ArchiverContext& context, const TopicPlan& plan, Chain chain,
                                     const std::string& topic, std::int32_t partition, TopicSchema& schema)
    : context_(context),
      plan_(plan),
      topic_(topic),
      partition_(partition),
      schema_(schema),
      chain_(std::move(chain)),
      encoder_(topic, partition, context.catalog, schema, plan.rule->columns),
      incomplete_(chain_.incomplete()) {
  if (plan.filter) choice_.emplace(*plan.filter, plan.rule->columns, topic_, context.catalog);
}

Result<std::unique_ptr<PartitionArchiver>> PartitionArchiver::open(const ArchiverContext& context,
                                                                   const TopicPlan& plan, const std::string& topic,
                                                                   std::int32_t partition, TopicSchema& schema) {
  SLUICE_TRY(auto chain, Chain::open(context.store, topic, partition, context.writer, context.workers));
  if (const auto lost = chain.lost()) {
    context.goes_back({topic, partition});
    SLUICE_RETURN_IF_ERROR(take_back_lost(context.store, context.log, *lost));
    SLUICE_TRY(chain, Chain::open(context.store, topic, partition, context.writer, context.workers));
  }
  SLUICE_TRY(const auto range, context.log.range(topic, partition));
  const auto archived = chain.end().value_or(Offset{0});
  if (range.last_stable < archived) {
    return Error{.code = ErrorCode::rejected,
                 .message = topic + " partition " + std::to_string(partition) + " ends at offset " +
                            to_string(range.last_stable) + ", its archive at " + to_string(archived) +
                            ": this is not the log that was archived",
                 .hint = "was the topic deleted and made again? Move " + topic_folder(topic) + " and " +
                         chain_root(topic) + " out of " + context.store.where() + " to archive the new one"};
  }
  std::unique_ptr<PartitionArchiver> out(
      new PartitionArchiver(context, plan, std::move(chain), topic, partition, schema));
  SLUICE_TRY(out->reader_, context.log.reader(topic, partition, archived));
  SLUICE_RETURN_IF_ERROR(out->begin_at(archived));
  if (archived < range.start) SLUICE_RETURN_IF_ERROR(out->skip_gap());
  return out;
}

Result<void> PartitionArchiver::begin_at(Offset offset) {
  first_ = offset;
  roll_ = std::make_unique<Roll>(RollTools{context_.store, *context_.options.format, *context_.space, *context_.workers},
                                 topic_, partition_, first_);
  roll_began_ms_ = 0;
  roll_began_wall_ms_ = context_.clock.wall_ms();
  roll_filtered_ = 0;
  auto held = context_.log.hold(context_.options.name, topic_, partition_, offset);
  if (!held.ok() && held.error().code == ErrorCode::not_found) return {};  // the topic is gone: nothing to hold
  return held;
}

Result<bool> PartitionArchiver::step(std::int64_t wait_ms) {
  const auto before = reader_->next_offset();
  auto records = reader_->poll(wait_ms, context_.options.poll_bytes);
  if (!records.ok()) {
    // Refused because the log now begins later: somebody or something removed what was not archived.
    if (records.error().code != ErrorCode::rejected) return std::move(records).error();
    SLUICE_RETURN_IF_ERROR(skip_gap());
    return true;
  }
  for (const auto& record : *records) {
    SLUICE_RETURN_IF_ERROR(add(record));
    if (roll_is_large()) SLUICE_RETURN_IF_ERROR(roll_to(record.offset + 1));
  }
  if (!records->empty()) reader_->release();
  const bool moved = reader_->next_offset() != before;
  caught_up_ = !moved;
  if (moved && roll_began_ms_ == 0) roll_began_ms_ = context_.clock.steady_ms() + 1;
  return moved;
}

bool PartitionArchiver::roll_is_large() const {
  const auto& options = context_.options;
  return static_cast<double>(roll_->largest_file_bytes()) * ratio_ >= static_cast<double>(options.roll_bytes) ||
         roll_->rows() >= options.roll_rows || roll_->open_files() > options.max_open_files;
}

bool PartitionArchiver::roll_is_due() const {
  return pending_ms() >= context_.options.roll_after.count() || period_is_over();
}

// Whether a folder's time has come to its end since the roll began, with all of the log read: no reason to wait longer.
bool PartitionArchiver::period_is_over() const {
  if (!caught_up_ || roll_->empty()) return false;
  const auto grace = context_.options.grace.count();
  const auto now = context_.clock.wall_ms();
  return std::ranges::any_of(roll_->periods(), [&](const auto& period) {
    return period.second + grace > roll_began_wall_ms_ && period.second + grace <= now;
  });
}

std::int64_t PartitionArchiver::watermark_ms() const {
  const auto grace = context_.options.grace.count();
  if (caught_up_ && roll_->empty()) return context_.clock.wall_ms() - grace;
  return published_ms_ == INT64_MIN ? INT64_MIN : published_ms_ - grace;
}

std::int64_t PartitionArchiver::pending_ms() const {
  return roll_began_ms_ == 0 ? 0 : context_.clock.steady_ms() + 1 - roll_began_ms_;
}

Result<void> PartitionArchiver::add(const pipeline::ReadRecord& record) {
  row_.clear();
  SLUICE_TRY(auto encoded, encoder_.encode(record, row_));
  newest_ms_ = std::max(newest_ms_, record.timestamp_ms);
  ++rows_read_;
  if (choice_) {
    SLUICE_TRY(auto verdict, choice_->takes(record, encoded, row_));
    if (!verdict.takes) return ++rows_filtered_, ++roll_filtered_, Result<void>{};
    if (!verdict.failure.empty()) encoder_.refuse(record, "where: " + verdict.failure, encoded, row_);
  }
  SLUICE_RETURN_IF_ERROR(place(encoded, record.timestamp_ms));
  const auto& by = plan_.partitioning;
  const bool completes = by.completes() && folder_period_ms_ != INT64_MAX;
  SLUICE_RETURN_IF_ERROR(
      roll_->add(encoded, folder_, completes ? folder_period_ms_ + by.period_ms() : 0, record.offset, row_));
  if (encoded.reason.empty()) return {};
  if (dead_letters_++ == 0) {
    trace::warn("archive", topic_ + " partition " + std::to_string(partition_) + " offset " + to_string(record.offset) +
                               " goes to the dead letters: " + encoded.reason);
  }
  return {};
}

// Finds the folder of the row at hand.
Result<void> PartitionArchiver::place(const EncodedRow& encoded, std::int64_t timestamp_ms) {
  const auto& by = plan_.partitioning;
  const auto period = by.period_begin(timestamp_ms);
  if (by.columns().empty()) {
    if (period == folder_period_ms_) return {};  // nearly always
    folder_period_ms_ = period;
    if (folders_.size() > kMaxKnownFolders) folders_.clear();
    const auto [known, is_new] = folders_.try_emplace(period);
    if (is_new) known->second = by.folder(timestamp_ms, {});
    folder_ = known->second;
    return {};
  }
  if (!encoded.reason.empty()) {
    folder_values_.assign(by.columns().size(), {});
  } else {
    auto found = folder_columns_.find(encoded.schema);
    if (found == folder_columns_.end()) {
      SLUICE_TRY(const auto row, avro::Schema::parse(encoded.schema->text, {.validate_defaults = false}));
      SLUICE_TRY(auto columns, FolderColumns::compile(row, by));
      found = folder_columns_.emplace(encoded.schema, std::move(columns)).first;
    }
    SLUICE_CHECK(found->second.read(row_, folder_values_));
  }
  folder_ = by.folder(timestamp_ms, folder_values_);
  return {};
}

Result<void> PartitionArchiver::roll() { return roll_to(reader_->next_offset()); }

Result<void> PartitionArchiver::roll_to(Offset end) {
  SLUICE_RETURN_IF_ERROR(archive_to(end));
  return go_on();
}

Result<void> PartitionArchiver::archive_to(Offset end) {
  if (end == first_) return {};
  // Others roll at the same time: one that met a missing folder has let the store forget what was there. An object store has
  // no folders to lose.
  if (!context_.store.temporaries_expire()) SLUICE_RETURN_IF_ERROR(chain_.check_newest());
  SLUICE_TRY(auto files, roll_->finish(schema_, chain_));
  std::uint64_t bytes = 0;
  for (const auto& file : files) bytes += file.bytes;
  if (roll_->row_bytes() > 0) ratio_ = static_cast<double>(bytes) / static_cast<double>(roll_->row_bytes());
  if (roll_->has_dead_letters()) {
    SLUICE_RETURN_IF_ERROR(
        context_.dead_letters->send(topic_, [&](const DeadLetters::TakeRow& take) { return roll_->read_dead_letters(take); }));
  }
  incomplete_.insert(roll_->periods().begin(), roll_->periods().end());
  return chain_.commit(first_, end, std::move(files), {.now_ms = context_.clock.wall_ms(),
                                                       .incomplete = incomplete_,
                                                       .filter = plan_.rule->where,
                                                       .filtered = roll_filtered_});
}

Result<void> PartitionArchiver::go_on() {
  const auto end = chain_.end().value_or(Offset{0});
  if (end == first_) return {};
  published_ms_ = newest_ms_;
  return begin_at(end);
}

Result<void> PartitionArchiver::skip_gap() {
  SLUICE_TRY(const auto range, context_.log.range(topic_, partition_));
  const auto next = reader_->next_offset();
  if (range.start <= next) {
    return Error{.code = ErrorCode::back_off,
                 .message = topic_ + " partition " + std::to_string(partition_) + " cannot be read at offset " +
                            to_string(next)};
  }
  SLUICE_RETURN_IF_ERROR(roll_to(next));
  if (next == Offset{0}) {
    trace::info("archive", topic_ + " partition " + std::to_string(partition_) + ": begins at offset " +
                               to_string(range.start) + ", where its log begins");
  } else {
    note_ = "offsets " + to_string(next) + " to " + to_string(range.start - 1) +
            " were removed from the log before they were archived";
    trace::error("archive", topic_ + " partition " + std::to_string(partition_) + ": " + note_);
  }
  SLUICE_RETURN_IF_ERROR(chain_.commit(next, range.start, {}, {.gap = true, .now_ms = context_.clock.wall_ms(), .incomplete = incomplete_}));
  reader_->seek(range.start);
  return begin_at(range.start);
}

}  // namespace sluice::deliver::archive
