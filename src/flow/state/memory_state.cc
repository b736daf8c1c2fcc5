#include <map>

#include "flow/state/state.h"

namespace sluice::flow {

namespace {

class MemoryState : public State {
 public:
  Result<std::optional<ByteView>> find(ByteView key) override {
    const auto at = values_.find(key);
    if (at == values_.end()) return std::optional<ByteView>{};
    return std::optional<ByteView>{at->second};
  }
  void put(ByteView key, ByteView value) override {
    const auto at = values_.lower_bound(key);
    if (at != values_.end() && at->first == key) {
      at->second.assign(value);
    } else {
      values_.emplace_hint(at, key, value);
    }
  }
  void erase(ByteView key) override {
    if (const auto at = values_.find(key); at != values_.end()) values_.erase(at);
  }
  Result<void> scan(ByteView prefix, ByteView from, const Visit& visit) override {
    for (auto at = values_.lower_bound(std::max(prefix, from)); at != values_.end() && at->first.starts_with(prefix); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

 private:
  std::map<Bytes, Bytes, std::less<>> values_;
};

}  // namespace

Result<std::optional<Bytes>> State::get(ByteView key) {
  SLUICE_TRY(const auto found, find(key));
  if (!found) return std::optional<Bytes>{};
  return std::optional<Bytes>{*found};
}

std::unique_ptr<State> memory_state() { return std::make_unique<MemoryState>(); }

}  // namespace sluice::flow
