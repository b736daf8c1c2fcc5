#include "flow/state/overlay.h"

namespace sluice::flow {

namespace {

// What the table's node, its bucket and two allocations come to.
constexpr std::size_t kNodeBytes = 128;

std::size_t bytes_of(const Overlay::Node& node) { return node.first.size() + node.second.value.capacity() + kNodeBytes; }

}  // namespace

const Overlay::Entry* Overlay::find(ByteView key) {
  const auto at = table_.find(key);
  if (at == table_.end()) return nullptr;
  at->second.used = true;
  return &at->second;
}

const Overlay::Entry* Overlay::remember(ByteView key, std::optional<ByteView> value) {
  if (remembered_bytes_ > memory_bytes_) sweep();
  Node& node = *table_.try_emplace(Bytes(key)).first;
  node.second.present = value.has_value();
  if (value) node.second.value.assign(*value);
  remembered_bytes_ += bytes_of(node);
  return &node.second;
}

void Overlay::change(ByteView key, std::optional<ByteView> value) {
  auto at = table_.find(key);
  if (at == table_.end()) {
    at = table_.try_emplace(Bytes(key)).first;
  } else if (at->second.changed) {
    changed_bytes_ -= at->second.value.size() + key.size();
  } else {
    remembered_bytes_ -= bytes_of(*at);
  }
  Entry& entry = at->second;
  if (!entry.changed) changes_.insert(&*at);
  entry.changed = true;
  entry.present = value.has_value();
  entry.value.assign(value.value_or(ByteView{}));
  changed_bytes_ += entry.value.size() + key.size();
}

void Overlay::committed() {
  for (Node* const node : changes_) {
    node->second.changed = false;
    remembered_bytes_ += bytes_of(*node);
  }
  changes_.clear();
  changed_bytes_ = 0;
  if (remembered_bytes_ > memory_bytes_) sweep();
}

void Overlay::rolled_back() {
  Changes changes;
  changes.swap(changes_);
  for (Node* const node : changes) table_.erase(table_.find(node->first));
  changed_bytes_ = 0;
}

// What was used since the last sweep gets a second chance, unless all was.
void Overlay::sweep() {
  for (int pass = 0; pass < 2 && remembered_bytes_ > memory_bytes_ / 2; ++pass) {
    for (auto at = table_.begin(); at != table_.end();) {
      Entry& entry = at->second;
      if (entry.changed || std::exchange(entry.used, false)) {
        ++at;
      } else {
        remembered_bytes_ -= bytes_of(*at);
        at = table_.erase(at);
      }
    }
  }
}

}  // namespace sluice::flow
