#pragma once
// How far a sink has seen its archive, by partition, and the holds that keep the log from there on. Thread-safe.
//
// Kept from run to run: an archive that ends earlier than it once did was moved away or unmounted, and is waited for.

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/chain/commit_record.h"
#include "deliver/archive/sink.h"
#include "pipeline/log.h"
#include "pipeline/stage.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

struct ArchiveEnd {
  Offset offset;
  Totals totals;
};

class ArchiveEnds {
 public:
  // All references outlive it.
  ArchiveEnds(const SinkOptions& options, pipeline::Log& log, pipeline::Store& store)
      : options_(options), log_(log), store_(store) {}

  // Holds every matching partition of the log at the archive's end; at the log's start where there is none, or where it
  // cannot be read now; where temporaries expire, at the beginning of the newest record, which may be lost. Errors: back_off (the archive ended further on before: the hold stays), those of the log.
  [[nodiscard]] Result<void> hold_all();
  // Only those that were not held yet.
  [[nodiscard]] Result<void> hold_new();

  // What a run has seen; it has set its holds itself.
  void saw(const std::map<TopicPartition, ArchiveEnd>& ends);
  // After a rewind: forgets how far it was. None: nothing is archived.
  void went_back(const TopicPartition& at, std::optional<ArchiveEnd> to);
  [[nodiscard]] std::optional<ArchiveEnd> at(const TopicPartition& at) const;

  // The items, files, bytes and place of a sink that does not run. True: the log has more than is archived.
  [[nodiscard]] bool describe(pipeline::StageStatus& status) const;

 private:
  [[nodiscard]] Result<void> hold(const TopicPartition& where);

  const SinkOptions& options_;
  pipeline::Log& log_;
  pipeline::Store& store_;
  mutable std::mutex mutex_;
  // Guarded by mutex_. None: held, and nothing is known of an archive.
  std::map<TopicPartition, std::optional<ArchiveEnd>> ends_;
};

}  // namespace sluice::deliver::archive
