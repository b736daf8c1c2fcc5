#include "avro/compiled.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace sluice::avro {
namespace {

// Values by key, of which those used last are kept.
template <typename Key, typename Value>
class Recent {
 public:
  explicit Recent(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

  template <typename AnyKey>
  std::optional<Value> find(const AnyKey& key) {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    found->second.used.store(++now_, std::memory_order_relaxed);
    return found->second.value;
  }

  // What is there under the key now: two threads may have made it at once.
  Value keep(const Key& key, Value value) {
    const std::unique_lock lock(mutex_);
    const auto [place, is_new] = entries_.try_emplace(key, std::move(value), ++now_);
    auto kept = place->second.value;
    if (is_new && entries_.size() > capacity_) {
      entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.used.load(std::memory_order_relaxed); }));
    }
    return kept;
  }

 private:
  struct Entry {
    Entry(Value v, std::uint64_t now) : value(std::move(v)), used(now) {}
    Value value;
    std::atomic<std::uint64_t> used;
  };

  std::size_t capacity_;
  std::shared_mutex mutex_;
  std::map<Key, Entry, std::less<>> entries_;
  std::atomic<std::uint64_t> now_ = 0;
};

using Pair = std::pair<const Node*, const Node*>;

// The schemas stay, so that no other gets their addresses.
template <typename Made>
struct OfPair {
  Schema writer;
  Schema reader;
  Made made;
};

template <typename Made>
using RecentPairs = Recent<Pair, std::shared_ptr<const OfPair<Made>>>;

template <typename Made>
Result<Made> made_once(RecentPairs<Made>& recent, const Schema& writer, const Schema& reader) {
  const Pair key(&writer.root(), &reader.root());
  if (const auto known = recent.find(key)) return (*known)->made;
  SLUICE_TRY(auto made, Made::compile(writer, reader));
  return recent.keep(key, std::make_shared<const OfPair<Made>>(OfPair<Made>{writer, reader, std::move(made)}))->made;
}

}  // namespace

struct Compiled::State {
  State(std::size_t capacity, ParseOptions parse_options) : options(parse_options), schemas(capacity), programs(capacity), resolutions(capacity), resolved(capacity) {}

  ParseOptions options;
  Recent<std::string, Schema> schemas;
  Recent<const Node*, std::shared_ptr<const Program>> programs;
  RecentPairs<Resolution> resolutions;
  RecentPairs<ResolvedProgram> resolved;
};

Compiled::Compiled(std::size_t capacity, ParseOptions options) : state_(std::make_unique<State>(capacity, options)) {}
Compiled::~Compiled() = default;

Result<Schema> Compiled::schema(std::string_view text) {
  if (auto known = state_->schemas.find(text)) return *std::move(known);
  SLUICE_TRY(auto parsed, Schema::parse(text, state_->options));
  return state_->schemas.keep(std::string(text), std::move(parsed));
}

std::shared_ptr<const Program> Compiled::program(const Schema& schema) {
  if (auto known = state_->programs.find(&schema.root())) return *std::move(known);
  return state_->programs.keep(&schema.root(), std::make_shared<const Program>(schema));
}

Result<Resolution> Compiled::resolution(const Schema& writer, const Schema& reader) { return made_once<Resolution>(state_->resolutions, writer, reader); }
Result<ResolvedProgram> Compiled::program(const Schema& writer, const Schema& reader) { return made_once<ResolvedProgram>(state_->resolved, writer, reader); }

}  // namespace sluice::avro
