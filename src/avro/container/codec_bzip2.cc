#include <bzlib.h>

#include "avro/container/codecs.h"

namespace sluice::avro::codecs {
namespace {

constexpr std::size_t kUnit = 100'000;  // of bzip2's own blocks

class Bzip2 final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const override { return "bzip2"; }

  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    const auto before = out.size();
    auto size = static_cast<unsigned>(block.size() + block.size() / 100 + 600);  // its manual's bound
    resize(out, before + size);
    const int units = static_cast<int>(std::min<std::size_t>(block.size() / kUnit + 1, 9));
    const auto result = BZ2_bzBuffToBuffCompress(out.data() + before, &size, const_cast<char*>(block.data()),
                                                 static_cast<unsigned>(block.size()), units, 0, 0);
    if (result != BZ_OK) return no_memory(name());
    resize(out, before + size);
    return {};
  }

  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) override {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return no_memory(name());
    stream.next_in = const_cast<char*>(data.data());
    stream.avail_in = static_cast<unsigned>(data.size());
    auto block = inflate_in_steps(name(), data, limit, out, [&](char* to, std::size_t room, std::size_t& made) {
      stream.next_out = to;
      stream.avail_out = static_cast<unsigned>(room);
      const auto result = BZ2_bzDecompress(&stream);
      made = room - stream.avail_out;
      if (result == BZ_STREAM_END) return Step::done;
      return result == BZ_OK ? Step::more : Step::damaged;
    });
    BZ2_bzDecompressEnd(&stream);
    return block;
  }
};

}  // namespace

std::unique_ptr<Codec> make_bzip2() { return std::make_unique<Bzip2>(); }

}  // namespace sluice::avro::codecs
