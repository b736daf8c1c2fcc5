#include "storage/segment.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace sluice::storage {
namespace {

constexpr std::size_t kAbortedEntryBytes = 34;
constexpr std::size_t kHeaderPieceBytes = 8 * 1024;
constexpr std::size_t kReadAheadBytes = std::size_t{1} << 20;

Error damaged(const std::string& path, std::uint64_t position, const std::string& what) {
  return {ErrorCode::corrupt, path + " at byte " + std::to_string(position) + ": " + what};
}

// Copies a header. BatchView wants a batch that is whole, so the copy says that it has no records' bytes.
bool copy_header(ByteView bytes, BatchAt& out) {
  auto& copy = out.header_bytes;
  std::memcpy(copy.data(), bytes.data(), copy.size());
  store_be<std::int32_t>(copy.data() + 8, static_cast<std::int32_t>(copy.size() - record::kBatchLogOverhead));
  return record::BatchView::parse({copy.data(), copy.size()}).ok();
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

std::string Segment::path(std::string_view suffix) const {
  return folder_ + "/" + segment_name(base_offset_, suffix) + extra_suffix_;
}

Result<std::shared_ptr<Segment>> Segment::create(io::FileSystem& files, const std::string& folder, Offset base_offset,
                                                 std::string_view extra_suffix) {
  std::shared_ptr<Segment> segment(new Segment(files, folder, base_offset, extra_suffix));
  // Of an earlier segment of that name, which was removed.
  SLUICE_TRY(const bool leftover, files.exists(segment->path(".txnindex")));
  if (leftover) SLUICE_RETURN_IF_ERROR(files.remove(segment->path(".txnindex")));
  SLUICE_TRY(segment->log_, files.open(segment->path(".log"), io::OpenMode::create));
  SLUICE_RETURN_IF_ERROR(segment->log_->truncate(0));
  SLUICE_RETURN_IF_ERROR(segment->reset_indexes());
  return segment;
}

Result<std::shared_ptr<Segment>> Segment::open(io::FileSystem& files, const std::string& folder, Offset base_offset) {
  std::shared_ptr<Segment> segment(new Segment(files, folder, base_offset, {}));
  SLUICE_TRY(segment->log_, files.open(segment->path(".log"), io::OpenMode::read_write));
  SLUICE_TRY(const auto size, segment->log_->size());
  segment->size_ = size;
  return segment;
}

Result<void> Segment::load_indexes() {
  SLUICE_RETURN_IF_ERROR(offsets_.open(files_, path(".index")));
  SLUICE_RETURN_IF_ERROR(times_.open(files_, path(".timeindex")));
  if (const auto last = offsets_.last(); last && last->position >= size()) {
    return damaged(path(".index"), 0, "its last entry points past the log");
  }
  SLUICE_RETURN_IF_ERROR(load_aborted());
  SLUICE_RETURN_IF_ERROR(load_timestamps());
  if (size() > 0 && !times_.last() && first_timestamp_ms() >= 0) return damaged(path(".timeindex"), 0, "it is empty");
  return {};
}

Result<void> Segment::load_timestamps() {
  if (const auto last = times_.last()) {
    max_timestamp_ms_ = last->timestamp_ms;
    max_timestamp_offset_ = base_offset_ + last->relative_offset;
  }
  if (size() == 0) return {};
  return for_each_header(0, [&](const BatchAt& batch) {
    first_timestamp_ms_ = batch.header().max_timestamp_ms();
    return false;
  });
}

Result<void> Segment::load_aborted() {
  SLUICE_TRY(const bool there, files_.exists(path(".txnindex")));
  const std::unique_lock lock(aborted_mutex_);
  aborted_.clear();
  aborted_unwritten_ = false;
  if (!there) return {};
  SLUICE_TRY(const auto bytes, files_.read_file(path(".txnindex")));
  if (bytes.size() % kAbortedEntryBytes != 0) return damaged(path(".txnindex"), bytes.size(), "no whole entries");
  ByteReader reader(bytes);
  while (!reader.at_end()) {
    const auto version = reader.i16();
    AbortedTransaction transaction;
    transaction.producer_id = ProducerId{reader.i64()};
    transaction.first_offset = Offset{reader.i64()};
    transaction.last_offset = Offset{reader.i64()};
    transaction.last_stable_offset = Offset{reader.i64()};
    const bool rises = aborted_.empty() || aborted_.back().last_offset < transaction.last_offset;
    if (version != 0 || !rises || transaction.first_offset > transaction.last_offset) {
      return damaged(path(".txnindex"), 0, "an entry that cannot be");
    }
    aborted_.push_back(transaction);
  }
  return {};
}

Result<void> Segment::reset_indexes() {
  for (const auto suffix : {".index", ".timeindex"}) {
    SLUICE_TRY(const auto file, files_.open(path(suffix), io::OpenMode::create));
    SLUICE_RETURN_IF_ERROR(file->truncate(0));
  }
  SLUICE_RETURN_IF_ERROR(offsets_.open(files_, path(".index")));
  SLUICE_RETURN_IF_ERROR(times_.open(files_, path(".timeindex")));
  // .txnindex stays as it is: what it says of the part below the recovery point is true, and is written again over itself.
  const std::unique_lock lock(aborted_mutex_);
  aborted_.clear();
  aborted_unwritten_ = true;
  bytes_since_entry_ = 0;
  max_timestamp_ms_ = -1;
  max_timestamp_offset_ = kNoOffset;
  first_timestamp_ms_ = -1;
  return {};
}

Result<void> Segment::cut_indexes(std::uint64_t position, Offset offset) {
  SLUICE_RETURN_IF_ERROR(offsets_.keep_while([&](const OffsetEntry& entry) { return entry.position < position; }));
  SLUICE_RETURN_IF_ERROR(
      times_.keep_while([&](const TimeEntry& entry) { return base_offset_ + entry.relative_offset < offset; }));
  max_timestamp_ms_ = -1;
  max_timestamp_offset_ = kNoOffset;
  if (const auto last = times_.last()) {
    max_timestamp_ms_ = last->timestamp_ms;
    max_timestamp_offset_ = base_offset_ + last->relative_offset;
  }
  bytes_since_entry_ = 0;
  const std::unique_lock lock(aborted_mutex_);
  std::erase_if(aborted_, [&](const auto& entry) { return entry.last_offset >= offset; });
  aborted_unwritten_ = true;
  return {};
}

Result<void> Segment::append(const record::BatchView& batch, std::uint32_t index_interval_bytes) {
  const auto position = size();
  SLUICE_RETURN_IF_ERROR(log_->write_at(position, batch.bytes()));
  note(batch, position, batch.bytes().size(), index_interval_bytes);
  size_.store(position + batch.bytes().size(), std::memory_order_release);
  return {};
}

void Segment::note(const record::BatchView& header, std::uint64_t position, std::uint64_t total_bytes,
                   std::uint32_t index_interval_bytes) {
  const auto timestamp_ms = header.max_timestamp_ms();
  if (position == 0) first_timestamp_ms_ = timestamp_ms;
  if (timestamp_ms > max_timestamp_ms()) {
    max_timestamp_offset_ = header.last_offset();
    max_timestamp_ms_ = timestamp_ms;
  }
  if (bytes_since_entry_ > index_interval_bytes) {
    offsets_.add({static_cast<std::uint32_t>(header.last_offset() - base_offset_), static_cast<std::uint32_t>(position)});
    const auto last = times_.last();
    if (max_timestamp_offset_ != kNoOffset && (!last || max_timestamp_ms() > last->timestamp_ms)) {
      times_.add({max_timestamp_ms(), static_cast<std::uint32_t>(max_timestamp_offset_ - base_offset_)});
    }
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += total_bytes;
}

void Segment::note_aborted(const AbortedTransaction& transaction) {
  const std::unique_lock lock(aborted_mutex_);
  aborted_.push_back(transaction);
  aborted_unwritten_ = true;
}

void Segment::note_aborted_once(const AbortedTransaction& transaction) {
  const std::unique_lock lock(aborted_mutex_);
  const auto at = std::lower_bound(aborted_.begin(), aborted_.end(), transaction.last_offset,
                                   [](const auto& entry, Offset last) { return entry.last_offset < last; });
  if (at != aborted_.end() && at->last_offset == transaction.last_offset) return;
  aborted_.insert(at, transaction);
  aborted_unwritten_ = true;
}

Result<void> Segment::truncate(std::uint64_t size) {
  SLUICE_RETURN_IF_ERROR(log_->truncate(size));
  size_.store(size, std::memory_order_release);
  return {};
}

Result<std::optional<OffsetEntry>> Segment::entry_before(Offset offset) const {
  const auto relative = offset - base_offset_;
  if (relative < 0) return std::optional<OffsetEntry>{};
  return offsets_.last_where([&](const OffsetEntry& entry) { return entry.relative_offset <= relative; });
}

Result<std::optional<BatchAt>> Segment::find(Offset offset) const {
  SLUICE_TRY(const auto entry, entry_before(offset));
  std::optional<BatchAt> found;
  SLUICE_RETURN_IF_ERROR(for_each_header(entry ? entry->position : 0, [&](const BatchAt& batch) {
    if (batch.header().last_offset() >= offset) found = batch;
    return !found.has_value();
  }));
  return found;
}

Result<Segment::Run> Segment::run_from(const BatchAt& first, Offset limit, std::uint64_t max_bytes) const {
  const auto last_end = first.position + max_bytes;
  // An indexed batch that still begins inside the run is a good place to look for its end.
  SLUICE_TRY(const auto entry, offsets_.last_where([&](const OffsetEntry& e) {
    return e.position <= last_end && base_offset_ + e.relative_offset < limit;
  }));
  Run run{0, first.header().base_offset()};
  const auto from = entry && entry->position > first.position ? std::uint64_t{entry->position} : first.position;
  SLUICE_RETURN_IF_ERROR(for_each_header(from, [&](const BatchAt& batch) {
    if (batch.header().last_offset() >= limit || batch.end() > last_end) {
      // The batch that the index names may itself be too long; the run ends where it begins.
      if (run.length == 0 && batch.position > first.position) run = {batch.position - first.position, batch.header().base_offset()};
      return false;
    }
    run = {batch.end() - first.position, batch.header().next_offset()};
    return true;
  }));
  return run;
}

Result<std::uint64_t> Segment::position_for_timestamp(std::int64_t timestamp_ms) const {
  SLUICE_TRY(const auto time, times_.last_where([&](const TimeEntry& entry) { return entry.timestamp_ms < timestamp_ms; }));
  if (!time) return std::uint64_t{0};
  SLUICE_TRY(const auto offset, entry_before(base_offset_ + time->relative_offset));
  return offset ? std::uint64_t{offset->position} : std::uint64_t{0};
}

Result<void> Segment::for_each_header(std::uint64_t position, const std::function<bool(const BatchAt&)>& visit) const {
  const auto end = size();
  char piece[kHeaderPieceBytes];
  BatchAt batch{};
  while (position < end) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof piece, end - position));
    SLUICE_TRY(const auto got, log_->read_at(position, {piece, want}));
    if (got < record::kBatchHeaderBytes) return damaged(log_->path(), position, "a batch header is cut");
    std::size_t at = 0;
    while (at + record::kBatchHeaderBytes <= got) {
      const ByteView bytes(piece + at, got - at);
      const auto total = record::BatchView::total_bytes(bytes);
      if (total == 0 || position + at + total > end) return damaged(log_->path(), position + at, "a batch has a wrong length");
      if (!copy_header(bytes, batch)) return damaged(log_->path(), position + at, "a batch header that cannot be");
      batch.position = position + at;
      batch.total_bytes = total;
      if (!visit(batch)) return {};
      at += total;
    }
    position += at;
  }
  return {};
}

