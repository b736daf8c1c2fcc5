#pragma once
// One partition on its way into the archive: a reader, the open files of the current roll, the chain.
//
//   poll ──> encode ──> buffers by folder ──roll──> files ──> Chain::commit ──> hold moved
//
// A roll takes everything read since the last one. An error of the log, the store or the catalog leaves the object
// unusable: drop it, open another; it begins at the archive's position.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/dead_letters.h"
#include "deliver/archive/roll.h"
#include "deliver/archive/row_choice.h"
#include "deliver/archive/row_encoder.h"
#include "deliver/archive/sink.h"
#include "pipeline/log.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// What all partitions of a run share. The references outlive them.
struct ArchiverContext {
  const SinkOptions& options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Store& store;
  io::FileSystem& local;
  const io::Clock& clock;
  std::string writer = {};                // unique to this run of the sink
  BufferSpace* space = nullptr;
  DeadLetters* dead_letters = nullptr;
  io::Workers* workers = nullptr;
  // Called before a partition's archive goes back to an earlier end.
  std::function<void(const TopicPartition& at)> goes_back = [](const TopicPartition&) {};
};

class PartitionArchiver {
 public:
  // Finishes what the archive has unfinished, holds the log at the archive's end, and opens a reader there. When the log
  // begins later than the archive ends, writes the gap into the chain, loudly. Errors: rejected (the log ends before
  // the archive does: another topic of the same name; uploads of the newest record are gone, and rows of it from the log),
  // corrupt, and those of log and store.
  [[nodiscard]] static Result<std::unique_ptr<PartitionArchiver>> open(const ArchiverContext& context,
                                                                       const TopicPlan& plan, const std::string& topic,
                                                                       std::int32_t partition, TopicSchema& schema);

  // Reads once, waiting at most `wait_ms` for a record, and rolls when a file is large enough. True: it moved on.
  [[nodiscard]] Result<bool> step(std::int64_t wait_ms);
  // Whether a roll is due, by its age or because a folder's time is over.
  [[nodiscard]] bool roll_is_due() const;
  // Archives and publishes everything read: archive(), then go_on().
  [[nodiscard]] Result<void> roll();
  // The same in two steps: the first for many partitions at a time, the second for one after the other.
  [[nodiscard]] Result<void> archive() { return archive_to(reader_->next_offset()); }
  [[nodiscard]] Result<void> go_on();

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] std::int32_t partition() const { return partition_; }
  [[nodiscard]] Offset next() const { return reader_->next_offset(); }
  [[nodiscard]] Offset end() const { return first_; }
  [[nodiscard]] const Totals& totals() const { return chain_.totals(); }
  [[nodiscard]] std::uint64_t missing_files() const { return chain_.missing_files(); }
  [[nodiscard]] std::uint64_t rows_read() const { return rows_read_; }
  [[nodiscard]] std::uint64_t rows_filtered() const { return rows_filtered_; }
  [[nodiscard]] std::uint64_t pending_bytes() const { return roll_->row_bytes(); }
  // How long the oldest row that is read but not published has been waiting; 0 without one.
  [[nodiscard]] std::int64_t pending_ms() const;
  [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }
  [[nodiscard]] std::size_t open_files() const { return roll_->open_files(); }
  [[nodiscard]] const std::string& note() const { return note_; }

  // Every row before this time (ms since 1970) is published, but for later ones than `grace`.
  [[nodiscard]] std::int64_t watermark_ms() const;
  // Folders with published rows that are not known to be complete, and when their time is over.
  [[nodiscard]] const std::map<std::string, std::int64_t>& incomplete() const { return incomplete_; }
  [[nodiscard]] bool has_pending(const std::string& folder) const { return roll_->periods().contains(folder); }
  void completed(const std::string& folder) { incomplete_.erase(folder); }

 private:
  PartitionArchiver(const ArchiverContext& context, const TopicPlan& plan, Chain chain, const std::string& topic,
                    std::int32_t partition, TopicSchema& schema);

  [[nodiscard]] Result<void> begin_at(Offset offset);
  [[nodiscard]] Result<void> add(const pipeline::ReadRecord& record);
  [[nodiscard]] Result<void> roll_to(Offset end);
  [[nodiscard]] Result<void> archive_to(Offset end);
  [[nodiscard]] Result<void> skip_gap();
  [[nodiscard]] Result<void> place(const EncodedRow& encoded, std::int64_t timestamp_ms);
  [[nodiscard]] bool roll_is_large() const;
  [[nodiscard]] bool period_is_over() const;

  const ArchiverContext& context_;
  const TopicPlan& plan_;
  std::string topic_;
  std::int32_t partition_;
  TopicSchema& schema_;
  Chain chain_;
  RowEncoder encoder_;
  std::unique_ptr<pipeline::Reader> reader_;
  std::unique_ptr<Roll> roll_;
  Offset first_;                        // of the current roll
  std::int64_t roll_began_ms_ = 0;      // steady; when the roll took its first record
  std::int64_t roll_began_wall_ms_ = 0;
  double ratio_ = 1;                    // bytes of files to bytes of rows, in the last roll
  std::map<std::string, std::int64_t> incomplete_;
  std::int64_t newest_ms_ = INT64_MIN;     // the latest timestamp read
  std::int64_t published_ms_ = INT64_MIN;  // the latest timestamp published
  bool caught_up_ = false;                 // the last poll found the end of the log
  std::map<const RowSchema*, FolderColumns> folder_columns_;
  std::vector<FolderValue> folder_values_;
  std::string folder_;                     // of the row at hand
  std::int64_t folder_period_ms_ = INT64_MIN;  // that folder_ is of, where it depends on that alone
  std::unordered_map<std::int64_t, std::string> folders_;  // by period; where folders depend on that alone
  std::uint64_t rows_read_ = 0;
  std::optional<RowChoice> choice_;      // none: every row
  std::uint64_t rows_filtered_ = 0;      // left out by it
  std::uint64_t roll_filtered_ = 0;      // of them, those of the current roll
  std::uint64_t dead_letters_ = 0;
  std::string note_;
  Bytes row_;
};

}  // namespace sluice::deliver::archive
