#pragma once
// Counts and sums up what a format writes.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/crc32c.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

class CountedWriter final : public pipeline::StoreWriter {
 public:
  struct Count {
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
  };
  // `count` outlives it.
  CountedWriter(std::unique_ptr<pipeline::StoreWriter> out, Count& count) : out_(std::move(out)), count_(count) {}

  Result<void> append(ByteView bytes) override {
    count_.bytes += bytes.size();
    count_.crc32c = crc32c(bytes, count_.crc32c);
    return out_->append(bytes);
  }
  Result<std::string> finish() override { return out_->finish(); }

 private:
  std::unique_ptr<pipeline::StoreWriter> out_;
  Count& count_;
};

}  // namespace sluice::deliver::archive