Result<void> Segment::for_each_batch(
    std::uint64_t position, const std::function<Result<bool>(const record::BatchView&, std::uint64_t)>& visit) const {
  const auto end = size();
  Bytes buffer;
  while (position < end) {
    buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadAheadBytes, end - position)));
    SLUICE_TRY(auto got, log_->read_at(position, buffer));
    auto total = record::BatchView::total_bytes(ByteView(buffer).substr(0, got));
    if (total == 0 || position + total > end) return damaged(log_->path(), position, "a batch has a wrong length");
    if (total > got) {
      SLUICE_TRY(buffer, log_->read_exactly(position, total));
      got = total;
    }
    std::size_t at = 0;
    while (total != 0 && at + total <= got) {
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
  const std::shared_lock lock(aborted_mutex_);
  return aborted_;
}

Result<void> Segment::write_aborted() {
  const std::unique_lock lock(aborted_mutex_);
  if (!aborted_unwritten_) return {};
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const auto& transaction : aborted_) {
    writer.i16(0);  // version
    writer.i64(transaction.producer_id.value);
    writer.i64(transaction.first_offset.value);
    writer.i64(transaction.last_offset.value);
    writer.i64(transaction.last_stable_offset.value);
  }
  SLUICE_TRY(const bool there, files_.exists(path(".txnindex")));
  if (!there && bytes.empty()) return {};
  SLUICE_TRY(const auto file, files_.open(path(".txnindex"), io::OpenMode::create));
  SLUICE_RETURN_IF_ERROR(file->write_at(0, bytes));
  SLUICE_RETURN_IF_ERROR(file->truncate(bytes.size()));
  aborted_unwritten_ = false;
  return {};
}

