// 1. add() fills one of two buffers. A full one is handed to a worker, who sorts an index of it and writes, of each key, the last change
//    to a file: a run.
// 2. merge() reads all runs side by side. Of more than kRunsAtOnce, groups of neighbours become one each first, as often as it takes.
//
// Erased keys are kept until the last merge: an older run may have them.

#include "flow/state/sorter.h"

#include <algorithm>
#include <utility>

namespace sluice::flow {

namespace {

constexpr std::size_t kRunsAtOnce = 64;
constexpr std::size_t kMostBufferBytes = std::size_t{1} << 30;  // positions in it are 32 bits
constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

// A change in a buffer: twelve bytes of its key, behind what all keys begin with, decide nearly every comparison.
struct Entry {
  std::uint64_t high;
  std::uint32_t low;
  std::uint32_t at;
};

// The changes of a buffer, in order.
class Index {
 public:
  Index(ByteView frames, std::size_t count) : frames_(frames) {
    entries_.reserve(count);
    for (ByteReader in(frames); !in.at_end();) {
      const auto at = static_cast<std::uint32_t>(in.position() - frames.data());
      const auto key = take_frame(in).key;
      if (entries_.empty()) common_ = key;
      common_ = common_.substr(0, common_bytes(common_, key));
      entries_.push_back({0, 0, at});
    }
    for (auto& entry : entries_) {
      const auto key = key_of(entry);
      entry.high = key_word<std::uint64_t>(key, common_.size());
      entry.low = key_word<std::uint32_t>(key, common_.size() + sizeof entry.high);
    }
    std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) { return before(a, b); });
  }

  [[nodiscard]] ByteView common() const { return common_; }
  // The bytes of the frames, of each key the last.
  template <typename Visit>
  Result<void> each(const Visit& visit) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (i + kAhead < entries_.size()) __builtin_prefetch(frames_.data() + entries_[i + kAhead].at);
      if (i + 1 < entries_.size() && same_key(entries_[i], entries_[i + 1])) continue;
      ByteReader in(frames_.substr(entries_[i].at));
      static_cast<void>(take_frame(in));
      SLUICE_RETURN_IF_ERROR(visit(ByteView(frames_.data() + entries_[i].at, in.position())));
    }
    return {};
  }

 private:
  static constexpr std::size_t kAhead = 16;

  [[nodiscard]] ByteView key_of(const Entry& entry) const {
    ByteReader in(frames_.substr(entry.at));
    return take_frame(in).key;
  }
  [[nodiscard]] bool same_key(const Entry& a, const Entry& b) const { return a.high == b.high && a.low == b.low && key_of(a) == key_of(b); }
  [[nodiscard]] bool before(const Entry& a, const Entry& b) const {
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    const int order = key_of(a).compare(key_of(b));
    return order < 0 || (order == 0 && a.at < b.at);
  }

  ByteView frames_;
  ByteView common_;
  std::vector<Entry> entries_;
};

// Writes a file from its beginning to its end.
class RunWriter {
 public:
  [[nodiscard]] static Result<RunWriter> open(const std::string& path) {
    SLUICE_TRY(auto file, io::real_file_system().open(path, io::OpenMode::create_new));
    return RunWriter(std::move(file));
  }
  [[nodiscard]] Result<void> write(ByteView frames) {
    if (waiting_.size() + frames.size() > kWriteBytes) SLUICE_RETURN_IF_ERROR(flush());
    if (frames.size() < kWriteBytes) {
      waiting_ += frames;
      return {};
    }
    SLUICE_RETURN_IF_ERROR(file_->write_at(bytes_, frames));
    bytes_ += frames.size();
    return {};
  }
  [[nodiscard]] Result<SortedRun> finish(ByteView common) {
    SLUICE_RETURN_IF_ERROR(flush());
    return SortedRun{file_->path(), bytes_, Bytes(common)};
  }

 private:
  explicit RunWriter(std::shared_ptr<io::File> file) : file_(std::move(file)) { waiting_.reserve(kWriteBytes); }
  [[nodiscard]] Result<void> flush() {
    if (waiting_.empty()) return {};
    SLUICE_RETURN_IF_ERROR(file_->write_at(bytes_, waiting_));
    bytes_ += waiting_.size();
    waiting_.clear();
    return {};
  }

  std::shared_ptr<io::File> file_;
  std::uint64_t bytes_ = 0;
  Bytes waiting_;
};

Result<SortedRun> write_run(const std::string& path, ByteView frames, std::size_t count) {
  const Index index(frames, count);
  SLUICE_TRY(auto writer, RunWriter::open(path));
  SLUICE_RETURN_IF_ERROR(index.each([&](ByteView frame) { return writer.write(frame); }));
  return writer.finish(index.common());
}

}  // namespace

