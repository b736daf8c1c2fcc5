// Everything the archive parses: the first byte chooses what the rest is.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "deliver/avro_file/commit_record.h"
#include "deliver/avro_file/container_reader.h"
#include "deliver/avro_file/value_walk.h"

namespace {

using namespace sluice;

// A store of one object.
class OneObject final : public pipeline::Store {
 public:
  explicit OneObject(ByteView bytes) : bytes_(bytes) {}
  Result<Bytes> read(const std::string&, std::uint64_t offset, std::size_t size) override {
    return Bytes(bytes_.substr(std::min<std::size_t>(offset, bytes_.size()), size));
  }
  Result<std::uint64_t> size(const std::string&) override { return std::uint64_t{bytes_.size()}; }
  Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string&) override { return no(); }
  Result<pipeline::Published> publish(const std::string&, const std::string&) override { return no(); }
  Result<std::vector<pipeline::StoreEntry>> list(const std::string&) override { return no(); }
  Result<void> remove(const std::string&) override { return no(); }
  [[nodiscard]] std::string where() const override { return "fuzz"; }

 private:
  static Error no() { return {.code = ErrorCode::unsupported, .message = "read only"}; }
  ByteView bytes_;
};

void read_container(ByteView bytes) {
  OneObject store(bytes);
  auto reader = deliver::avro_file::ContainerReader::open(store, "file");
  while (reader.ok()) {
    const auto block = reader->next();
    if (!block.ok() || block->rows == 0) break;
  }
}

// A schema, a zero byte, a value.
void walk_value(ByteView bytes) {
  const auto end = bytes.find('\0');
  const auto walk = deliver::avro_file::ValueWalk::compile(bytes.substr(0, end));
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
    case 0: static_cast<void>(deliver::avro_file::parse_commit_record(rest, "record").ok()); break;
    case 1: read_container(rest); break;
    default: walk_value(rest);
  }
  return 0;
}
