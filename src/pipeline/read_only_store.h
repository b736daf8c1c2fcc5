#pragma once
// A Store that can be read alone; everything else is refused. For what reads files of rows out of something that is no place.

#include <memory>
#include <string>
#include <vector>

#include "pipeline/store.h"

namespace sluice::pipeline {

class ReadOnlyStore : public Store {
 public:
  Result<std::unique_ptr<StoreWriter>> create(const std::string&, const std::string&) final { return refused(); }
  Result<Published> publish(const std::string&, const std::string&) final { return refused(); }
  Result<Published> put(const std::string&, const std::string&, ByteView) final { return refused(); }
  Result<void> replace(const std::string&, const std::string&, ByteView) final { return refused(); }
  Result<std::uint64_t> temporary_size(const std::string&) final { return refused(); }
  Result<std::vector<StoreEntry>> list(const std::string&) final { return refused(); }
  Result<std::vector<Leftover>> leftovers(const std::string&, const std::string&) final { return refused(); }
  Result<void> remove(const std::string&) final { return refused(); }
  Result<void> discard(const std::string&) final { return refused(); }

 private:
  [[nodiscard]] Error refused() const { return {.code = ErrorCode::rejected, .message = where() + " can only be read"}; }
};

}  // namespace sluice::pipeline
