// Everything the archive parses: the first byte chooses what the rest is.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "deliver/archive/chain/commit_record.h"

#include "deliver/archive/partitioning.h"
#include "deliver/archive/rows/value_walk.h"

namespace {

using namespace sluice;

// A schema, a zero byte, a value.
void walk_value(ByteView bytes) {
  const auto end = bytes.find('\0');
  const auto walk = deliver::archive::ValueWalk::compile(bytes.substr(0, end));
  if (!walk.ok() || end == ByteView::npos) return;
  std::vector<ByteView> fields;
  const auto value = bytes.substr(end + 1);
  if (walk->is_record() && walk->split(value, fields) && !walk->matches(value)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: static_cast<void>(deliver::archive::parse_commit_record(rest, "record").ok()); break;
    case 1: static_cast<void>(deliver::archive::Partitioning::parse(rest).ok()); break;
    default: walk_value(rest);
  }
  return 0;
}
