// Raw deflate (RFC 1951, no zlib header), whole blocks at once.

#include <libdeflate.h>

#include "avro/container/codecs.h"
#include "base/check.h"

namespace sluice::avro::codecs {
namespace {

class Deflate final : public Codec {
 public:
  ~Deflate() override {
    libdeflate_free_compressor(compressor_);
    libdeflate_free_decompressor(decompressor_);
  }
  [[nodiscard]] std::string_view name() const override { return "deflate"; }

  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    // Level 1: on rows, the higher ones cost several times the processor for a few per cent.
    if (compressor_ == nullptr) compressor_ = libdeflate_alloc_compressor(1);
    if (compressor_ == nullptr) return no_memory(name());
    const auto before = out.size();
    resize(out, before + libdeflate_deflate_compress_bound(compressor_, block.size()));
    const auto size =
        libdeflate_deflate_compress(compressor_, block.data(), block.size(), out.data() + before, out.size() - before);
    SLUICE_CHECK(size != 0);  // the bound holds
    resize(out, before + size);
    return {};
  }

  // The size is not told; a room that is too small is found out at its end, and the next is twice as large.
  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) override {
    if (decompressor_ == nullptr) decompressor_ = libdeflate_alloc_decompressor();
    if (decompressor_ == nullptr) return no_memory(name());
    for (auto room = first_room(data, limit, out);; room = std::min(2 * room, limit)) {
      resize(out, room);
      std::size_t used = 0;
      std::size_t made = 0;
      const auto result =
          libdeflate_deflate_decompress_ex(decompressor_, data.data(), data.size(), out.data(), room, &used, &made);
      if (result == LIBDEFLATE_SUCCESS) return ByteView(out).substr(0, made);
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return damaged(name());
      if (room == limit) return over_limit(limit);
    }
  }

 private:
  libdeflate_compressor* compressor_ = nullptr;
  libdeflate_decompressor* decompressor_ = nullptr;
};

}  // namespace

std::unique_ptr<Codec> make_deflate() { return std::make_unique<Deflate>(); }

}  // namespace sluice::avro::codecs
