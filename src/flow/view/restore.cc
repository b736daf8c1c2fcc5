// Catching up: the records of the state's topic from applied().state on are the state's changes, those of the view's topic from applied().rows on
// its rows; in whichever order, the last record of a key is what the state must have.
//
// A state that has something gets them in batches: in between it is of no moment at all, and applied() says how far it is. One that has nothing is
// filled, and has everything or nothing.

#include "flow/view/restore.h"

#include <filesystem>

#include "base/trace.h"
#include "flow/view/view.h"
#include "io/clock.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
constexpr std::size_t kPollBytes = std::size_t{1} << 20;
constexpr double kReadingPart = 0.5;  // of a filling: the rest is its end
constexpr std::size_t kEraseKeys = 10'000;
constexpr std::int64_t kTombstonesLiveMs = std::int64_t{6} * 24 * 3600 * 1000;  // less than delete.retention.ms

Result<pipeline::PartitionRange> range_of(pipeline::Log& log, const std::string& topic) {
  if (topic.empty()) return pipeline::PartitionRange{Offset{0}, Offset{0}};
  return log.range(topic, 0);
}

class Restore {
 public:
  Restore(const StateSource& source, pipeline::Log& log, const std::function<bool(double)>& progress) : source_(source), log_(log), progress_(progress) {}

  Result<std::shared_ptr<DiskState>> run(std::shared_ptr<DiskState> open) {
    SLUICE_TRY(state_range_, range_of(log_, source_.state_topic));
    SLUICE_TRY(rows_range_, range_of(log_, source_.rows_topic));
    if (open) {
      state_ = std::move(open);
      state_->rollback();
    } else {
      SLUICE_RETURN_IF_ERROR(open_folder());
    }
    applied_ = Applied::parse(state_->applied());
    if (!usable()) SLUICE_RETURN_IF_ERROR(make_anew());
    begin_ = applied_;
    applied_.at_ms = io::system_clock().wall_ms();
    if (state_->applied().empty()) {
      SLUICE_TRY(filling_, state_->fill());
    }
    SLUICE_RETURN_IF_ERROR(replay(source_.state_topic, state_range_.last_stable, applied_.state, {}));
    if (!source_.rows_topic.empty()) SLUICE_RETURN_IF_ERROR(replay(source_.rows_topic, rows_range_.last_stable, applied_.rows, View::kRowsPrefix));
    SLUICE_RETURN_IF_ERROR(filling_ ? filling_->finish(applied_.text(), [&](double part) { return progress_(kReadingPart + part * (1 - kReadingPart)); }) : commit());
    filling_.reset();
    SLUICE_RETURN_IF_ERROR(tell(1));
    return std::move(state_);
  }

 private:
  Result<void> open_folder() {
    std::error_code error;
    std::filesystem::create_directories(source_.folder, error);
    if (error) return Error{ErrorCode::back_off, source_.folder + ": " + error.message()};
    auto opened = DiskState::open(source_.folder, source_.memory_bytes);
    if (!opened.ok() && opened.error().code == ErrorCode::corrupt) {
      trace::warn("flow", source_.folder + ": " + opened.error().message + "; it is restored from " + source_.state_topic);
      return make_anew();
    }
    SLUICE_TRY(state_, std::move(opened));
    return {};
  }

  Result<void> make_anew() {
    state_.reset();
    std::error_code error;
    std::filesystem::remove_all(source_.folder, error);
    std::filesystem::create_directories(source_.folder, error);
    if (error) return Error{ErrorCode::back_off, source_.folder + ": " + error.message()};
    SLUICE_TRY(state_, DiskState::open(source_.folder, source_.memory_bytes));
    applied_ = {};
    return {};
  }

  [[nodiscard]] bool usable() const {
    if (state_->applied().empty()) return true;
    const auto old = io::system_clock().wall_ms() - applied_.at_ms > kTombstonesLiveMs;
    return source_.begun && !old && applied_.state <= state_range_.last_stable && (source_.rows_topic.empty() || applied_.rows <= rows_range_.last_stable);
  }

  // `end` is the topic's; `done`, a part of applied_, comes to it.
  Result<void> replay(const std::string& topic, Offset end, Offset& done, ByteView prefix) {
    const auto start = prefix.empty() ? state_range_.start : rows_range_.start;
    done = std::max(done, start);
    SLUICE_TRY(const auto reader, log_.reader(topic, 0, done));
    while (reader->next_offset() < end) {
      SLUICE_TRY(const auto records, reader->poll(0, kPollBytes));
      const bool over = records.empty() && reader->next_offset() < end;  // nothing but what compaction has removed
      for (const auto& record : records) SLUICE_RETURN_IF_ERROR(apply(record, prefix));
      done = over ? end : reader->next_offset();
      if (state_->batch_bytes() >= kBatchBytes) SLUICE_RETURN_IF_ERROR(commit());
      SLUICE_RETURN_IF_ERROR(tell(filling_ ? part_read() * kReadingPart : part_read()));
      if (over) break;
    }
    done = std::max(done, end);
    return {};
  }

  Result<void> apply(const pipeline::ReadRecord& record, ByteView prefix) {
    if (!record.key) return {};
    if (prefix.empty() && !source_.rows_topic.empty() && record.key->starts_with(View::kRowsPrefix)) return {};  // of before it was published
    key_.assign(prefix);
    key_ += *record.key;
    if (filling_) return filling_->add(key_, record.value);
    state_->load(key_, record.value);
    return {};
  }

  Result<void> commit() {
    applied_.at_ms = io::system_clock().wall_ms();
    return state_->commit(applied_.text());
  }

  [[nodiscard]] double part_read() const {
    const auto all = static_cast<double>((state_range_.last_stable - begin_.state) + (rows_range_.last_stable - begin_.rows));
    const auto done = static_cast<double>((applied_.state - begin_.state) + (applied_.rows - begin_.rows));
    return all <= 0 ? 1 : done / all;
  }
  [[nodiscard]] Result<void> tell(double part) const {
    if (!progress_(part)) return Error{ErrorCode::cancelled, "the view is stopping"};
    return {};
  }

  const StateSource& source_;
  pipeline::Log& log_;
  const std::function<bool(double)>& progress_;
  std::shared_ptr<DiskState> state_;
  std::unique_ptr<Filling> filling_;  // null: the state had something
  pipeline::PartitionRange state_range_;
  pipeline::PartitionRange rows_range_;
  Applied applied_;
  Applied begin_;
  Bytes key_;
};

}  // namespace

Result<std::shared_ptr<DiskState>> restore_state(const StateSource& source, pipeline::Log& log, std::shared_ptr<DiskState> open,
                                                 const std::function<bool(double)>& progress) {
  return Restore(source, log, progress).run(std::move(open));
}

Result<void> erase_prefix(DiskState& state, ByteView prefix) {
  const auto applied = state.applied();
  while (true) {
    std::vector<Bytes> keys;
    SLUICE_RETURN_IF_ERROR(state.scan(prefix, {}, [&](ByteView key, ByteView) {
      keys.emplace_back(key);
      return keys.size() < kEraseKeys;
    }));
    if (keys.empty()) return {};
    for (const auto& key : keys) state.erase(key);
    SLUICE_RETURN_IF_ERROR(state.commit(applied));
  }
}

}  // namespace sluice::flow
