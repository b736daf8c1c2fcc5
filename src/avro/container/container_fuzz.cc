// Container files of anybody's: read, passed over block by block, and read on behind damage.

#include <cstddef>
#include <cstdint>

#include "avro/container/container_reader.h"
#include "base/check.h"

namespace {

using namespace sluice;

constexpr std::size_t kInflatedBytes = std::size_t{1} << 20;

// Rows of all blocks, and whether it came to the end.
struct Seen {
  std::int64_t blocks = 0;
  bool whole = false;
};

Seen walk(ByteView bytes, bool resynchronise, bool skip) {
  avro::MemorySource source(bytes);
  auto reader = avro::ContainerReader::open(source, "file", {.limits = {.inflated_bytes = kInflatedBytes}, .resynchronise = resynchronise});
  Seen seen;
  while (reader.ok()) {
    const auto block = skip ? reader->skip() : reader->next();
    if (!block.ok()) break;
    SLUICE_CHECK(block->to <= bytes.size() && block->bytes.size() <= kInflatedBytes);
    seen.whole = block->rows == 0;
    if (seen.whole) break;
    ++seen.blocks;
  }
  std::uint64_t before = 0;
  if (reader.ok()) {
    for (const auto& gap : reader->gaps()) {
      SLUICE_CHECK(gap.from >= before && gap.to > gap.from && gap.to <= bytes.size());
      before = gap.to;
    }
    SLUICE_CHECK(!resynchronise || seen.whole);  // no damage ends it
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto read = walk(bytes, false, false);
  const auto skipped = walk(bytes, false, true);
  const auto all = walk(bytes, true, false);
  SLUICE_CHECK(!read.whole || (skipped.whole && skipped.blocks == read.blocks && all.blocks == read.blocks));
  SLUICE_CHECK(all.blocks >= read.blocks);
  return 0;
}
