#pragma once
// One run of a sink: its partitions, from their discovery to their last roll. Of one thread.
//
// An error that is given back ends the run; what concerns one partition only is kept here, and the others go on.

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "deliver/archive/archive_ends.h"
#include "deliver/archive/partition_archiver.h"
#include "deliver/archive/sink.h"

namespace sluice::deliver::archive {

// The topic partitions that match, as the log has them now.
[[nodiscard]] Result<std::vector<TopicPartition>> matching_partitions(pipeline::Log& log,
                                                                      const std::vector<TopicRule>& rules);

class ArchiveRun {
 public:
  // Checks the archive's version, or makes the archive. Errors: unsupported (a later version, or a place that
  // overwrites what it should not), rejected (partition_by, where).
  [[nodiscard]] static Result<std::unique_ptr<ArchiveRun>> begin(ArchiverContext context);

  // Takes up partitions that are new.
  [[nodiscard]] Result<void> discover();
  // Reads each partition once, without waiting, and rolls those that are due. True: something moved.
  [[nodiscard]] Result<bool> step();
  // Reads each partition up to what is committed now, unless stopped.
  [[nodiscard]] Result<void> catch_up(const std::stop_token& stop);
  // Archives and publishes everything read.
  [[nodiscard]] Result<void> roll();

  // Says of folders whose time is over, and whose rows are all published, that they are complete.
  [[nodiscard]] Result<void> complete_folders();

  // The archive's end of each partition.
  [[nodiscard]] std::map<TopicPartition, ArchiveEnd> ends() const;
  // Everything but state and error of the run.
  [[nodiscard]] pipeline::StageStatus status() const;

 private:
  // Why a partition is not archived.
  struct Failure {
    std::string what;
    std::string hint;
  };

  explicit ArchiveRun(ArchiverContext context)
      : context_(std::move(context)),
        space_(context_.local, context_.options.spill_folder, context_.options.memory_bytes),
        dead_letters_(context_.log, context_.options.name),
        workers_(context_.store.calls_at_once() - 1) {
    context_.space = &space_;
    context_.dead_letters = &dead_letters_;
    context_.workers = &workers_;
  }

  [[nodiscard]] Result<void> check_format();
  // Several at a time where the place is far.
  [[nodiscard]] Result<void> open(const std::vector<TopicPartition>& which);
  [[nodiscard]] const TopicPlan& plan_of(const std::string& topic) const;
  [[nodiscard]] Result<TopicSchema*> schema_of(const std::string& topic);
  [[nodiscard]] Result<void> settle(const TopicPartition& at, Error error);
  [[nodiscard]] Result<void> complete(const std::string& topic, const std::string& folder, std::int64_t watermark_ms);
  // Those partitions, several at a time where the place is far.
  [[nodiscard]] Result<void> roll(const std::vector<TopicPartition>& which);
  void drop(const TopicPartition& at);
  void add_failures(std::map<std::string, pipeline::StageItem>& items, pipeline::StageStatus& status) const;

  ArchiverContext context_;
  BufferSpace space_;
  DeadLetters dead_letters_;
  io::Workers workers_;
  std::vector<TopicPlan> plans_;  // of options.topics, in their order; outlive the archivers
  std::map<std::string, std::unique_ptr<TopicSchema>> schemas_;  // by topic; outlive the archivers
  std::map<TopicPartition, std::unique_ptr<PartitionArchiver>> partitions_;
  std::map<TopicPartition, Failure> failures_;
  std::uint64_t successes_ = 0;
  std::uint64_t rows_before_ = 0;      // read by archivers that are gone
  std::uint64_t filtered_before_ = 0;  // and of those, left out
};

}  // namespace sluice::deliver::archive
