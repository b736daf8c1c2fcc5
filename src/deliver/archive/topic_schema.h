#pragma once
// The schema of a topic's rows in an archive: one that only grows (docs/formats/archive.md, Schemas).
//
// Every value schema that the topic meets is merged into it, so that rows of any version stand in one file and readers
// need one schema. A version is in the store before any row of it is in a file. Of one thread, but for to_current().

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "avro/resolution.h"
#include "avro/schema.h"
#include "base/result.h"
#include "deliver/archive/rows/row_columns.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

class TopicSchema {
 public:
  // Reads the newest version. `store` must outlive it; `writer` is unique to this run of this process. Errors: corrupt,
  // those of the store.
  [[nodiscard]] static Result<std::unique_ptr<TopicSchema>> open(pipeline::Store& store, std::string topic,
                                                                 std::string writer);

  // One that is kept nowhere and begins empty.
  [[nodiscard]] static std::unique_ptr<TopicSchema> in_memory(std::string topic);
  // None before the first grow().
  [[nodiscard]] const RowSchema* current() const { return current_; }
  // Makes room for data of the record `added`; a new version is durable on return. Earlier versions live on. Errors:
  // rejected (`added` cannot be merged; the message says which column and why), those of the store.
  [[nodiscard]] Result<void> grow(const avro::Schema& added);
  // Rewrites rows of an earlier version as the current one's. From any thread, while none calls grow().
  [[nodiscard]] Result<const avro::Resolution*> to_current(const RowSchema& earlier);

 private:
  TopicSchema(pipeline::Store* store, std::string topic, std::string writer)
      : store_(store), topic_(std::move(topic)), writer_(std::move(writer)) {}

  [[nodiscard]] Result<void> read_newest();
  [[nodiscard]] Result<void> take(int version, const std::string& text);

  pipeline::Store* store_;  // none: in memory
  const std::string topic_;
  const std::string writer_;
  std::map<int, std::unique_ptr<RowSchema>> versions_;  // those that this object has seen
  const RowSchema* current_ = nullptr;
  std::mutex rewrites_mutex_;
  std::map<std::pair<int, int>, avro::Resolution> rewrites_;
};

}  // namespace sluice::deliver::archive
