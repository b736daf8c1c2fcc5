#pragma once
// Tells the log of rows that became dead letters in an archive (docs/formats/archive.md, Schemas).
//
// The archive's own files are what counts; the log's topic shows them to a person, and to what replays them. A roll's
// letters are in the log, in one transaction, before the roll is committed: a kill between the two brings them once more,
// with the same `__sink`, `__partition` and `__offset`.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::deliver::archive {

// Thread-safe.
class DeadLetters {
 public:
  // `log` outlives it.
  DeadLetters(pipeline::Log& log, std::string sink) : log_(log), sink_(std::move(sink)) {}

  using TakeRow = std::function<Result<void>(ByteView row)>;
  // `rows` gives each row of dead_schema() to its argument. Errors: those of the log.
  [[nodiscard]] Result<void> send(const std::string& topic, const std::function<Result<void>(const TakeRow&)>& rows);

 private:
  [[nodiscard]] Result<void> append(const std::string& topic, ByteView row);

  pipeline::Log& log_;
  const std::string sink_;
  std::mutex mutex_;
  std::unique_ptr<pipeline::Producer> producer_;  // when first needed; guarded by mutex_
};

}  // namespace sluice::deliver::archive
