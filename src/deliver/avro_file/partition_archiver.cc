#include "deliver/avro_file/partition_archiver.h"

#include <utility>

#include "base/trace.h"
#include "deliver/avro_file/layout.h"

namespace sluice::deliver::avro_file {

using pipeline::Published;

PartitionArchiver::PartitionArchiver(const ArchiverContext& context, Chain chain, const std::string& topic,
                                     std::int32_t partition)
    : context_(context),
      topic_(topic),
      partition_(partition),
      chain_(std::move(chain)),
      encoder_(topic, partition, context.catalog) {}

Result<std::unique_ptr<PartitionArchiver>> PartitionArchiver::open(const ArchiverContext& context,
                                                                   const std::string& topic,
                                                                   std::int32_t partition) {
  SLUICE_TRY(auto chain, Chain::open(context.store, topic, partition, context.writer));
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
  std::unique_ptr<PartitionArchiver> out(new PartitionArchiver(context, std::move(chain), topic, partition));
  SLUICE_TRY(out->reader_, context.log.reader(topic, partition, archived));
  SLUICE_RETURN_IF_ERROR(out->begin_at(archived));
  if (archived < range.start) SLUICE_RETURN_IF_ERROR(out->skip_gap());
  return out;
}

Result<void> PartitionArchiver::begin_at(Offset offset) {
  first_ = offset;
  roll_ = std::make_unique<Roll>(context_.store, RollOptions{context_.compressor, context_.options.block_bytes},
                                 topic_, partition_, first_, chain_);
  roll_began_ms_ = 0;
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
  for (const auto& record : *records) SLUICE_RETURN_IF_ERROR(add(record));
  const bool moved = reader_->next_offset() != before;
  if (moved && roll_began_ms_ == 0) roll_began_ms_ = context_.clock.steady_ms() + 1;
  if (roll_is_due()) SLUICE_RETURN_IF_ERROR(roll());
  return moved;
}

bool PartitionArchiver::roll_is_due() const {
  return roll_->largest_file_bytes() >= context_.options.roll_bytes ||
         roll_->open_files() > context_.options.max_open_files || pending_ms() >= context_.options.roll_after.count();
}

std::int64_t PartitionArchiver::pending_ms() const {
  return roll_began_ms_ == 0 ? 0 : context_.clock.steady_ms() + 1 - roll_began_ms_;
}

Result<void> PartitionArchiver::add(const pipeline::ReadRecord& record) {
  row_.clear();
  SLUICE_TRY(const auto* format, encoder_.encode(record, row_));
  if (formats_.insert(format).second) {
    if (!roll_->empty()) SLUICE_RETURN_IF_ERROR(roll_to(record.offset));
    SLUICE_RETURN_IF_ERROR(store_schema(*format));
  }
  SLUICE_RETURN_IF_ERROR(roll_->add(*format, record.timestamp_ms, record.offset, row_));
  ++rows_read_;
  return {};
}

Result<void> PartitionArchiver::roll() { return roll_to(reader_->next_offset()); }

Result<void> PartitionArchiver::roll_to(Offset end) {
  if (end == first_) return {};
  SLUICE_TRY(auto files, roll_->finish());
  SLUICE_RETURN_IF_ERROR(chain_.commit(first_, end, std::move(files), /*gap=*/false, context_.clock.wall_ms()));
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
  SLUICE_RETURN_IF_ERROR(chain_.commit(next, range.start, {}, /*gap=*/true, context_.clock.wall_ms()));
  reader_->seek(range.start);
  return begin_at(range.start);
}

// A reader of the files needs their schemas only to merge them; they stand beside the chain, one file each.
Result<void> PartitionArchiver::store_schema(const RowFormat& format) {
  const auto name = schema_name(topic_, format.schema);
  auto there = context_.store.size(name);
  if (there.ok()) return {};
  if (there.error().code != ErrorCode::not_found) return std::move(there).error();
  const auto temporary = chain_.new_temporary(first_, ".avsc");
  SLUICE_TRY(const auto writer, context_.store.create(temporary));
  SLUICE_RETURN_IF_ERROR(writer->append(format.schema));
  SLUICE_RETURN_IF_ERROR(writer->finish());
  SLUICE_TRY(const auto published, context_.store.publish(temporary, name));
  return published == Published::name_is_taken ? context_.store.remove(temporary) : Result<void>{};
}

}  // namespace sluice::deliver::avro_file
