#include "record/batch.h"

#include <algorithm>

#include "base/crc32c.h"
#include "record/compression.h"

namespace sluice::record {
namespace {

constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;  // the CRC covers from here to the end
constexpr std::int8_t kMagic = 2;
constexpr std::int16_t kTransactionalBit = 16;
constexpr std::int16_t kControlBit = 32;
constexpr std::int16_t kDeleteHorizonBit = 64;
// A record takes at least: length, attributes, two deltas, key length, value length, header count.
constexpr std::size_t kMinRecordBytes = 7;

Error corrupt(const std::string& what) { return {ErrorCode::corrupt, "record batch: " + what}; }

// Reads a varint length and the bytes it announces; -1 is none.
bool read_nullable(ByteReader& reader, std::optional<ByteView>& out) {
  const auto length = reader.zigzag();
  if (length < 0) {
    out.reset();
    return reader.ok() && length == -1;
  }
  out = reader.view(static_cast<std::size_t>(length));
  return reader.ok();
}

bool read_headers(ByteReader& reader, std::vector<Header>& headers) {
  const auto count = reader.zigzag();
  headers.clear();
  if (count < 0 || static_cast<std::uint64_t>(count) > reader.remaining() / 2) return false;
  for (std::int64_t i = 0; i < count; ++i) {
    Header header;
    const auto length = reader.zigzag();
    if (length < 0) return false;
    header.name = reader.view(static_cast<std::size_t>(length));
    if (!read_nullable(reader, header.value)) return false;
    headers.push_back(header);
  }
  return reader.ok();
}

bool read_record(ByteReader& reader, Record& record) {
  const auto length = reader.zigzag();
  if (length < 0) return false;
  ByteReader body(reader.view(static_cast<std::size_t>(length)));
  (void)body.i8();  // attributes, unused
  record.timestamp_delta_ms = body.zigzag();
  record.offset_delta = static_cast<std::int32_t>(body.zigzag());
  return read_nullable(body, record.key) && read_nullable(body, record.value) && read_headers(body, record.headers) &&
         reader.ok() && body.at_end();
}

void write_nullable(ByteWriter& writer, std::optional<ByteView> bytes) {
  if (!bytes) return writer.zigzag(-1);
  writer.zigzag(static_cast<std::int64_t>(bytes->size()));
  writer.raw(*bytes);
}

std::size_t nullable_size(std::optional<ByteView> bytes) {
  if (!bytes) return 1;
  return static_cast<std::size_t>(varint_size(zigzag_encode(static_cast<std::int64_t>(bytes->size())))) + bytes->size();
}

std::size_t record_size(const Record& record, std::span<const Header> headers) {
  const auto size_of = [](std::int64_t v) { return static_cast<std::size_t>(varint_size(zigzag_encode(v))); };
  auto size = 1 + size_of(record.timestamp_delta_ms) + size_of(record.offset_delta) + nullable_size(record.key) +
              nullable_size(record.value) + size_of(static_cast<std::int64_t>(headers.size()));
  for (const auto& header : headers) size += nullable_size(header.name) + nullable_size(header.value);
  return size;
}

void write_record(const Record& record, std::span<const Header> headers, Bytes& out) {
  ByteWriter writer(out);
  writer.zigzag(static_cast<std::int64_t>(record_size(record, headers)));
  writer.i8(0);
  writer.zigzag(record.timestamp_delta_ms);
  writer.zigzag(record.offset_delta);
  write_nullable(writer, record.key);
  write_nullable(writer, record.value);
  writer.zigzag(static_cast<std::int64_t>(headers.size()));
  for (const auto& header : headers) {
    write_nullable(writer, header.name);
    write_nullable(writer, header.value);
  }
}

}  // namespace

std::size_t BatchView::total_bytes(ByteView bytes) {
  if (bytes.size() < kBatchLogOverhead) return 0;
  const auto length = load_be<std::int32_t>(bytes.data() + 8);
  if (length < static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLogOverhead)) return 0;
  return kBatchLogOverhead + static_cast<std::size_t>(length);
}

