#pragma once
// Writes an Avro object container file of rows that are encoded already.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::deliver::avro_file {

// Compresses blocks, one after the other, for any number of files of one thread.
class BlockCompressor {
 public:
  // Errors: rejected, when the codec is none of null, deflate and zstandard.
  [[nodiscard]] static Result<std::unique_ptr<BlockCompressor>> create(const std::string& codec);
  virtual ~BlockCompressor() = default;
  [[nodiscard]] virtual std::string_view codec() const = 0;
  // Appends the compressed block to `out`. Errors: out_of_space (memory).
  [[nodiscard]] virtual Result<void> compress(ByteView block, Bytes& out) = 0;
};

class ContainerWriter {
 public:
  // `compressor` outlives it.
  ContainerWriter(std::unique_ptr<pipeline::StoreWriter> out, BlockCompressor& compressor, std::size_t block_bytes);

  // The header. Before any row.
  [[nodiscard]] Result<void> begin(std::string_view schema);
  [[nodiscard]] Result<void> append(ByteView row);
  // The last block; then the object is complete and durable.
  [[nodiscard]] Result<void> finish();

  // What is written so far, without the block at hand.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t crc() const { return crc_; }

 private:
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> write(ByteView bytes);

  std::unique_ptr<pipeline::StoreWriter> out_;
  BlockCompressor& compressor_;
  std::size_t block_bytes_;
  std::array<std::uint8_t, 16> sync_{};
  Bytes block_;       // rows of the block at hand
  std::int64_t rows_ = 0;  // in it
  Bytes compressed_;
  Bytes framed_;
  std::uint64_t bytes_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace sluice::deliver::avro_file
