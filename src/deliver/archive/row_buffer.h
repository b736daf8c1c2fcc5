#pragma once
// The rows of one file until its roll ends: in memory, and beyond the sink's budget in a file of the local disk.
//
// So a file is written in one go, in the topic's newest schema, by one encoder at a time, however many are open; and what
// a place refused can be given to it again. Nothing here outlives the process: the log has the rows.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "deliver/archive/rows/row_columns.h"
#include "io/file_system.h"

namespace sluice::deliver::archive {

class RowBuffer;

// The memory that all buffers of a sink share, and the folder for what goes beyond. Of the sink's thread.
class BufferSpace {
 public:
  // `fs` outlives it. The folder is made when first needed; files in it have no name while they are used.
  BufferSpace(io::FileSystem& fs, std::string folder, std::uint64_t memory_bytes)
      : fs_(fs), folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

  [[nodiscard]] std::uint64_t used_bytes() const { return used_bytes_; }
  [[nodiscard]] std::uint64_t spilled_bytes() const { return spilled_bytes_; }

 private:
  friend class RowBuffer;
  // Spills the largest buffers until the budget holds.
  [[nodiscard]] Result<void> make_room();
  [[nodiscard]] Result<std::shared_ptr<io::File>> new_file();

  io::FileSystem& fs_;
  std::string folder_;
  std::uint64_t memory_bytes_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t spilled_bytes_ = 0;  // since the process began
  std::uint64_t files_ = 0;
  std::set<RowBuffer*> buffers_;
};

class RowBuffer {
 public:
  // `space` outlives it.
  explicit RowBuffer(BufferSpace& space);
  ~RowBuffer();
  RowBuffer(const RowBuffer&) = delete;
  RowBuffer& operator=(const RowBuffer&) = delete;

  // `schema` outlives it. Errors: out_of_space, back_off (of the local disk).
  [[nodiscard]] Result<void> append(const RowSchema& schema, ByteView row);
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Gives all rows in their order, as often as it is called. The first error ends it.
  [[nodiscard]] Result<void> read(const std::function<Result<void>(const RowSchema&, ByteView)>& take) const;

 private:
  friend class BufferSpace;
  [[nodiscard]] std::uint64_t memory() const { return full_bytes_ + last_.capacity(); }
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> give(ByteView piece, std::uint64_t& row, std::size_t& version,
                                  const std::function<Result<void>(const RowSchema&, ByteView)>& take) const;

  BufferSpace& space_;
  // In memory, each row behind its length as a varint. Blocks, because one that grows is copied over and over.
  std::vector<Bytes> full_;
  std::uint64_t full_bytes_ = 0;
  Bytes last_;
  std::shared_ptr<io::File> file_;
  std::vector<std::uint64_t> pieces_;  // ends of what was spilled, in the file
  std::vector<std::pair<std::uint64_t, const RowSchema*>> versions_;  // from which row on
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::deliver::archive
