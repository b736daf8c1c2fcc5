#include "avro/container/container_reader.h"

#include <algorithm>

namespace sluice::avro {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kSyncBytes = 16;
constexpr std::size_t kHeadBytes = 20;                          // two varints at most
constexpr std::size_t kMaxEntries = 65536;                      // of the metadata

bool is_damage(const Error& error) { return error.code == ErrorCode::corrupt || error.code == ErrorCode::rejected; }

}  // namespace

Error ContainerReader::corrupt(const std::string& why) const {
  return {.code = ErrorCode::corrupt, .message = name_ + ", byte " + std::to_string(position_) + ": " + why};
}

Error ContainerReader::not_its_rows(const Block& block, const std::string& why) const {
  return {.code = ErrorCode::corrupt,
          .message = name_ + ", block at bytes " + std::to_string(block.from) + " to " + std::to_string(block.to) + ": " + why};
}

Result<ContainerReader> ContainerReader::open(ByteSource& source, std::string name, ContainerReaderOptions options) {
  ContainerReader reader(source, std::move(name), options);
  SLUICE_RETURN_IF_ERROR(reader.read_header());
  return reader;
}

Result<void> ContainerReader::fill(std::size_t size) {
  if (buffer_.size() - at_ >= size || at_end_) return {};
  if (2 * at_ >= buffer_.size()) {  // less is not worth the way: a damaged block may have filled it with much more
    buffer_.erase(0, at_);
    at_ = 0;
  }
  while (unread().size() < size && !at_end_) {
    SLUICE_TRY(const auto count, source_->read(std::max(kReadBytes, size - unread().size()), buffer_));
    at_end_ = count == 0;
  }
  return {};
}

void ContainerReader::take(std::size_t size) {
  at_ += size;
  position_ += size;
}

Result<void> ContainerReader::read_header() {
  const auto limit = options_.limits.header_bytes;
  for (std::size_t size = 4096;; size *= 2) {
    SLUICE_RETURN_IF_ERROR(fill(size));
    if (!unread().starts_with("Obj\x01")) return corrupt("it is no Avro container file");
    SLUICE_TRY(const bool whole, parse_header());
    if (whole ? position_ > limit : unread().size() > limit) return corrupt("its header is over the limit of " + std::to_string(limit) + " bytes");
    if (whole) break;
    if (at_end_) return corrupt("its header is cut off");
  }
  auto codec = Codec::create(codec_name_.value_or("null"));
  if (!codec.ok()) return std::move(codec).error().in(name_);
  codec_ = std::move(*codec);
  return {};
}

// False: it goes on behind what is there.
Result<bool> ContainerReader::parse_header() {
  ByteReader in(unread());
  in.skip(4);
  std::optional<std::string> schema;
  codec_name_.reset();
  metadata_.clear();
  while (true) {
    auto count = in.zigzag();
    if (!in.ok()) return false;
    if (count == 0) break;
    if (count == INT64_MIN) return corrupt("its header has a block of no such size");
    if (count < 0) {
      count = -count;
      static_cast<void>(in.zigzag());
    }
    for (; count > 0; --count) {
      const auto key = in.view(static_cast<std::size_t>(in.zigzag()));
      const auto value = in.view(static_cast<std::size_t>(in.zigzag()));
      if (!in.ok()) return false;
      if (key == "avro.schema") {
        schema = value;
      } else if (key == "avro.codec") {
        codec_name_ = value;
      } else {
        metadata_.emplace_back(key, value);
      }
      if (metadata_.size() > kMaxEntries) return corrupt("its header has more than 65536 entries");
    }
  }
  sync_ = in.view(kSyncBytes);
  if (!in.ok()) return false;
  if (!schema) return corrupt("its header has no avro.schema");
  schema_ = std::move(*schema);
  take(unread().size() - in.remaining());
  return true;
}

Result<ContainerReader::Block> ContainerReader::next() { return go_on(&ContainerReader::read_block); }
Result<ContainerReader::Block> ContainerReader::skip() {
  // Resynchronising begins at the damaged block's first byte, which must be there then.
  if (!options_.resynchronise) return go_on(&ContainerReader::skip_block);
  SLUICE_TRY(auto block, next());
  block.bytes = {};
  return block;
}

