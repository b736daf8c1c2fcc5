#pragma once
// Reads an Avro object container file (Avro 1.12, "Object Container Files") from its first byte to its last, block by
// block:
//
//   SLUICE_TRY(auto file, FileSource::open(path));
//   SLUICE_TRY(auto reader, ContainerReader::open(file, path));
//   while (true) {
//     SLUICE_TRY(const auto block, reader.next());
//     if (block.rows == 0) break;
//     ... block.rows data of reader.schema(), one after the other in block.bytes
//   }
//
// It knows nothing of data: that a block's bytes are its rows is for the caller to see, and not_its_rows() says that they
// are not.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "avro/container/byte_stream.h"
#include "avro/container/codec.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

struct ContainerLimits {
  std::size_t header_bytes = std::size_t{4} << 20;
  std::size_t block_bytes = std::size_t{512} << 20;     // as stored; the buffer may be twice as large
  std::size_t inflated_bytes = std::size_t{512} << 20;  // of one block
  std::int64_t rows_of_no_bytes = std::int64_t{1} << 20;  // a block may have more rows than bytes up to this
};

struct ContainerReaderOptions {
  ContainerLimits limits = {};
  // After damage: go on behind the next sync marker, and note the gap. Without: the damage is an error.
  bool resynchronise = false;
};

// Bytes [from, to) of the file that are damaged and were passed over.
struct ContainerGap {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string why;
};

// The user's entries of the header in their order; values are bytes.
using ContainerMetadata = std::vector<std::pair<std::string, Bytes>>;

// Of one thread.
class ContainerReader {
 public:
  // Reads the header. `source` outlives it; `name` stands in errors. Errors: corrupt; unsupported (the codec); rejected
  // (a limit); those of the source.
  [[nodiscard]] static Result<ContainerReader> open(ByteSource& source, std::string name, ContainerReaderOptions options = {});

  // The text in the file, not looked into.
  [[nodiscard]] const std::string& schema() const { return schema_; }
  // None: the file names none, and it is "null".
  [[nodiscard]] const std::optional<std::string>& codec() const { return codec_name_; }
  [[nodiscard]] const ContainerMetadata& metadata() const { return metadata_; }
  [[nodiscard]] ByteView sync() const { return sync_; }  // 16 bytes

  struct Block {
    std::int64_t rows = 0;   // 0: the end of the file
    ByteView bytes;          // inflated; until the next call
    std::uint64_t from = 0;  // its bytes in the file: [from, to), sync marker included
    std::uint64_t to = 0;
  };
  // The next block that has rows. Errors: corrupt, with the byte in the file; rejected (a limit); those of the source.
  // After an error the reader is where it was: of no more use, but for a source that may be tried again.
  [[nodiscard]] Result<Block> next();
  // The same without inflating: `bytes` is empty, and where the source can seek, nothing of it is read.
  [[nodiscard]] Result<Block> skip();

  // An error of one block's data: where the block lies.
  [[nodiscard]] Error not_its_rows(const Block& block, const std::string& why) const;
  // What resynchronise passed over, in the order of the file.
  [[nodiscard]] const std::vector<ContainerGap>& gaps() const { return gaps_; }

 private:
  struct Head {
    std::int64_t rows = 0;
    std::uint64_t size = 0;  // of the data
    std::size_t length = 0;  // of the head itself
  };

  ContainerReader(ByteSource& source, std::string name, ContainerReaderOptions options)
      : source_(&source), name_(std::move(name)), options_(options) {}
  [[nodiscard]] Result<void> read_header();
  [[nodiscard]] Result<bool> parse_header();
  [[nodiscard]] Result<Head> read_head();
  [[nodiscard]] Result<Block> read_block();
  [[nodiscard]] Result<Block> skip_block();
  [[nodiscard]] Result<Block> go_on(Result<Block> (ContainerReader::*step)());
  // Takes everything up to behind the next sync marker, or up to the end.
  [[nodiscard]] Result<void> find_marker();
  // Makes at least `size` unread bytes lie in buffer_, fewer only at the end of the file.
  [[nodiscard]] Result<void> fill(std::size_t size);
  [[nodiscard]] ByteView unread() const { return ByteView(buffer_).substr(at_); }
  void take(std::size_t size);
  [[nodiscard]] Error corrupt(const std::string& why) const;

  ByteSource* source_;
  std::string name_;
  ContainerReaderOptions options_;
  std::string schema_;
  std::optional<std::string> codec_name_;
  ContainerMetadata metadata_;
  std::unique_ptr<Codec> codec_;
  Bytes sync_;
  Bytes buffer_;
  std::size_t at_ = 0;          // in buffer_
  std::uint64_t position_ = 0;  // in the file, of what is taken
  bool at_end_ = false;         // nothing behind buffer_
  Bytes inflated_;
  std::vector<ContainerGap> gaps_;
};

}  // namespace sluice::avro
