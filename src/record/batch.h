#pragma once
// Record batch v2, the currency of the log: what producers send, segments hold and fetches return, byte for byte
// (docs/formats/record_batch.md). A batch is 61 bytes of header and its records, compressed or not.
//
// The broker never decodes records it needs not: `BatchView` reads the header where it lies; base offset and leader
// epoch lie outside the CRC, so that assigning an offset patches 12 bytes.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::record {

enum class Compression : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

inline constexpr std::size_t kBatchHeaderBytes = 61;
inline constexpr std::size_t kBatchLogOverhead = 12;  // base offset and length: what comes before `length` counts

struct Header {
  ByteView name;
  std::optional<ByteView> value;
};

struct Record {
  std::int32_t offset_delta = 0;
  std::int64_t timestamp_delta_ms = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::vector<Header> headers;
};

// A whole batch in memory that it borrows. Accessors are valid after parse().
class BatchView {
 public:
  // Checks that `bytes` begins with a whole batch: length, magic 2, counts that can be true. Not the CRC.
  // Errors: corrupt (with what is wrong), unsupported (magic 0 or 1).
  [[nodiscard]] static Result<BatchView> parse(ByteView bytes);
  // The total length of the batch at the start of `bytes`, when at least 12 bytes are there and the length is sane;
  // 0 otherwise. For scanning files and for splitting.
  [[nodiscard]] static std::size_t total_bytes(ByteView bytes);

  [[nodiscard]] ByteView bytes() const { return bytes_; }
  [[nodiscard]] Offset base_offset() const { return Offset{load_be<std::int64_t>(at(0))}; }
  [[nodiscard]] LeaderEpoch leader_epoch() const { return LeaderEpoch{load_be<std::int32_t>(at(12))}; }
  [[nodiscard]] std::uint32_t crc() const { return load_be<std::uint32_t>(at(17)); }
  [[nodiscard]] std::int16_t attributes() const { return load_be<std::int16_t>(at(21)); }
  [[nodiscard]] std::int32_t last_offset_delta() const { return load_be<std::int32_t>(at(23)); }
  [[nodiscard]] std::int64_t base_timestamp_ms() const { return load_be<std::int64_t>(at(27)); }
  [[nodiscard]] std::int64_t max_timestamp_ms() const { return load_be<std::int64_t>(at(35)); }
  [[nodiscard]] ProducerId producer_id() const { return ProducerId{load_be<std::int64_t>(at(43))}; }
  [[nodiscard]] ProducerEpoch producer_epoch() const { return ProducerEpoch{load_be<std::int16_t>(at(51))}; }
  [[nodiscard]] std::int32_t base_sequence() const { return load_be<std::int32_t>(at(53)); }
  [[nodiscard]] std::int32_t record_count() const { return load_be<std::int32_t>(at(57)); }
  [[nodiscard]] Offset last_offset() const { return base_offset() + last_offset_delta(); }
  [[nodiscard]] Offset next_offset() const { return last_offset() + 1; }
  [[nodiscard]] Compression compression() const { return static_cast<Compression>(attributes() & 7); }
  [[nodiscard]] bool log_append_time() const { return (attributes() & 8) != 0; }
  [[nodiscard]] bool is_transactional() const { return (attributes() & 16) != 0; }
  [[nodiscard]] bool is_control() const { return (attributes() & 32) != 0; }
  [[nodiscard]] bool has_delete_horizon() const { return (attributes() & 64) != 0; }

  [[nodiscard]] bool crc_ok() const;

  // Calls `visit` for each record in order, until it gives false; views live during the call. Inflates to at most
  // `max_inflated_bytes`. Errors: corrupt.
  [[nodiscard]] Result<void> for_each(const std::function<bool(const Record&)>& visit,
                                      std::size_t max_inflated_bytes = std::size_t{256} << 20) const;
  // The same, but what is inflated goes into `inflated`, so that the views live as long as it and the batch do.
  [[nodiscard]] Result<void> for_each_into(Bytes& inflated, const std::function<bool(const Record&)>& visit,
                                           std::size_t max_inflated_bytes = std::size_t{256} << 20) const;

 private:
  [[nodiscard]] const char* at(std::size_t offset) const { return bytes_.data() + offset; }
  ByteView bytes_;
};

// Patches the 12 bytes that lie outside the CRC, in place. `batch` holds at least a header.
void assign_offset(char* batch, Offset base_offset, LeaderEpoch epoch);

// Makes `batch` one of LogAppendTime: attribute, maximum timestamp and CRC change, in place.
void set_append_time(std::span<char> batch, std::int64_t now_ms);

struct BatchOptions {
  Compression compression = Compression::none;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  std::int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;
};

// Builds one batch. add() copies. Offsets are deltas from 0 unless add_at() says otherwise (cleaner); the log assigns the base.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options) : options_(options) {}

  void add(std::int64_t timestamp_ms, std::optional<ByteView> key, std::optional<ByteView> value,
           std::span<const Header> headers = {});
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::int32_t count() const { return count_; }
  // Bytes of the batch so far, before compression.
  [[nodiscard]] std::size_t size() const { return kBatchHeaderBytes + records_.size(); }
  // The batch, with CRC; the builder is empty again and keeps its capacity. Precondition: !empty().
  [[nodiscard]] Bytes finish();
  void set_sequence(std::int32_t base_sequence) { options_.base_sequence = base_sequence; }

 private:
  BatchOptions options_;
  Bytes records_;
  std::int32_t count_ = 0;
  std::int64_t base_timestamp_ms_ = 0;
  std::int64_t max_timestamp_ms_ = 0;
};

// `batch` with only the records `kept`: offsets, producer and flags stay as they are, also when none is kept. With
// `delete_horizon_ms` the batch says until when its tombstones or marker must stay (bit 6; Kafka's cleaner).
[[nodiscard]] Bytes rewrite_batch(const BatchView& batch, std::span<const Record> kept, std::optional<std::int64_t> delete_horizon_ms);
// The time from which tombstones and marker may go; none when it was not set yet.
[[nodiscard]] std::optional<std::int64_t> delete_horizon_ms(const BatchView& batch);

enum class ControlType : std::int16_t { abort = 0, commit = 1 };

// A transaction marker: a control batch of one record.
[[nodiscard]] Bytes control_batch(ProducerId producer_id, ProducerEpoch epoch, ControlType type,
                                  std::int64_t timestamp_ms, std::int32_t coordinator_epoch);
// The type of a control batch's record. Errors: corrupt, unsupported (a type of a later version).
[[nodiscard]] Result<ControlType> control_type(const BatchView& batch);

}  // namespace sluice::record
