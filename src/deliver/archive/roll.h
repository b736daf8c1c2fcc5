#pragma once
// The rows of one roll of a partition, by folder; each becomes a file when the roll ends.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/commit_record.h"
#include "deliver/archive/row_buffer.h"
#include "deliver/archive/row_encoder.h"
#include "deliver/archive/topic_schema.h"
#include "io/workers.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

// What all rolls of a sink write with. The references outlive them.
struct RollTools {
  pipeline::Store& store;
  const pipeline::RowFormat& format;
  BufferSpace& space;
  io::Workers& workers;
};

class Roll {
 public:
  Roll(const RollTools& tools, std::string topic, std::int32_t partition, Offset first)
      : tools_(tools), topic_(std::move(topic)), partition_(partition), first_(first) {}

  // Takes a row into the file of its folder (below the topic's; "" is that itself), a dead letter into that of dead
  // letters; `period_end_ms` is when that folder will be complete, 0: never.
  [[nodiscard]] Result<void> add(const EncodedRow& encoded, const std::string& folder, std::int64_t period_end_ms,
                                 Offset offset, ByteView row);
  // Writes the files, each complete and durable as a temporary of `chain`. May be called again after an error; for several
  // rolls of one schema at a time.
  [[nodiscard]] Result<std::vector<ArchivedFile>> finish(TopicSchema& schema, Chain& chain) const;

  // Gives the rows that are dead letters.
  [[nodiscard]] bool has_dead_letters() const { return dead_letters_; }
  [[nodiscard]] Result<void> read_dead_letters(const std::function<Result<void>(ByteView)>& take) const;

  [[nodiscard]] bool empty() const { return files_.empty(); }
  [[nodiscard]] std::size_t open_files() const { return files_.size(); }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t largest_file_bytes() const { return largest_file_bytes_; }  // of rows, as they came
  [[nodiscard]] std::uint64_t row_bytes() const { return row_bytes_; }
  // The folders that rows are of and that will be complete, and when.
  [[nodiscard]] const std::map<std::string, std::int64_t>& periods() const { return periods_; }

 private:
  struct OpenFile {
    explicit OpenFile(BufferSpace& space) : rows(space) {}
    RowBuffer rows;
    ArchivedFile file;
  };

  using FileKey = std::pair<std::string, bool>;  // folder, whether of dead letters

  [[nodiscard]] Result<ArchivedFile> write(const FileKey& key, const OpenFile& open, std::size_t n,
                                           const std::string& temporary, TopicSchema& schema) const;

  RollTools tools_;
  std::string topic_;
  std::int32_t partition_;
  Offset first_;
  std::map<FileKey, OpenFile> files_;
  std::map<FileKey, OpenFile>::iterator last_ = files_.end();  // rows of one folder come together
  FileKey wanted_;  // of the row at hand
  std::map<std::string, std::int64_t> periods_;
  bool dead_letters_ = false;
  std::uint64_t rows_ = 0;
  std::uint64_t largest_file_bytes_ = 0;
  std::uint64_t row_bytes_ = 0;
};

}  // namespace sluice::deliver::archive
