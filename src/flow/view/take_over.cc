// 1. The topic is read from its start to its end into the state, below a prefix of its own: its image, the newest value of each key. It may be
//    larger than the memory, as the state may. It is no part of the state's topic: what a kill leaves of it is removed at the next start.
// 2. Both are gone through, and what differs is written.
// 3. After the commit the image goes, and so do, without a key, the rows: the topic alone has them from now on.

#include "flow/view/take_over.h"

#include <string>

#include "flow/view/restore.h"
#include "flow/view/view.h"
#include "io/clock.h"

namespace sluice::flow {
namespace {

constexpr ByteView kImagePrefix = "t";
constexpr std::size_t kPollBytes = std::size_t{1} << 20;
constexpr std::size_t kBatchBytes = std::size_t{16} << 20;

std::uint64_t count_of(const std::optional<Bytes>& value) { return value && value->size() == 8 ? load_be<std::uint64_t>(value->data()) : 0; }

class TakeOver {
 public:
  TakeOver(const TopicTakeOver& how, DiskState& state, pipeline::Log& log, pipeline::Producer& producer)
      : how_(how), state_(state), log_(log), producer_(producer), now_ms_(io::system_clock().wall_ms()) {}

  Result<void> read_image() {
    const auto applied = state_.applied();
    SLUICE_TRY(const auto range, log_.range(how_.view, 0));
    SLUICE_TRY(const auto reader, log_.reader(how_.view, 0, range.start));
    while (reader->next_offset() < range.last_stable) {
      SLUICE_TRY(const auto records, reader->poll(0, kPollBytes));
      if (records.empty()) break;
      for (const auto& record : records) SLUICE_RETURN_IF_ERROR(take(record));
      if (state_.batch_bytes() >= kBatchBytes) SLUICE_RETURN_IF_ERROR(state_.commit(applied));
    }
    return state_.commit(applied);
  }

  Result<void> write_difference() {
    const auto rows = state_.snapshot();
    SLUICE_RETURN_IF_ERROR(each(*rows, View::kRowsPrefix, [&](ByteView key, ByteView value) -> Result<void> {
      SLUICE_TRY(const auto theirs, rows->get(Bytes(kImagePrefix) + Bytes(key)));
      SLUICE_RETURN_IF_ERROR(how_.keyed ? (theirs == value ? Result<void>{} : put(how_.view, key, value)) : add(key, Bytes(value), theirs));
      return put(how_.state_topic, Bytes(View::kRowsPrefix) + Bytes(key), std::nullopt);
    }));
    if (!how_.keyed) return {};
    return each(*rows, kImagePrefix, [&](ByteView key, ByteView) -> Result<void> {
      SLUICE_TRY(const auto ours, rows->get(Bytes(View::kRowsPrefix) + Bytes(key)));
      return ours ? Result<void>{} : put(how_.view, key, std::nullopt);
    });
  }

 private:
  Result<void> take(const pipeline::ReadRecord& record) {
    key_.assign(kImagePrefix);
    if (how_.keyed) {
      if (!record.key) return {};
      key_ += *record.key;
      record.value ? state_.put(key_, *record.value) : state_.erase(key_);
      return {};
    }
    if (!record.value) return {};
    key_ += *record.value;
    SLUICE_TRY(const auto before, state_.get(key_));
    char raw[8];
    store_be<std::uint64_t>(raw, count_of(before) + 1);
    state_.put(key_, {raw, sizeof raw});
    return {};
  }

  // With keys without their prefix.
  template <typename Take>
  Result<void> each(const Snapshot& rows, ByteView prefix, const Take& take) {
    Result<void> outcome;
    SLUICE_RETURN_IF_ERROR(rows.scan(prefix, {}, [&](ByteView key, ByteView value) {
      outcome = take(key.substr(prefix.size()), value);
      return outcome.ok();
    }));
    return outcome;
  }

  Result<void> put(const std::string& topic, std::optional<ByteView> key, std::optional<ByteView> value) {
    return producer_.append({.topic = topic, .partition = 0, .timestamp_ms = now_ms_, .key = key, .value = value, .headers = {}});
  }
  Result<void> add(ByteView value, const Bytes& count, const std::optional<Bytes>& theirs) {
    for (auto i = count_of(theirs); i < count_of(count); ++i) SLUICE_RETURN_IF_ERROR(put(how_.view, std::nullopt, value));
    return {};
  }

  const TopicTakeOver& how_;
  DiskState& state_;
  pipeline::Log& log_;
  pipeline::Producer& producer_;
  std::int64_t now_ms_;
  Bytes key_;
};

}  // namespace

Result<void> forget_image(DiskState& state, bool rows) {
  SLUICE_RETURN_IF_ERROR(erase_prefix(state, kImagePrefix));
  return rows ? erase_prefix(state, View::kRowsPrefix) : Result<void>{};
}

Result<void> take_topic_over(const TopicTakeOver& how, const Position& position, Applied& applied, DiskState& state, pipeline::Log& log,
                             pipeline::Producer& producer) {
  TakeOver take(how, state, log, producer);
  SLUICE_RETURN_IF_ERROR(take.read_image());
  SLUICE_RETURN_IF_ERROR(producer.begin());
  SLUICE_RETURN_IF_ERROR(take.write_difference());
  const pipeline::PositionUpdate update{how.position_key, position.json()};
  SLUICE_TRY(const auto ends, producer.commit({&update, 1}));
  SLUICE_TRY(const auto range, log.range(how.view, 0));
  if (how.keyed) applied.rows = range.last_stable;
  for (const auto& end : ends) {
    if (end.topic == how.state_topic) applied.state = end.end;
  }
  SLUICE_RETURN_IF_ERROR(state.commit(applied.text()));
  return forget_image(state, !how.keyed);
}

}  // namespace sluice::flow
