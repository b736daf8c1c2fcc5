#include "storage/segment.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace sluice::storage {
namespace {

constexpr std::size_t kOffsetEntryBytes = 8;
constexpr std::size_t kTimeEntryBytes = 12;
constexpr std::size_t kAbortedEntryBytes = 34;
constexpr std::size_t kReadAheadBytes = std::size_t{1} << 20;

Error damaged(const std::string& path, std::uint64_t position, const std::string& what) {
  return {ErrorCode::corrupt, path + " at byte " + std::to_string(position) + ": " + what};
}

Result<void> write_whole(io::FileSystem& files, const std::string& path, ByteView bytes) {
  SLUICE_TRY(const auto file, files.open(path, io::OpenMode::create));
  SLUICE_RETURN_IF_ERROR(file->write_at(0, bytes));
  return file->truncate(bytes.size());
}

}  // namespace

std::string segment_name(Offset base_offset, std::string_view suffix) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%020lld", static_cast<long long>(base_offset.value));
  return digits + std::string(suffix);
}

std::optional<Offset> segment_offset(std::string_view name, std::string_view suffix) {
  if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : name.substr(0, 20)) {
    if (c < '0' || c > '9' || value > (INT64_MAX - 9) / 10) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return Offset{value};
}

Result<std::shared_ptr<Segment>> Segment::open(io::FileSystem& files, const std::string& folder, Offset base_offset,
                                               bool create) {
  std::shared_ptr<Segment> segment(new Segment(files, folder, base_offset));
  SLUICE_TRY(segment->log_, files.open(segment->path(".log"), create ? io::OpenMode::create : io::OpenMode::read_write));
  SLUICE_TRY(const auto size, segment->log_->size());
  segment->size_ = size;
  return segment;
}

Result<void> Segment::append(const record::BatchView& batch, std::uint32_t index_interval_bytes) {
  const auto position = size();
  SLUICE_RETURN_IF_ERROR(log_->write_at(position, batch.bytes()));
  note(batch, position, index_interval_bytes);
  return {};
}

void Segment::note(const record::BatchView& batch, std::uint64_t position, std::uint32_t index_interval_bytes) {
  const auto total = record::BatchView::total_bytes(batch.bytes());
  {
    const std::unique_lock lock(indexes_mutex_);
    if (first_timestamp_ms_ < 0) first_timestamp_ms_ = batch.max_timestamp_ms();
    const bool newer = batch.max_timestamp_ms() > max_timestamp_ms();
    if (newer) {
      max_timestamp_offset_ = batch.last_offset();
      max_timestamp_ms_ = batch.max_timestamp_ms();
    }
    if (bytes_since_entry_ > index_interval_bytes) {
      offsets_.push_back({static_cast<std::uint32_t>(batch.last_offset() - base_offset_), static_cast<std::uint32_t>(position)});
      if (times_.empty() || max_timestamp_ms() > times_.back().timestamp_ms) {
        times_.push_back({max_timestamp_ms(), static_cast<std::uint32_t>(max_timestamp_offset_ - base_offset_)});
      }
      bytes_since_entry_ = 0;
    }
    bytes_since_entry_ += total;
  }
  size_.store(position + total, std::memory_order_release);
}

void Segment::note_aborted(const AbortedTransaction& transaction) {
  const std::unique_lock lock(indexes_mutex_);
  aborted_.push_back(transaction);
}

std::uint64_t Segment::position_before(Offset offset) const {
  const std::shared_lock lock(indexes_mutex_);
  const auto relative = offset - base_offset_;
  // An entry names the last offset of its batch: a batch that ends before `offset` is a safe place to begin.
  const auto after = std::partition_point(offsets_.begin(), offsets_.end(),
                                          [&](const auto& entry) { return entry.relative_offset < relative; });
  return after == offsets_.begin() ? 0 : std::prev(after)->position;
}

Result<void> Segment::for_each_header(std::uint64_t position, const std::function<bool(const BatchAt&)>& visit) const {
  const auto end = size();
  char header[record::kBatchHeaderBytes];
  while (position < end) {
    SLUICE_TRY(const auto got, log_->read_at(position, header));
    if (got < sizeof header) return damaged(log_->path(), position, "a batch header is cut");
    const auto total = record::BatchView::total_bytes({header, sizeof header});
    if (total == 0 || position + total > end) return damaged(log_->path(), position, "a batch has a wrong length");
    // A header alone, with its own length, so that BatchView takes it; its real length is `total`.
    store_be<std::int32_t>(header + 8, static_cast<std::int32_t>(record::kBatchHeaderBytes - record::kBatchLogOverhead));
    SLUICE_TRY(const auto view, record::BatchView::parse({header, sizeof header}));
    if (!visit({view, position, total})) return {};
    position += total;
  }
  return {};
}

Result<std::uint64_t> Segment::position_of(Offset offset) const {
  std::uint64_t found = size();
  bool hit = false;
  SLUICE_RETURN_IF_ERROR(for_each_header(position_before(offset), [&](const BatchAt& batch) {
    hit = batch.header.last_offset() >= offset;
    if (hit) found = batch.position;
    return !hit;
  }));
  return found;
}

Result<Bytes> Segment::read_batch(std::uint64_t position, std::uint64_t total_bytes) const {
  return log_->read_exactly(position, static_cast<std::size_t>(total_bytes));
}