Result<ContainerReader::Block> ContainerReader::go_on(Result<Block> (ContainerReader::*step)()) {
  while (true) {
    const auto from = position_;
    auto block = (this->*step)();
    if (block.ok() && block->rows == 0 && block->to > block->from) continue;  // an empty block
    if (block.ok() || !options_.resynchronise || !is_damage(block.error())) return block;
    if (position_ == from) SLUICE_RETURN_IF_ERROR(find_marker());
    if (!gaps_.empty() && gaps_.back().to == from) {
      gaps_.back().to = position_;
    } else {
      gaps_.push_back({from, position_, block.error().message});
    }
  }
}

Result<void> ContainerReader::find_marker() {
  while (true) {
    SLUICE_RETURN_IF_ERROR(fill(kSyncBytes));
    const auto at = unread().find(sync_);
    if (at != ByteView::npos) {
      take(at + kSyncBytes);
      return {};
    }
    if (at_end_) {
      take(unread().size());
      return {};
    }
    take(unread().size() - (kSyncBytes - 1));
  }
}

Result<ContainerReader::Head> ContainerReader::read_head() {
  SLUICE_RETURN_IF_ERROR(fill(kHeadBytes));
  Head head;
  if (unread().empty()) return head;
  ByteReader in(unread());
  head.rows = in.zigzag();
  const auto size = in.zigzag();
  if (!in.ok()) return corrupt(at_end_ ? "a block is cut off" : "no block begins here");
  if (head.rows < 0 || size < 0) return corrupt("no block begins here");
  head.size = static_cast<std::uint64_t>(size);
  head.length = unread().size() - in.remaining();
  if (head.size > options_.limits.block_bytes) {
    return corrupt("a block of " + std::to_string(size) + " bytes is over the limit of " + std::to_string(options_.limits.block_bytes));
  }
  return head;
}

Result<ContainerReader::Block> ContainerReader::read_block() {
  SLUICE_TRY(const auto head, read_head());
  Block block{.rows = head.rows, .bytes = {}, .from = position_, .to = position_};
  if (head.length == 0) return block;
  const auto total = head.length + static_cast<std::size_t>(head.size) + kSyncBytes;
  SLUICE_RETURN_IF_ERROR(fill(total));
  if (unread().size() < total) return corrupt("a block is cut off");
  const auto all = unread().substr(0, total);
  if (!all.ends_with(sync_)) return corrupt("a block does not end in the sync marker");
  block.to = block.from + total;
  auto inflated = codec_->inflate(all.substr(head.length, static_cast<std::size_t>(head.size)), options_.limits.inflated_bytes, inflated_);
  Result<Block> outcome = block;
  if (!inflated.ok()) {
    outcome = std::move(inflated).error().in(name_ + ", byte " + std::to_string(position_));
  } else if (block.rows > options_.limits.rows_of_no_bytes && static_cast<std::uint64_t>(block.rows) > inflated->size()) {
    outcome = corrupt("a block says " + std::to_string(block.rows) + " rows in " + std::to_string(inflated->size()) + " bytes");
  } else {
    outcome->bytes = *inflated;
  }
  take(total);  // moves no byte
  return outcome;
}

Result<ContainerReader::Block> ContainerReader::skip_block() {
  SLUICE_TRY(const auto head, read_head());
  Block block{.rows = head.rows, .bytes = {}, .from = position_, .to = position_};
  if (head.length == 0) return block;
  const auto data = head.length + head.size;
  const auto there = std::min<std::uint64_t>(data, unread().size());
  take(static_cast<std::size_t>(there));
  if (there < data) {
    SLUICE_TRY(const auto skipped, source_->skip(data - there));
    position_ += skipped;
    if (skipped < data - there) return corrupt("a block is cut off");
  }
  SLUICE_RETURN_IF_ERROR(fill(kSyncBytes));
  if (!unread().starts_with(sync_)) return corrupt("a block does not end in the sync marker");
  take(kSyncBytes);
  block.to = position_;
  return block;
}

}  // namespace sluice::avro
