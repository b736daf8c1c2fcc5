#include "flow/state/overlay.h"

#include <algorithm>

#include "flow/state/change_frame.h"

namespace sluice::flow {

namespace {

// What the table's node, its bucket and two allocations come to.
constexpr std::size_t kNodeBytes = 128;

std::size_t bytes_of(const Overlay::Node& node) { return node.first.size() + node.second.value.capacity() + kNodeBytes; }

// Sixteen bytes of each key beside its node decide nearly every comparison.
void sort_by_key(std::vector<Overlay::Node*>& nodes) {
  struct Entry {
    std::uint64_t high;
    std::uint64_t low;
    Overlay::Node* node;
  };
  std::vector<Entry> entries;
  entries.reserve(nodes.size());
  for (auto* const node : nodes) entries.push_back({key_word<std::uint64_t>(node->first, 0), key_word<std::uint64_t>(node->first, sizeof Entry::high), node});
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    return a.node->first < b.node->first;
  });
  std::ranges::transform(entries, nodes.begin(), &Entry::node);
}

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
  if (!entry.changed) {
    if (scanned_) {
      ordered_.insert(&*at);
    } else {
      changes_.push_back(&*at);
    }
    sorted_ = false;
  }
  entry.changed = true;
  entry.present = value.has_value();
  entry.value.assign(value.value_or(ByteView{}));
  changed_bytes_ += entry.value.size() + key.size();
}

std::span<Overlay::Node* const> Overlay::changes() {
  if (!std::exchange(sorted_, true)) {
    if (scanned_) {
      changes_.assign(ordered_.begin(), ordered_.end());
    } else {
      sort_by_key(changes_);
    }
  }
  return changes_;
}

const Overlay::Ordered& Overlay::ordered() {
  if (!scanned_) {
    for (Node* const node : changes()) ordered_.insert(ordered_.end(), node);
    scanned_ = true;
  }
  return ordered_;
}

void Overlay::committed() {
  for (Node* const node : changes()) {
    node->second.changed = false;
    remembered_bytes_ += bytes_of(*node);
  }
  forget_changes();
  if (remembered_bytes_ > memory_bytes_) sweep();
}

void Overlay::rolled_back() {
  const std::vector<Node*> nodes(changes().begin(), changes().end());
  forget_changes();  // before the nodes go
  for (Node* const node : nodes) table_.erase(table_.find(node->first));
}

void Overlay::forget_changes() {
  changes_.clear();
  ordered_.clear();
  sorted_ = true;
  scanned_ = false;
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