Result<void> Segment::for_each_batch(
    std::uint64_t position, const std::function<Result<bool>(const record::BatchView&, std::uint64_t)>& visit) const {
  const auto end = size();
  Bytes buffer;
  while (position < end) {
    auto want = std::min<std::uint64_t>(kReadAheadBytes, end - position);
    buffer.resize(static_cast<std::size_t>(want));
    SLUICE_TRY(auto got, log_->read_at(position, buffer));
    const auto first = record::BatchView::total_bytes(ByteView(buffer).substr(0, got));
    if (first == 0 || position + first > end) return damaged(log_->path(), position, "a batch has a wrong length");
    if (first > got) {
      SLUICE_TRY(buffer, read_batch(position, first));
      got = first;
    }
    std::size_t at = 0;
    for (std::size_t total = first; total != 0 && at + total <= got;) {
      SLUICE_TRY(const auto batch, record::BatchView::parse(ByteView(buffer).substr(at, total)));
      SLUICE_TRY(const bool go_on, visit(batch, position + at));
      if (!go_on) return {};
      at += total;
      total = record::BatchView::total_bytes(ByteView(buffer).substr(at, got - at));
    }
    position += at;
  }
  return {};
}

std::vector<AbortedTransaction> Segment::aborted() const {
  const std::shared_lock lock(indexes_mutex_);
  return aborted_;
}

Result<void> Segment::truncate(std::uint64_t size, Offset end) {
  SLUICE_RETURN_IF_ERROR(log_->truncate(size));
  const std::unique_lock lock(indexes_mutex_);
  std::erase_if(offsets_, [&](const auto& entry) { return entry.position >= size; });
  std::erase_if(times_, [&](const auto& entry) { return entry.relative_offset >= end - base_offset_; });
  std::erase_if(aborted_, [&](const auto& entry) { return entry.last_offset >= end; });
  size_ = size;
  return {};
}

Result<void> Segment::write_indexes() const {
  const std::shared_lock lock(indexes_mutex_);
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const auto& entry : offsets_) {
    writer.u32(entry.relative_offset);
    writer.u32(entry.position);
  }
  SLUICE_RETURN_IF_ERROR(write_whole(files_, path(".index"), bytes));
  bytes.clear();
  for (const auto& entry : times_) {
    writer.i64(entry.timestamp_ms);
    writer.u32(entry.relative_offset);
  }
  // Kafka's last entry is the segment's greatest timestamp.
  if (max_timestamp_ms() >= 0 && (times_.empty() || times_.back().timestamp_ms < max_timestamp_ms())) {
    writer.i64(max_timestamp_ms());
    writer.u32(static_cast<std::uint32_t>(max_timestamp_offset_ - base_offset_));
  }
  SLUICE_RETURN_IF_ERROR(write_whole(files_, path(".timeindex"), bytes));
  if (aborted_.empty()) return {};
  bytes.clear();
  for (const auto& transaction : aborted_) {
    writer.i16(0);  // version
    writer.i64(transaction.producer_id.value);
    writer.i64(transaction.first_offset.value);
    writer.i64(transaction.last_offset.value);
    writer.i64(transaction.last_stable_offset.value);
  }
  return write_whole(files_, path(".txnindex"), bytes);
}

Result<void> Segment::load_indexes() {
  const Error stale{ErrorCode::corrupt, path(".index") + ": does not fit its log"};
  SLUICE_TRY(const auto offsets, files_.read_file(path(".index")));
  SLUICE_TRY(const auto times, files_.read_file(path(".timeindex")));
  if (offsets.size() % kOffsetEntryBytes != 0 || times.size() % kTimeEntryBytes != 0) return stale;
  if (size() > 0 && times.empty()) return stale;
  const std::unique_lock lock(indexes_mutex_);
  ByteReader reader(offsets);
  while (!reader.at_end()) {
    const OffsetIndexEntry entry{reader.u32(), reader.u32()};
    if (entry.position >= size() || (!offsets_.empty() && entry.position <= offsets_.back().position)) return stale;
    offsets_.push_back(entry);
  }
  reader = ByteReader(times);
  while (!reader.at_end()) {
    TimeIndexEntry entry{};
    entry.timestamp_ms = reader.i64();
    entry.relative_offset = reader.u32();
    times_.push_back(entry);
  }
  if (!times_.empty()) {
    max_timestamp_ms_ = times_.back().timestamp_ms;
    max_timestamp_offset_ = base_offset_ + times_.back().relative_offset;
    first_timestamp_ms_ = times_.front().timestamp_ms;
  }
  SLUICE_TRY(const bool has_aborted, files_.exists(path(".txnindex")));
  if (!has_aborted) return {};
  SLUICE_TRY(const auto aborted, files_.read_file(path(".txnindex")));
  if (aborted.size() % kAbortedEntryBytes != 0) return stale;
  reader = ByteReader(aborted);
  while (!reader.at_end()) {
    (void)reader.i16();
    AbortedTransaction transaction;
    transaction.producer_id = ProducerId{reader.i64()};
    transaction.first_offset = Offset{reader.i64()};
    transaction.last_offset = Offset{reader.i64()};
    transaction.last_stable_offset = Offset{reader.i64()};
    aborted_.push_back(transaction);
  }
  return {};
}

void Segment::clear_indexes() {
  const std::unique_lock lock(indexes_mutex_);
  offsets_.clear();
  times_.clear();
  aborted_.clear();
  bytes_since_entry_ = 0;
  max_timestamp_ms_ = -1;
  max_timestamp_offset_ = kNoOffset;
  first_timestamp_ms_ = -1;
}

Result<void> Segment::remove() const {
  for (const auto* suffix : {".log", ".index", ".timeindex", ".txnindex"}) {
    SLUICE_TRY(const bool there, files_.exists(path(suffix)));
    if (there) SLUICE_RETURN_IF_ERROR(files_.remove(path(suffix)));
  }
  return {};
}

}  // namespace sluice::storage
