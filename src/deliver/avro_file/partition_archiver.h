#pragma once
// One partition on its way into the archive: a reader, the open files of the current roll, the chain.
//
//   poll ──> encode ──> open files by hour and format ──roll──> Chain::commit ──> hold moved
//
// A roll takes everything read since the last one. An error of the log, the store or the catalog leaves the object
// unusable: drop it, open another; it begins at the archive's position.

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "deliver/avro_file/chain.h"
#include "deliver/avro_file/roll.h"
#include "deliver/avro_file/row_encoder.h"
#include "deliver/avro_file/sink.h"
#include "pipeline/log.h"
#include "pipeline/store.h"

namespace sluice::deliver::avro_file {

// What all partitions of a sink share. The references outlive them.
struct ArchiverContext {
  const SinkOptions& options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Store& store;
  const io::Clock& clock;
  std::string writer = {};                // unique to this run of the sink
  BlockCompressor* compressor = nullptr;  // of the sink's thread
};

class PartitionArchiver {
 public:
  // Finishes what the archive has unfinished, holds the log at the archive's end, and opens a reader there. When the log
  // begins later than the archive ends, writes the gap into the chain, loudly. Errors: rejected (the log ends before
  // the archive does: another topic of the same name), corrupt, and those of log and store.
  [[nodiscard]] static Result<std::unique_ptr<PartitionArchiver>> open(const ArchiverContext& context,
                                                                       const std::string& topic,
                                                                       std::int32_t partition);

  // Reads once, waiting at most `wait_ms` for a record, and rolls when a roll is due. True: it moved on.
  [[nodiscard]] Result<bool> step(std::int64_t wait_ms);
  // Archives and publishes everything read.
  [[nodiscard]] Result<void> roll();

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] std::int32_t partition() const { return partition_; }
  [[nodiscard]] Offset next() const { return reader_->next_offset(); }
  [[nodiscard]] Offset end() const { return first_; }
  [[nodiscard]] const Totals& totals() const { return chain_.totals(); }
  [[nodiscard]] std::uint64_t missing_files() const { return chain_.missing_files(); }
  [[nodiscard]] std::uint64_t rows_read() const { return rows_read_; }
  [[nodiscard]] std::uint64_t pending_bytes() const { return roll_->row_bytes(); }
  // How long the oldest row that is read but not published has been waiting; 0 without one.
  [[nodiscard]] std::int64_t pending_ms() const;
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  PartitionArchiver(const ArchiverContext& context, Chain chain, const std::string& topic, std::int32_t partition);

  [[nodiscard]] Result<void> begin_at(Offset offset);
  [[nodiscard]] Result<void> add(const pipeline::ReadRecord& record);
  [[nodiscard]] Result<void> roll_to(Offset end);
  [[nodiscard]] Result<void> skip_gap();
  [[nodiscard]] Result<void> store_schema(const RowFormat& format);
  [[nodiscard]] bool roll_is_due() const;

  const ArchiverContext& context_;
  std::string topic_;
  std::int32_t partition_;
  Chain chain_;
  RowEncoder encoder_;
  std::unique_ptr<pipeline::Reader> reader_;
  std::unique_ptr<Roll> roll_;
  Offset first_;                        // of the current roll
  std::int64_t roll_began_ms_ = 0;      // steady; when the roll took its first record
  std::set<const RowFormat*> formats_;  // seen by this object; their schemas are in the store
  std::uint64_t rows_read_ = 0;
  std::string note_;
  Bytes row_;
};

}  // namespace sluice::deliver::avro_file
