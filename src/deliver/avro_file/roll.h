#pragma once
// The open files of one roll of a partition: one for each hour and row format met.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "deliver/avro_file/chain.h"
#include "deliver/avro_file/commit_record.h"
#include "deliver/avro_file/container_writer.h"
#include "deliver/avro_file/row_encoder.h"
#include "pipeline/store.h"

namespace sluice::deliver::avro_file {

struct RollOptions {
  BlockCompressor* compressor = nullptr;  // shared; outlives the roll
  std::size_t block_bytes = 0;
};

// Dropped without finish(), it discards its files. `store` and `chain` outlive it; formats outlive finish().
class Roll {
 public:
  Roll(pipeline::Store& store, RollOptions options, std::string topic, std::int32_t partition, Offset first,
       Chain& chain);
  ~Roll();

  // Appends an encoded row to the file of its hour and format.
  [[nodiscard]] Result<void> add(const RowFormat& format, std::int64_t timestamp_ms, Offset offset, ByteView row);
  // Makes all files durable under their temporary names. The roll is over, whether this succeeds or not.
  [[nodiscard]] Result<std::vector<ArchivedFile>> finish();

  [[nodiscard]] bool empty() const { return files_.empty(); }
  [[nodiscard]] std::size_t open_files() const { return files_.size(); }
  [[nodiscard]] std::uint64_t largest_file_bytes() const { return largest_file_bytes_; }
  [[nodiscard]] std::uint64_t row_bytes() const { return row_bytes_; }

 private:
  class OpenFile;
  using FileKey = std::pair<std::int64_t, const RowFormat*>;  // hour since 1970, format

  [[nodiscard]] Result<OpenFile*> file_for(const FileKey& key, std::int64_t timestamp_ms);

  pipeline::Store& store_;
  RollOptions options_;
  std::string topic_;
  std::int32_t partition_;
  Offset first_;
  Chain& chain_;
  std::map<FileKey, std::unique_ptr<OpenFile>> files_;
  FileKey last_key_{0, nullptr};
  OpenFile* last_file_ = nullptr;  // of last_key_; rows of one hour and format come together
  std::uint64_t largest_file_bytes_ = 0;
  std::uint64_t row_bytes_ = 0;
};

}  // namespace sluice::deliver::avro_file
