#include <zstd.h>

#include "avro/container/codecs.h"

namespace sluice::avro::codecs {
namespace {

constexpr int kLevel = 1;

class Zstandard final : public Codec {
 public:
  ~Zstandard() override {
    ZSTD_freeCCtx(compressor_);
    ZSTD_freeDCtx(decompressor_);
  }
  [[nodiscard]] std::string_view name() const override { return "zstandard"; }

  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    if (compressor_ == nullptr) compressor_ = ZSTD_createCCtx();
    if (compressor_ == nullptr) return no_memory(name());
    const auto before = out.size();
    resize(out, before + ZSTD_compressBound(block.size()));
    const auto size =
        ZSTD_compressCCtx(compressor_, out.data() + before, out.size() - before, block.data(), block.size(), kLevel);
    if (ZSTD_isError(size) != 0) return no_memory(name());
    resize(out, before + size);
    return {};
  }

  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) override {
    if (decompressor_ == nullptr) decompressor_ = ZSTD_createDCtx();
    if (decompressor_ == nullptr) return no_memory(name());
    ZSTD_DCtx_reset(decompressor_, ZSTD_reset_session_only);
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    return inflate_in_steps(name(), data, limit, out, [&](char* to, std::size_t room, std::size_t& made) {
      ZSTD_outBuffer piece{to, room, 0};
      const auto result = ZSTD_decompressStream(decompressor_, &piece, &in);
      made = piece.pos;
      if (ZSTD_isError(result) != 0) return Step::damaged;
      if (result != 0) return Step::more;
      return in.pos == in.size ? Step::done : Step::damaged;
    });
  }

 private:
  ZSTD_CCtx* compressor_ = nullptr;
  ZSTD_DCtx* decompressor_ = nullptr;
};

}  // namespace

std::unique_ptr<Codec> make_zstandard() { return std::make_unique<Zstandard>(); }

}  // namespace sluice::avro::codecs