Result<void> Sorter::add(const ChangeFrame& change) {
  auto* buffer = &buffers_[filled_];
  const auto most = std::min(memory_bytes_ / 2, kMostBufferBytes);
  const auto size = change.key.size() + change.value.value_or(ByteView{}).size();
  if (count_ > 0 && buffer->size() + size + (count_ + 1) * sizeof(Entry) > most) {
    SLUICE_RETURN_IF_ERROR(spill());
    buffer = &buffers_[filled_];
  }
  if (buffer->capacity() < most) buffer->reserve(most);
  append_frame(*buffer, change);
  ++count_;
  return {};
}

Result<void> Sorter::spill() {
  return hand_over([this, path = new_path(), count = std::exchange(count_, 0)](ByteView frames) -> Result<void> {
    SLUICE_TRY(auto run, write_run(path, frames, count));
    runs_.push_back(std::move(run));
    return {};
  });
}

Result<void> Sorter::merge(const Take& take, const GoOn& go_on) {
  if (count_ > 0) SLUICE_RETURN_IF_ERROR(spill());
  SLUICE_RETURN_IF_ERROR(wait());
  buffers_ = {};
  std::uint64_t bytes = 0;
  for (const auto& run : runs_) bytes += run.bytes;
  all_bytes_ = bytes;
  for (auto runs = runs_.size(); runs > kRunsAtOnce; runs = (runs + kRunsAtOnce - 1) / kRunsAtOnce) all_bytes_ += bytes;
  while (runs_.size() > kRunsAtOnce) SLUICE_RETURN_IF_ERROR(merge_groups(go_on));
  return runs_.empty() ? Result<void>{} : merge_runs(runs_, true, take, go_on);
}

Result<void> Sorter::merge_groups(const GoOn& go_on) {
  std::vector<SortedRun> merged;
  for (std::span<const SortedRun> rest = runs_; !rest.empty();) {
    const auto group = rest.first(std::min(kRunsAtOnce, rest.size()));
    rest = rest.subspan(group.size());
    auto common = ByteView(group.front().common);
    for (const auto& run : group) common = common.substr(0, common_bytes(common, run.common));
    SLUICE_TRY(auto writer, RunWriter::open(new_path()));
    SLUICE_RETURN_IF_ERROR(merge_runs(group, false, [&](ByteView frames) { return writer.write(frames); }, go_on));
    SLUICE_TRY(auto run, writer.finish(common));
    merged.push_back(std::move(run));
    for (const auto& done : group) SLUICE_RETURN_IF_ERROR(io::real_file_system().remove(done.path));
  }
  runs_ = std::move(merged);
  return {};
}

// `take` and `runs` are not used after it.
Result<void> Sorter::merge_runs(std::span<const SortedRun> runs, bool last, const Take& take, const GoOn& go_on) {
  auto outcome = merge_blocks(runs, last, take, go_on);
  task_.reset();
  return outcome;
}

Result<void> Sorter::merge_blocks(std::span<const SortedRun> runs, bool last, const Take& take, const GoOn& go_on) {
  const auto block_bytes = memory_bytes_ / 8;
  SLUICE_TRY(const auto merge, RunMerge::open(runs, memory_bytes_ / 2));
  const auto pass_on = [&]() -> Result<void> {
    done_bytes_ += buffers_[filled_].size();
    if (!go_on(static_cast<double>(done_bytes_) / static_cast<double>(all_bytes_))) return Error{ErrorCode::cancelled, "it is stopping"};
    return hand_over(take);
  };
  while (!merge->ended()) {
    const auto& frame = merge->frame();
    if (frame.value || !last) append_frame(buffers_[filled_], frame);
    if (buffers_[filled_].size() >= block_bytes) SLUICE_RETURN_IF_ERROR(pass_on());
    SLUICE_RETURN_IF_ERROR(merge->next());
  }
  SLUICE_RETURN_IF_ERROR(pass_on());
  return wait();
}

Result<void> Sorter::hand_over(std::function<Result<void>(ByteView frames)> work) {
  SLUICE_RETURN_IF_ERROR(wait());
  task_.emplace(workers_.begin([work = std::move(work), &frames = buffers_[filled_]]() -> Result<void> {
    SLUICE_RETURN_IF_ERROR(work(frames));
    frames.clear();
    return {};
  }));
  filled_ = 1 - filled_;
  return {};
}

Result<void> Sorter::wait() {
  if (!task_) return {};
  auto task = std::move(*task_);
  task_.reset();
  return task.wait();
}

}  // namespace sluice::flow
