#include <lzma.h>

#include "avro/container/codecs.h"

namespace sluice::avro::codecs {
namespace {

constexpr std::uint64_t kMemoryBytes = std::uint64_t{128} << 20;  // of the decoder: level 9 takes 65 MiB
constexpr std::uint32_t kLevel = 6;                               // as Java

class Xz final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const override { return "xz"; }

  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    lzma_options_lzma options;
    lzma_lzma_preset(&options, kLevel);
    // A dictionary larger than the block is memory for nothing.
    const auto needed = static_cast<std::uint32_t>(std::max<std::size_t>(block.size(), LZMA_DICT_SIZE_MIN));
    options.dict_size = std::min(options.dict_size, needed);
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    const auto before = out.size();
    resize(out, before + lzma_stream_buffer_bound(block.size()));
    std::size_t size = before;
    const auto result = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, nullptr, bytes(block.data()), block.size(),
                                                  reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
    resize(out, size);
    if (result != LZMA_OK) return no_memory(name());
    return {};
  }

  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) override {
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, kMemoryBytes, 0) != LZMA_OK) return no_memory(name());
    stream.next_in = bytes(data.data());
    stream.avail_in = data.size();
    auto block = inflate_in_steps(name(), data, limit, out, [&](char* to, std::size_t room, std::size_t& made) {
      stream.next_out = reinterpret_cast<std::uint8_t*>(to);
      stream.avail_out = room;
      const auto result = lzma_code(&stream, LZMA_FINISH);
      made = room - stream.avail_out;
      if (result == LZMA_STREAM_END) return Step::done;
      return result == LZMA_OK ? Step::more : Step::damaged;
    });
    lzma_end(&stream);
    return block;
  }

 private:
  static const std::uint8_t* bytes(const char* data) { return reinterpret_cast<const std::uint8_t*>(data); }
};

}  // namespace

std::unique_ptr<Codec> make_xz() { return std::make_unique<Xz>(); }

}  // namespace sluice::avro::codecs
