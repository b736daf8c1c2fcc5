#include "deliver/archive/latest/newest_records.h"

#include <algorithm>

namespace sluice::deliver::archive {

namespace {

constexpr std::size_t kFirstSlots = 1024;

}  // namespace

std::size_t NewestRecords::find(const Hash128& key) const {
  auto at = key.high & (slots_.size() - 1);
  while (slots_[at].state != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void NewestRecords::note(const Hash128& key, Offset offset, bool deleted) {
  if (used_ * 4 >= slots_.size() * 3) grow();
  auto& slot = slots_[find(key)];
  if (slot.state == 0) ++used_;
  if (slot.state > 0) --alive_;
  if (!deleted) ++alive_;
  slot = {key, deleted ? -(offset.value + 1) : offset.value + 1};
}

std::optional<Offset> NewestRecords::newest(const Hash128& key) const {
  if (slots_.empty()) return std::nullopt;
  const auto& slot = slots_[find(key)];
  return slot.state > 0 ? std::optional(Offset{slot.state - 1}) : std::nullopt;
}

void NewestRecords::grow() {
  std::vector<Slot> old(std::max(kFirstSlots, slots_.size() * 2));
  old.swap(slots_);
  for (const auto& slot : old) {
    if (slot.state != 0) slots_[find(slot.key)] = slot;
  }
}

}  // namespace sluice::deliver::archive