Result<void> Segment::seal() {
  SLUICE_RETURN_IF_ERROR(write_aborted());
  SLUICE_RETURN_IF_ERROR(offsets_.flush());
  const auto last = times_.last();
  if (max_timestamp_offset_ != kNoOffset && (!last || last->timestamp_ms < max_timestamp_ms())) {
    times_.add({max_timestamp_ms(), static_cast<std::uint32_t>(max_timestamp_offset_ - base_offset_)});
  }
  return times_.flush();
}

Result<void> Segment::sync_indexes() {
  SLUICE_RETURN_IF_ERROR(write_aborted());
  SLUICE_RETURN_IF_ERROR(offsets_.sync());
  SLUICE_RETURN_IF_ERROR(times_.sync());
  SLUICE_TRY(const bool there, files_.exists(path(".txnindex")));
  if (!there) return {};
  SLUICE_TRY(const auto file, files_.open(path(".txnindex"), io::OpenMode::read_write));
  return file->sync();
}

Result<void> Segment::remove() {
  // The log first: while it is there, so are its indexes; without the aborted ones it would show what must not be shown.
  for (const auto suffix : kSuffixes) {
    SLUICE_TRY(const bool there, files_.exists(path(suffix)));
    if (there) SLUICE_RETURN_IF_ERROR(files_.remove(path(suffix)));
  }
  return {};
}

Result<void> Segment::rename(std::string_view extra_suffix) {
  // The log last: what recovery finds under the new name has its indexes there already.
  const auto from = extra_suffix_;
  for (auto suffix = std::rbegin(kSuffixes); suffix != std::rend(kSuffixes); ++suffix) {
    extra_suffix_ = from;
    const auto old_path = path(*suffix);
    extra_suffix_ = extra_suffix;
    SLUICE_TRY(const bool there, files_.exists(old_path));
    if (there) SLUICE_RETURN_IF_ERROR(files_.rename(old_path, path(*suffix)));
  }
  return {};
}

}  // namespace sluice::storage
