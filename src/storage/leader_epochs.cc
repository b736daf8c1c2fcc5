#include "storage/leader_epochs.h"

#include <algorithm>

#include "storage/text_lines.h"

namespace sluice::storage {
namespace {

bool take_numbers(ByteView& text, std::initializer_list<std::int64_t*> numbers) {
  ByteView line;
  return take_line(text, line) && read_numbers(line, numbers);
}

}  // namespace

Result<LeaderEpochs> LeaderEpochs::parse(ByteView text) {
  const Error damaged{ErrorCode::corrupt, "leader-epoch-checkpoint is damaged"};
  std::int64_t version = 0;
  std::int64_t count = 0;
  if (!take_numbers(text, {&version})) return damaged;
  if (version != 0) return Error{ErrorCode::unsupported, "leader-epoch-checkpoint of version " + std::to_string(version)};
  if (!take_numbers(text, {&count})) return damaged;
  LeaderEpochs epochs;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t epoch = 0;
    std::int64_t start = 0;
    if (!take_numbers(text, {&epoch, &start}) || epoch < 0 || epoch > INT32_MAX || start < 0) return damaged;
    if (!epochs.begin(LeaderEpoch{static_cast<std::int32_t>(epoch)}, Offset{start})) return damaged;
  }
  if (!text.empty()) return damaged;
  return epochs;
}

Bytes LeaderEpochs::text() const {
  Bytes text = "0\n" + std::to_string(entries_.size()) + "\n";
  for (const auto& entry : entries_) text += to_string(entry.epoch) + " " + to_string(entry.start) + "\n";
  return text;
}

LeaderEpoch LeaderEpochs::current() const { return entries_.empty() ? LeaderEpoch{0} : entries_.back().epoch; }

bool LeaderEpochs::begin(LeaderEpoch epoch, Offset start) {
  if (!entries_.empty() && epoch <= entries_.back().epoch) return false;
  if (!entries_.empty() && start < entries_.back().start) return false;
  if (!entries_.empty() && start == entries_.back().start) entries_.pop_back();  // that one never had a batch
  entries_.push_back({epoch, start});
  return true;
}

std::optional<EpochEnd> LeaderEpochs::end_of(LeaderEpoch epoch, Offset log_end) const {
  const auto after = std::partition_point(entries_.begin(), entries_.end(), [&](const auto& e) { return e.epoch <= epoch; });
  if (after == entries_.begin()) return std::nullopt;
  return EpochEnd{std::prev(after)->epoch, after == entries_.end() ? log_end : after->start};
}

bool LeaderEpochs::cut(Offset start, Offset end) {
  const auto before = entries_.size();
  while (!entries_.empty() && entries_.back().start > end) entries_.pop_back();
  while (entries_.size() > 1 && entries_[1].start <= start) entries_.erase(entries_.begin());
  bool changed = entries_.size() != before;
  if (!entries_.empty() && entries_.front().start < start) {
    entries_.front().start = start;
    changed = true;
  }
  return changed;
}

}  // namespace sluice::storage
