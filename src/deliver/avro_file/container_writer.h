#pragma once
// Writes an Avro object container file of rows that are encoded already.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::deliver::avro_file {

// Compresses blocks, one after the other.
class BlockCompressor {
 public:
  // Errors: rejected, when the codec is none of null, deflate and zstandard.
  [[nodiscard]] static Result<std::unique_ptr<BlockCompressor>> create(const std::string& codec);
  virtual ~BlockCompressor() = default;
  [[nodiscard]] virtual std::string_view codec() const = 0;
  // Appends the compressed block to `out`. Errors: out_of_space (memory).
  [[nodiscard]] virtual Result<void> compress(ByteView block, Bytes& out) = 0;
};

class ContainerWriter final : public pipeline::RowFileWriter {
 public:
  // Writes the header. Errors: those of the store.
  [[nodiscard]] static Result<std::unique_ptr<ContainerWriter>> begin(std::unique_ptr<pipeline::StoreWriter> out,
                                                                      std::unique_ptr<BlockCompressor> compressor,
                                                                      std::size_t block_bytes, std::string_view schema);

  [[nodiscard]] Result<void> append(ByteView row) override;
  [[nodiscard]] Result<std::string> finish() override;

 private:
  ContainerWriter(std::unique_ptr<pipeline::StoreWriter> out, std::unique_ptr<BlockCompressor> compressor,
                  std::size_t block_bytes);
  [[nodiscard]] Result<void> flush();

  std::unique_ptr<pipeline::StoreWriter> out_;
  std::unique_ptr<BlockCompressor> compressor_;
  std::size_t block_bytes_;
  std::array<std::uint8_t, 16> sync_{};
  Bytes block_;       // rows of the block at hand
  std::int64_t rows_ = 0;  // in it
  Bytes compressed_;
  Bytes framed_;
};

}  // namespace sluice::deliver::avro_file