Result<BatchView> BatchView::parse(ByteView bytes) {
  if (bytes.size() < kBatchHeaderBytes) {
    if (bytes.size() > 16 && bytes[16] >= 0 && bytes[16] < kMagic) {
      return Error{ErrorCode::unsupported, "message format " + std::to_string(bytes[16]) + " of Kafka before 0.11"};
    }
    return corrupt("shorter than its header of 61 bytes");
  }
  if (const auto magic = bytes[16]; magic != kMagic) {
    if (magic == 0 || magic == 1) {
      return Error{ErrorCode::unsupported, "message format " + std::to_string(magic) + " of Kafka before 0.11",
                   "", "use a client that writes record batches (Kafka 0.11 and later)"};
    }
    return corrupt("magic " + std::to_string(static_cast<int>(magic)) + ", not 2");
  }
  const auto total = total_bytes(bytes);
  if (total == 0 || total > bytes.size()) return corrupt("its length field goes past the bytes there are");
  BatchView view;
  view.bytes_ = bytes.substr(0, total);
  if (view.last_offset_delta() < 0 || view.record_count() < 0) return corrupt("negative offset delta or record count");
  if (view.base_offset().value > INT64_MAX - view.last_offset_delta() - 1) return corrupt("its last offset overflows");
  if ((view.attributes() & 7) > static_cast<int>(Compression::zstd)) return corrupt("unknown compression codec");
  return view;
}

bool BatchView::crc_ok() const { return crc32c(bytes_.substr(kAttributesAt)) == crc(); }

Result<void> BatchView::for_each(const std::function<bool(const Record&)>& visit, std::size_t max_inflated_bytes) const {
  Bytes inflated;
  return for_each_into(inflated, visit, max_inflated_bytes);
}

Result<void> BatchView::for_each_into(Bytes& inflated, const std::function<bool(const Record&)>& visit,
                                      std::size_t max_inflated_bytes) const {
  auto body = bytes_.substr(kBatchHeaderBytes);
  if (compression() != Compression::none && record_count() > 0) {
    SLUICE_TRY(inflated, decompress(compression(), body, max_inflated_bytes));
    body = inflated;
  }
  if (static_cast<std::size_t>(record_count()) > body.size() / kMinRecordBytes) {
    return corrupt("it is too short for its record count");
  }
  ByteReader reader(body);
  Record record;
  for (std::int32_t i = 0; i < record_count(); ++i) {
    if (!read_record(reader, record)) return corrupt("record " + std::to_string(i) + " is damaged");
    if (!visit(record)) return {};
  }
  if (!reader.at_end()) return corrupt("bytes follow its last record");
  return {};
}

void assign_offset(char* batch, Offset base_offset, LeaderEpoch epoch) {
  store_be<std::int64_t>(batch, base_offset.value);
  store_be<std::int32_t>(batch + 12, epoch.value);
}

void set_append_time(std::span<char> batch, std::int64_t now_ms) {
  constexpr std::size_t kMaxTimestampAt = 35;
  constexpr std::uint16_t kAppendTimeBit = 8;
  const auto attributes = static_cast<std::uint16_t>(load_be<std::uint16_t>(batch.data() + kAttributesAt) | kAppendTimeBit);
  store_be<std::uint16_t>(batch.data() + kAttributesAt, attributes);
  store_be<std::int64_t>(batch.data() + kMaxTimestampAt, now_ms);
  store_be<std::uint32_t>(batch.data() + kCrcAt, crc32c(ByteView(batch.data(), batch.size()).substr(kAttributesAt)));
}

void BatchBuilder::add(std::int64_t timestamp_ms, std::optional<ByteView> key, std::optional<ByteView> value,
                       std::span<const Header> headers) {
  if (count_ == 0) {
    base_timestamp_ms_ = max_timestamp_ms_ = timestamp_ms;
  }
  max_timestamp_ms_ = std::max(max_timestamp_ms_, timestamp_ms);
  write_record({count_, timestamp_ms - base_timestamp_ms_, key, value, {}}, headers, records_);
  ++count_;
}

