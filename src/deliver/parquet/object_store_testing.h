#pragma once
// Objects in memory, for tests of file formats: what is written is there, by name, at once.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/store.h"

namespace sluice::deliver::parquet {

class ObjectStore final : public pipeline::Store {
 public:
  std::map<std::string, Bytes> objects;    // by name; finish() of a writer puts them here
  std::uint64_t writable = UINT64_MAX;      // bytes until the place is full
  std::uint64_t readable = UINT64_MAX;      // reads until the place does not answer

  Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string& temporary, const std::string& name) override;
  Result<pipeline::Published> publish(const std::string&, const std::string&) override { return none(); }
  Result<pipeline::Published> put(const std::string&, const std::string&, ByteView) override { return none(); }
  Result<void> replace(const std::string&, const std::string&, ByteView) override { return none(); }
  Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override;
  Result<std::uint64_t> size(const std::string& name) override;
  Result<std::uint64_t> temporary_size(const std::string&) override { return none(); }
  Result<std::vector<pipeline::StoreEntry>> list(const std::string&) override { return none(); }
  Result<std::vector<pipeline::Leftover>> leftovers(const std::string&, const std::string&) override { return none(); }
  Result<void> remove(const std::string&) override { return none(); }
  Result<void> discard(const std::string&) override { return none(); }
  std::string where() const override { return "memory"; }

 private:
  static Error none() { return {ErrorCode::unsupported, "objects are only written and read here"}; }
};

}  // namespace sluice::deliver::parquet
