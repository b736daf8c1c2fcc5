#pragma once
// What the offline commands write on standard output: gathered, and given out when a piece is full or nothing more
// comes.

#include <string>
#include <string_view>

#include "avro/container/byte_stream.h"
#include "base/result.h"

namespace sluice::cli {

class Output final : public avro::ByteSink {
 public:
  // Where an encoder appends; call written() after it.
  [[nodiscard]] Bytes& buffer() { return buffer_; }
  [[nodiscard]] Result<void> written();
  [[nodiscard]] Result<void> write(ByteView bytes) override;
  // Errors: those of standard output. A reader that went away (`| head`) is not one: then closed() is true.
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  Bytes buffer_;
  bool closed_ = false;
};

}  // namespace sluice::cli
