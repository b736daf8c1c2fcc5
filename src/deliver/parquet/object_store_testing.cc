#include "deliver/parquet/object_store_testing.h"

namespace sluice::deliver::parquet {

namespace {

class ObjectWriter final : public pipeline::StoreWriter {
 public:
  ObjectWriter(ObjectStore& store, std::string name) : store_(store), name_(std::move(name)) {}
  Result<void> append(ByteView bytes) override {
    if (bytes.size() > store_.writable) return Error{ErrorCode::out_of_space, "the place is full"};
    store_.writable -= bytes.size();
    bytes_.append(bytes);
    return {};
  }
  Result<std::string> finish() override {
    store_.objects[name_] = std::move(bytes_);
    return name_;
  }

 private:
  ObjectStore& store_;
  std::string name_;
  Bytes bytes_;
};

}  // namespace

Result<std::unique_ptr<pipeline::StoreWriter>> ObjectStore::create(const std::string& /*temporary*/, const std::string& name) {
  return std::make_unique<ObjectWriter>(*this, name);
}

Result<Bytes> ObjectStore::read(const std::string& name, std::uint64_t offset, std::size_t size) {
  const auto found = objects.find(name);
  if (found == objects.end()) return Error{ErrorCode::not_found, "there is no " + name};
  if (readable == 0) return Error{ErrorCode::back_off, "the place does not answer"};
  --readable;
  return offset >= found->second.size() ? Bytes() : found->second.substr(offset, size);
}

Result<std::uint64_t> ObjectStore::size(const std::string& name) {
  const auto found = objects.find(name);
  if (found == objects.end()) return Error{ErrorCode::not_found, "there is no " + name};
  return found->second.size();
}

}  // namespace sluice::deliver::parquet
