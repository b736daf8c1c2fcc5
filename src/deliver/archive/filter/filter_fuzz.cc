// An expression, a zero byte, a row: whatever compiles has a verdict.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "deliver/archive/filter/filter.h"
#include "deliver/archive/rows/value_walk.h"

namespace {

using namespace sluice;
using namespace sluice::deliver::archive;

constexpr const char* kSchema =
    R"({"type":"record","name":"V","fields":[{"name":"n","type":["null","long"]},{"name":"t","type":["null","string"]},)"
    R"({"name":"p","type":["null",{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}]},)"
    R"({"name":"b","type":["null","boolean"]},{"name":"d","type":["null","double"]},)"
    R"({"name":"e","type":["null",{"type":"enum","name":"E","symbols":["x","y"]}]},)"
    R"({"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},)"
    R"({"name":"day","type":["null",{"type":"int","logicalType":"date"}]},{"name":"_op","type":["null","string"]}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto schema = *avro::Schema::parse(kSchema);
  static const auto walk = *ValueWalk::compile(kSchema);
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto end = bytes.find('\0');
  const auto filter = Filter::parse(bytes.substr(0, end));
  if (!filter.ok()) return 0;
  auto compiled = RowFilter::compile(*filter, schema);
  if (!compiled.ok()) return 0;
  const Bytes nulls(walk.fields().size(), '\0');
  static_cast<void>(compiled->passes(nulls).ok());
  std::vector<ByteView> fields;
  const auto row = end == ByteView::npos ? ByteView() : bytes.substr(end + 1);
  if (walk.split(row, fields)) static_cast<void>(compiled->passes(row).ok());
  return 0;
}
