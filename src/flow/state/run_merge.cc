#include "flow/state/run_merge.h"

namespace sluice::flow {

namespace {

constexpr std::size_t kLeastBufferBytes = std::size_t{4} << 10;

}  // namespace

Result<void> RunReader::next() {
  while (true) {
    ByteReader in = rest_;
    frame_ = take_frame(in);
    if (in.ok()) {
      rest_ = in;
      word_ = key_word<std::uint64_t>(frame_.key, skip_);
      return {};
    }
    if (at_ < bytes_) {
      SLUICE_RETURN_IF_ERROR(fill());
      continue;
    }
    ended_ = true;
    if (rest_.at_end()) return {};
    return Error{ErrorCode::corrupt, file_->path() + ": ends within a change"};
  }
}

// What is left of the buffer comes first; where that is all of it, the change is larger.
Result<void> RunReader::fill() {
  const auto left = rest_.remaining();
  buffer_.erase(0, buffer_.size() - left);
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(std::max(buffer_bytes_, left * 2), left + bytes_ - at_)));
  const auto wanted = std::span(buffer_).subspan(left);
  SLUICE_TRY(const auto got, file_->read_at(at_, wanted));
  if (got != wanted.size()) return Error{ErrorCode::corrupt, file_->path() + ": is shorter than it was"};
  at_ += got;
  rest_ = ByteReader(buffer_);
  return {};
}

Result<std::unique_ptr<RunMerge>> RunMerge::open(std::span<const SortedRun> runs, std::size_t memory_bytes) {
  auto merge = std::make_unique<RunMerge>();
  std::size_t skip = runs.front().common.size();
  for (const auto& run : runs) skip = std::min(skip, common_bytes(runs.front().common, run.common));
  for (const auto& run : runs) {
    SLUICE_TRY(auto file, io::real_file_system().open(run.path, io::OpenMode::read));
    merge->readers_.emplace_back(std::move(file), run.bytes, std::max(memory_bytes / runs.size(), kLeastBufferBytes), skip);
    SLUICE_RETURN_IF_ERROR(merge->readers_.back().next());
  }
  merge->losers_.resize(runs.size());
  merge->winner_ = merge->play(1);
  return merge;
}

bool RunMerge::before(std::uint32_t a, std::uint32_t b) const {
  const auto& left = readers_[a];
  const auto& right = readers_[b];
  if (left.ended() || right.ended()) return right.ended() && !left.ended();
  if (left.word() != right.word()) return left.word() < right.word();
  const int order = left.frame().key.compare(right.frame().key);
  return order < 0 || (order == 0 && a > b);
}

// Gives who wins below the node.
std::uint32_t RunMerge::play(std::uint32_t node) {
  const auto leaves = static_cast<std::uint32_t>(readers_.size());
  if (node >= leaves) return node - leaves;
  auto winner = play(2 * node);
  auto loser = play(2 * node + 1);
  if (before(loser, winner)) std::swap(winner, loser);
  losers_[node] = loser;
  return winner;
}

Result<void> RunMerge::move_winner() {
  SLUICE_RETURN_IF_ERROR(readers_[winner_].next());
  for (auto node = (winner_ + static_cast<std::uint32_t>(readers_.size())) / 2; node > 0; node /= 2) {
    if (before(losers_[node], winner_)) std::swap(losers_[node], winner_);
  }
  return {};
}

// Changes of the same key follow, those of older runs.
Result<void> RunMerge::next() {
  const auto word = readers_[winner_].word();
  last_.assign(frame().key);
  do {
    SLUICE_RETURN_IF_ERROR(move_winner());
  } while (!ended() && readers_[winner_].word() == word && frame().key == last_);
  return {};
}

}  // namespace sluice::flow
