#include "deliver/avro_file/container_writer.h"

#include <libdeflate.h>
#include <zstd.h>

#include "base/check.h"
#include "base/uuid.h"

namespace sluice::deliver::avro_file {

namespace {

class NoCompressor final : public BlockCompressor {
 public:
  [[nodiscard]] std::string_view codec() const override { return "null"; }
  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    out.append(block);
    return {};
  }
};

// Raw RFC 1951, as Avro has it, of a whole block at once. Level 1: on rows, the higher ones cost several times the
// processor for a few per cent.
class DeflateCompressor final : public BlockCompressor {
 public:
  DeflateCompressor() : compressor_(libdeflate_alloc_compressor(1)) {}
  ~DeflateCompressor() override { libdeflate_free_compressor(compressor_); }
  [[nodiscard]] std::string_view codec() const override { return "deflate"; }
  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    if (compressor_ == nullptr) return Error{.code = ErrorCode::out_of_space, .message = "deflate: no memory"};
    const auto before = out.size();
    out.resize(before + libdeflate_deflate_compress_bound(compressor_, block.size()));
    const auto size =
        libdeflate_deflate_compress(compressor_, block.data(), block.size(), out.data() + before, out.size() - before);
    SLUICE_CHECK(size != 0);  // the bound holds
    out.resize(before + size);
    return {};
  }

 private:
  libdeflate_compressor* compressor_;
};

class ZstdCompressor final : public BlockCompressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {}
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  [[nodiscard]] std::string_view codec() const override { return "zstandard"; }
  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    const auto before = out.size();
    out.resize(before + ZSTD_compressBound(block.size()));
    const auto size =
        ZSTD_compressCCtx(context_, out.data() + before, out.size() - before, block.data(), block.size(), 1);
    if (ZSTD_isError(size) != 0) {
      return Error{.code = ErrorCode::out_of_space, .message = std::string("zstd: ") + ZSTD_getErrorName(size)};
    }
    out.resize(before + size);
    return {};
  }

 private:
  ZSTD_CCtx* context_;
};

void append_text(ByteWriter& out, std::string_view text) {
  out.zigzag(static_cast<std::int64_t>(text.size()));
  out.raw(text);
}

}  // namespace

Result<std::unique_ptr<BlockCompressor>> BlockCompressor::create(const std::string& codec) {
  if (codec == "null") return std::unique_ptr<BlockCompressor>(std::make_unique<NoCompressor>());
  if (codec == "deflate") return std::unique_ptr<BlockCompressor>(std::make_unique<DeflateCompressor>());
  if (codec == "zstandard") return std::unique_ptr<BlockCompressor>(std::make_unique<ZstdCompressor>());
  return Error{.code = ErrorCode::rejected,
               .message = "codec \"" + codec + "\" is none of null, deflate and zstandard"};
}

ContainerWriter::ContainerWriter(std::unique_ptr<pipeline::StoreWriter> out, std::unique_ptr<BlockCompressor> compressor,
                                 std::size_t block_bytes)
    : out_(std::move(out)),
      compressor_(std::move(compressor)),
      block_bytes_(block_bytes),
      sync_(Uuid::random().bytes) {}

Result<std::unique_ptr<ContainerWriter>> ContainerWriter::begin(std::unique_ptr<pipeline::StoreWriter> out,
                                                                std::unique_ptr<BlockCompressor> compressor,
                                                                std::size_t block_bytes, std::string_view schema) {
  std::unique_ptr<ContainerWriter> file(new ContainerWriter(std::move(out), std::move(compressor), block_bytes));
  Bytes header("Obj\x01");
  ByteWriter writer(header);
  writer.zigzag(2);  // a map's block of two entries
  append_text(writer, "avro.schema");
  append_text(writer, schema);
  append_text(writer, "avro.codec");
  append_text(writer, file->compressor_->codec());
  writer.zigzag(0);
  writer.raw({reinterpret_cast<const char*>(file->sync_.data()), file->sync_.size()});
  SLUICE_RETURN_IF_ERROR(file->out_->append(header));
  return file;
}

Result<void> ContainerWriter::append(ByteView row) {
  block_.append(row);
  ++rows_;
  return block_.size() >= block_bytes_ ? flush() : Result<void>{};
}

Result<void> ContainerWriter::flush() {
  if (rows_ == 0) return {};
  compressed_.clear();
  SLUICE_RETURN_IF_ERROR(compressor_->compress(block_, compressed_));
  framed_.clear();
  ByteWriter writer(framed_);
  writer.zigzag(rows_);
  writer.zigzag(static_cast<std::int64_t>(compressed_.size()));
  writer.raw(compressed_);
  writer.raw({reinterpret_cast<const char*>(sync_.data()), sync_.size()});
  block_.clear();
  rows_ = 0;
  if (block_.capacity() > 4 * block_bytes_) {  // after a huge row
    block_.shrink_to_fit();
    compressed_ = Bytes();
    SLUICE_RETURN_IF_ERROR(out_->append(framed_));
    framed_ = Bytes();
    return {};
  }
  return out_->append(framed_);
}

Result<std::string> ContainerWriter::finish() {
  SLUICE_RETURN_IF_ERROR(flush());
  return out_->finish();
}

}  // namespace sluice::deliver::avro_file
