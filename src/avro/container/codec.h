#pragma once
// The codecs of container files: a block in, a block out.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Of one thread.
class Codec {
 public:
  // Errors: unsupported, when it is none of codec_names().
  [[nodiscard]] static Result<std::unique_ptr<Codec>> create(std::string_view name);
  virtual ~Codec() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Appends the compressed block. Errors: out_of_space (memory).
  [[nodiscard]] virtual Result<void> compress(ByteView block, Bytes& out) = 0;
  // The block of compressed bytes: a view into them, or into `out`, which it overwrites. Errors: corrupt; rejected, when
  // it would be over `limit` bytes: `out` never is.
  [[nodiscard]] virtual Result<ByteView> inflate(ByteView data, std::size_t limit, Bytes& out) = 0;
};

// null, deflate, snappy, bzip2, xz, zstandard.
[[nodiscard]] std::span<const std::string_view> codec_names();

}  // namespace sluice::avro
