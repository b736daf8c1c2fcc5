#include "storage/batch_validation.h"

#include "storage/reason.h"

namespace sluice::storage {
namespace {

constexpr std::size_t kMagicAt = 16;
constexpr int kKnownAttributes = 0x1f;  // codec, timestamp type, transactional

Error invalid(std::string why) { return refused(ErrorCode::rejected, Reason::invalid_record, std::move(why)); }

Result<record::BatchView> parse(ByteView bytes) {
  const auto magic = bytes.size() > kMagicAt ? bytes[kMagicAt] : 2;
  if (magic == 0 || magic == 1) {
    return refused(ErrorCode::unsupported, Reason::unsupported_format,
                   "message format " + std::to_string(magic) + " of Kafka before 0.11",
                   "use a client that writes record batches (Kafka 0.11 and later)");
  }
  if (bytes.size() >= record::kBatchHeaderBytes && (load_be<std::int16_t>(bytes.data() + 21) & 7) > 4) {
    return refused(ErrorCode::unsupported, Reason::unsupported_compression, "an unknown compression codec");
  }
  auto view = record::BatchView::parse(bytes);
  if (!view.ok()) return refused(ErrorCode::corrupt, Reason::corrupt_batch, view.error().message);
  if (view->bytes().size() != bytes.size()) return invalid("more than one record batch for a partition");
  return view;
}

Result<void> check_fields(const record::BatchView& batch, bool platform) {
  const auto count = batch.record_count();
  if (count <= 0 || batch.last_offset_delta() != count - 1) {
    return invalid("a record batch of " + std::to_string(count) + " records whose last offset delta is " +
                   std::to_string(batch.last_offset_delta()));
  }
  if (batch.is_control()) return invalid("clients may not write control batches");
  if ((batch.attributes() & ~kKnownAttributes) != 0) return invalid("unknown attributes of a record batch");
  if (batch.producer_id().value < 0) {
    if (batch.is_transactional()) return invalid("a transactional batch without a producer id");
    return {};
  }
  // The group coordinator writes a transaction's offsets in the producer's name, without a sequence, as Kafka's does.
  if (batch.producer_epoch().value < 0 || (batch.base_sequence() < 0 && !platform)) {
    return invalid("a batch with a producer id and without epoch or sequence");
  }
  return {};
}

Result<void> check_timestamps(const record::BatchView& batch, const PartitionOptions& options, std::int64_t now_ms) {
  if (options.timestamp_type == TimestampType::log_append_time) return {};
  if (batch.log_append_time()) {
    return refused(ErrorCode::rejected, Reason::invalid_timestamp, "a client may not set log append time");
  }
  // Saturating, for the options may be "no limit".
  const auto earliest = now_ms < INT64_MIN + options.timestamp_before_max_ms ? INT64_MIN : now_ms - options.timestamp_before_max_ms;
  const auto latest = now_ms > INT64_MAX - options.timestamp_after_max_ms ? INT64_MAX : now_ms + options.timestamp_after_max_ms;
  const auto newest = batch.max_timestamp_ms();
  if (newest > latest || (newest >= 0 && newest < earliest)) {
    return refused(ErrorCode::rejected, Reason::invalid_timestamp,
                   "timestamp " + std::to_string(newest) + " is too far from this broker's " + std::to_string(now_ms));
  }
  return {};
}

Result<void> check_keys(const record::BatchView& batch) {
  bool keyless = false;
  auto read = batch.for_each([&](const record::Record& record) {
    keyless = !record.key.has_value();
    return !keyless;
  });
  if (!read.ok()) return refused(ErrorCode::corrupt, Reason::corrupt_batch, read.error().message);
  if (keyless) return invalid("a record without a key in a compacted topic");
  return {};
}

}  // namespace

Result<record::BatchView> validate_batch(ByteView bytes, const PartitionOptions& options, bool platform, std::int64_t now_ms) {
  SLUICE_TRY(const auto batch, parse(bytes));
  const auto most = platform ? options.segment_bytes : options.max_message_bytes;
  if (bytes.size() > most || bytes.size() > options.segment_bytes) {
    return refused(ErrorCode::rejected, Reason::batch_too_large,
                   "a record batch of " + std::to_string(bytes.size()) + " bytes where " +
                       std::to_string(std::min<std::uint64_t>(most, options.segment_bytes)) + " are allowed",
                   "raise max.message.bytes of the topic, or send smaller batches");
  }
  SLUICE_RETURN_IF_ERROR(check_fields(batch, platform));
  if (!batch.crc_ok()) return refused(ErrorCode::corrupt, Reason::corrupt_batch, "the CRC of a record batch does not fit its bytes");
  SLUICE_RETURN_IF_ERROR(check_timestamps(batch, options, now_ms));
  if (options.cleanup_compact) SLUICE_RETURN_IF_ERROR(check_keys(batch));
  return batch;
}

}  // namespace sluice::storage
