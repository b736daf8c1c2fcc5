// Snappy without frames, then the CRC-32 of the block, inflated, in 4 bytes, big-endian.

#include <libdeflate.h>
#include <snappy.h>

#include "avro/container/codecs.h"

namespace sluice::avro::codecs {
namespace {

constexpr std::size_t kCrcBytes = 4;

std::uint32_t crc32(ByteView bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

class Snappy final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const override { return "snappy"; }

  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    const auto before = out.size();
    resize(out, before + snappy::MaxCompressedLength(block.size()) + kCrcBytes);
    std::size_t size = 0;
    snappy::RawCompress(block.data(), block.size(), out.data() + before, &size);
    store_be<std::uint32_t>(out.data() + before + size, crc32(block));
    resize(out, before + size + kCrcBytes);
    return {};
  }

  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) override {
    if (data.size() < kCrcBytes) return damaged(name());
    const auto crc = load_be<std::uint32_t>(data.end() - kCrcBytes);
    data.remove_suffix(kCrcBytes);
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(data.data(), data.size(), &size)) return damaged(name());
    if (size > limit) return over_limit(limit);
    if (size / 64 > data.size()) return damaged(name());  // no element makes more than 64 bytes of two
    resize(out, size);
    if (!snappy::RawUncompress(data.data(), data.size(), out.data()) || crc32(out) != crc) return damaged(name());
    return ByteView(out);
  }
};

}  // namespace

std::unique_ptr<Codec> make_snappy() { return std::make_unique<Snappy>(); }

}  // namespace sluice::avro::codecs
