// Container files of anybody's.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "deliver/avro_file/container_reader.h"

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
  Result<std::uint64_t> temporary_size(const std::string&) override { return no(); }
  Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string&, const std::string&) override { return no(); }
  Result<pipeline::Published> publish(const std::string&, const std::string&) override { return no(); }
  Result<pipeline::Published> put(const std::string&, const std::string&, ByteView) override { return no(); }
  Result<void> replace(const std::string&, const std::string&, ByteView) override { return no(); }
  Result<std::vector<pipeline::StoreEntry>> list(const std::string&) override { return no(); }
  Result<std::vector<pipeline::Leftover>> leftovers(const std::string&, const std::string&) override { return no(); }
  Result<void> remove(const std::string&) override { return no(); }
  Result<void> discard(const std::string&) override { return no(); }
  [[nodiscard]] std::string where() const override { return "fuzz"; }

 private:
  static Error no() { return {.code = ErrorCode::unsupported, .message = "read only"}; }
  ByteView bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  OneObject store(ByteView(reinterpret_cast<const char*>(data), size));
  auto reader = deliver::avro_file::ContainerReader::open(store, "file");
  while (reader.ok()) {
    const auto block = reader->next();
    if (!block.ok() || block->count == 0) break;
  }
  return 0;
}
