#include "avro/container/codec.h"

#include <array>

#include "avro/container/codecs.h"
#include "avro/limit.h"

namespace sluice::avro {
namespace {

class NullCodec final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const override { return "null"; }
  [[nodiscard]] Result<void> compress(ByteView block, Bytes& out) override {
    out.append(block);
    return {};
  }
  [[nodiscard]] Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& /*out*/) override {
    if (data.size() > limit) return codecs::over_limit(limit);
    return data;
  }
};

constexpr std::array<std::string_view, 6> kNames = {"null", "deflate", "snappy", "bzip2", "xz", "zstandard"};

std::unique_ptr<Codec> make(std::string_view name) {
  if (name == "null") return std::make_unique<NullCodec>();
  if (name == "deflate") return codecs::make_deflate();
  if (name == "snappy") return codecs::make_snappy();
  if (name == "bzip2") return codecs::make_bzip2();
  if (name == "xz") return codecs::make_xz();
  if (name == "zstandard") return codecs::make_zstandard();
  return nullptr;
}

}  // namespace

namespace codecs {

Error damaged(std::string_view codec) { return {.code = ErrorCode::corrupt, .message = "a block is no " + std::string(codec) + " data"}; }
Error over_limit(std::size_t limit) {
  return avro::over_limit(ErrorCode::rejected, "a block is over the limit of " + std::to_string(limit) + " bytes, inflated");
}
Error no_memory(std::string_view codec) { return {.code = ErrorCode::out_of_space, .message = std::string(codec) + ": no memory"}; }

}  // namespace codecs

Result<std::unique_ptr<Codec>> Codec::create(std::string_view name) {
  if (auto codec = make(name)) return codec;
  return Error{.code = ErrorCode::unsupported,
               .message = "codec \"" + std::string(name) + "\" is none of null, deflate, snappy, bzip2, xz, zstandard"};
}

std::span<const std::string_view> codec_names() { return kNames; }

}  // namespace sluice::avro
