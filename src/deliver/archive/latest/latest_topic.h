#pragma once
// One topic's table in a place: its versions, and the pointer to the newest (docs/formats/archive.md, The latest state).
//
//   read the table ──> files under temporary names ──> their names in a new folder ──> pointer replaced ──> old folders go
//
// A death between any two steps leaves the pointer at a whole version; what it left behind goes after the next version. Of
// the sink's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "deliver/archive/latest/latest_pointer.h"
#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/latest/table_files.h"

namespace sluice::deliver::archive {

// What all topics of a sink share. The references outlive them.
struct LatestContext {
  const LatestOptions& options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Store& store;
  io::FileSystem& local;
  const io::Clock& clock;
};

// The pointer of a topic, if there is one. Errors: corrupt, unsupported, those of the store.
[[nodiscard]] Result<std::optional<LatestPointer>> read_latest(pipeline::Store& store, const std::string& topic);

class LatestTopic {
 public:
  // Reads the pointer and removes what an earlier run left. Precondition: the sink has a rule for the topic. Errors: those
  // of read_latest() and TopicPlan, not_found (the topic), rejected (the pointer is ahead of the log: that is another topic
  // of this name).
  [[nodiscard]] static Result<std::unique_ptr<LatestTopic>> open(const LatestContext& context, std::string topic);

  // The topic's ends now, by partition.
  [[nodiscard]] Result<std::vector<Offset>> ends() const;
  // Writes the table and points to it, unless the pointer is there already. Errors: those of Table, format and store.
  [[nodiscard]] Result<void> publish(const std::stop_token& stop);
  [[nodiscard]] const std::optional<LatestPointer>& pointer() const { return pointer_; }
  [[nodiscard]] const std::string& topic() const { return topic_; }

 private:
  struct Version;  // one that is being written

  LatestTopic(const LatestContext& context, std::string topic, TopicPlan plan)
      : context_(context), topic_(std::move(topic)), plan_(std::move(plan)) {}
  [[nodiscard]] Result<void> check_against_log() const;
  [[nodiscard]] Result<void> write(Version& version, const std::stop_token& stop) const;
  [[nodiscard]] Result<bool> name_files(const Version& version);
  [[nodiscard]] Result<void> remove_version(const std::string& version) const;
  [[nodiscard]] Result<void> clean() const;
  [[nodiscard]] std::string temporaries() const;

  const LatestContext& context_;
  const std::string topic_;
  const TopicPlan plan_;
  std::optional<LatestPointer> pointer_;
};

}  // namespace sluice::deliver::archive
