#pragma once
// The open batch of a DiskState, and in the same table the values that were read or committed lately: what is asked again and
// again is found by one hash, whether it has been changed or not. The changed ones are in a list besides, which is sorted when it is asked for;
// from a batch's first scan on they are in an ordered set instead.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"

namespace sluice::flow {

class Overlay {
 public:
  struct Entry {
    Bytes value = {};
    bool present = false;  // false: there is no such key
    bool changed = false;  // by the open batch
    bool used = false;     // since the last sweep
  };
  using Node = std::pair<const Bytes, Entry>;
  struct Less {
    using is_transparent = void;
    bool operator()(const Node* a, const Node* b) const { return a->first < b->first; }
    bool operator()(const Node* a, ByteView b) const { return a->first < b; }
    bool operator()(ByteView a, const Node* b) const { return a < b->first; }
  };
  using Ordered = std::set<Node*, Less>;

  // `memory_bytes` bounds what is remembered without being changed.
  explicit Overlay(std::size_t memory_bytes) : memory_bytes_(memory_bytes) {}

  // Null: what the key has is not known here. Lives until the next call.
  [[nodiscard]] const Entry* find(ByteView key);
  // What the disk has for a key that find() did not know.
  const Entry* remember(ByteView key, std::optional<ByteView> value);
  // No value: erased.
  void change(ByteView key, std::optional<ByteView> value);

  // What has changed, in the order of keys: to go through it once, and for scans.
  [[nodiscard]] std::span<Node* const> changes();
  [[nodiscard]] const Ordered& ordered();
  [[nodiscard]] std::size_t changed_bytes() const { return changed_bytes_; }
  // The changes are on disk: they are remembered as it is.
  void committed();
  // The changes are forgotten, and with them what these keys had.
  void rolled_back();

 private:
  struct Hash {
    using is_transparent = void;
    // Not noexcept on purpose: the table then keeps the hashes instead of computing them again for neighbours.
    std::size_t operator()(ByteView key) const { return hash128(key, 0).low; }
  };
  using Table = std::unordered_map<Bytes, Entry, Hash, std::equal_to<>>;

  void sweep();
  void forget_changes();

  std::size_t memory_bytes_;
  std::size_t remembered_bytes_ = 0;
  std::size_t changed_bytes_ = 0;
  Table table_;
  std::vector<Node*> changes_;  // all, or those that are in ordered_, when they were asked for
  bool sorted_ = true;
  Ordered ordered_;
  bool scanned_ = false;  // new ones go to ordered_
};

}  // namespace sluice::flow