Bytes BatchBuilder::finish() {
  SLUICE_CHECK(!empty());
  Bytes batch;
  batch.reserve(kBatchHeaderBytes + records_.size());
  ByteWriter writer(batch);
  auto attributes = static_cast<std::int16_t>(options_.compression);
  if (options_.transactional) attributes = static_cast<std::int16_t>(attributes | kTransactionalBit);
  if (options_.control) attributes = static_cast<std::int16_t>(attributes | kControlBit);
  writer.i64(0);
  writer.i32(0);  // length, below
  writer.i32(0);  // leader epoch
  writer.i8(kMagic);
  writer.u32(0);  // CRC, below
  writer.i16(attributes);
  writer.i32(count_ - 1);
  writer.i64(base_timestamp_ms_);
  writer.i64(max_timestamp_ms_);
  writer.i64(options_.producer_id.value);
  writer.i16(options_.producer_epoch.value);
  writer.i32(options_.base_sequence);
  writer.i32(count_);
  if (options_.compression == Compression::none) {
    writer.raw(records_);
  } else {
    compress(options_.compression, records_, batch);
  }
  writer.patch<std::int32_t>(8, static_cast<std::int32_t>(batch.size() - kBatchLogOverhead));
  writer.patch<std::uint32_t>(kCrcAt, crc32c(ByteView(batch).substr(kAttributesAt)));
  records_.clear();
  count_ = 0;
  return batch;
}

Bytes rewrite_batch(const BatchView& batch, std::span<const Record> kept, std::optional<std::int64_t> delete_horizon_ms) {
  Bytes out(batch.bytes().substr(0, kBatchHeaderBytes));
  const auto shift = delete_horizon_ms ? batch.base_timestamp_ms() - *delete_horizon_ms : 0;
  Bytes records;
  for (auto record : kept) {
    record.timestamp_delta_ms += shift;
    write_record(record, record.headers, records);
  }
  if (batch.compression() == Compression::none || kept.empty()) {
    out += records;
  } else {
    compress(batch.compression(), records, out);
  }
  ByteWriter writer(out);
  auto attributes = batch.attributes();
  if (delete_horizon_ms) {
    attributes = static_cast<std::int16_t>(attributes | kDeleteHorizonBit);
    writer.patch<std::int64_t>(27, *delete_horizon_ms);
  }
  writer.patch<std::int16_t>(kAttributesAt, attributes);
  writer.patch<std::int32_t>(57, static_cast<std::int32_t>(kept.size()));
  writer.patch<std::int32_t>(8, static_cast<std::int32_t>(out.size() - kBatchLogOverhead));
  writer.patch<std::uint32_t>(kCrcAt, crc32c(ByteView(out).substr(kAttributesAt)));
  return out;
}

std::optional<std::int64_t> delete_horizon_ms(const BatchView& batch) {
  return batch.has_delete_horizon() ? std::optional(batch.base_timestamp_ms()) : std::nullopt;
}

Bytes control_batch(ProducerId producer_id, ProducerEpoch epoch, ControlType type, std::int64_t timestamp_ms,
                    std::int32_t coordinator_epoch) {
  BatchBuilder builder({.producer_id = producer_id, .producer_epoch = epoch, .transactional = true, .control = true});
  Bytes key;
  ByteWriter key_writer(key);
  key_writer.i16(0);  // version
  key_writer.i16(static_cast<std::int16_t>(type));
  Bytes value;
  ByteWriter value_writer(value);
  value_writer.i16(0);  // version
  value_writer.i32(coordinator_epoch);
  builder.add(timestamp_ms, key, value);
  return builder.finish();
}

Result<ControlType> control_type(const BatchView& batch) {
  std::optional<std::int16_t> type;
  SLUICE_RETURN_IF_ERROR(batch.for_each([&](const Record& record) {
    ByteReader reader(record.key.value_or(ByteView{}));
    (void)reader.i16();  // version
    const auto read = reader.i16();
    if (reader.ok()) type = read;
    return false;
  }));
  if (!type) return corrupt("a control record without a type");
  if (*type != 0 && *type != 1) {
    return Error{ErrorCode::unsupported, "control record of type " + std::to_string(*type)};
  }
  return static_cast<ControlType>(*type);
}

}  // namespace sluice::record
