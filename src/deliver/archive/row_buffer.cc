#include "deliver/archive/row_buffer.h"

#include <algorithm>
#include <span>

namespace sluice::deliver::archive {

namespace {

// A buffer under this is not worth a write; so many open files may go over the budget together.
constexpr std::uint64_t kSmallestSpill = std::uint64_t{16} << 10;
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

}  // namespace

Result<std::shared_ptr<io::File>> BufferSpace::new_file() {
  SLUICE_RETURN_IF_ERROR(fs_.create_directories(folder_));
  const auto path = folder_ + "/rows-" + std::to_string(files_++);
  SLUICE_TRY(auto file, fs_.open(path, io::OpenMode::create_new));
  SLUICE_RETURN_IF_ERROR(fs_.remove(path));  // it lives as long as it is open
  return file;
}

Result<void> BufferSpace::make_room() {
  while (used_bytes_ > memory_bytes_) {
    const auto largest = std::max_element(buffers_.begin(), buffers_.end(),
                                          [](const auto* a, const auto* b) { return a->memory() < b->memory(); });
    if (largest == buffers_.end() || (*largest)->memory() < kSmallestSpill) return {};
    SLUICE_RETURN_IF_ERROR((*largest)->spill());
  }
  return {};
}

RowBuffer::RowBuffer(BufferSpace& space) : space_(space) {
  space_.buffers_.insert(this);
  space_.used_bytes_ += memory();
}

RowBuffer::~RowBuffer() {
  space_.buffers_.erase(this);
  space_.used_bytes_ -= memory();
}

Result<void> RowBuffer::append(const RowSchema& schema, ByteView row) {
  if (versions_.empty() || versions_.back().second != &schema) versions_.emplace_back(rows_, &schema);
  const auto before = memory();
  if (last_.size() >= kBlockBytes) {
    full_bytes_ += last_.capacity();
    full_.push_back(std::exchange(last_, Bytes()));
    last_.reserve(kBlockBytes + kBlockBytes / 16);  // and the row that goes beyond
  }
  ByteWriter writer(last_);
  writer.varint(row.size());
  writer.raw(row);
  ++rows_;
  bytes_ += row.size();
  if (memory() == before) return {};
  space_.used_bytes_ += memory() - before;
  return space_.used_bytes_ > space_.memory_bytes_ ? space_.make_room() : Result<void>{};
}

Result<void> RowBuffer::spill() {
  if (!file_) {
    SLUICE_TRY(file_, space_.new_file());
  }
  std::vector<ByteView> parts(full_.begin(), full_.end());
  parts.push_back(last_);
  auto end = pieces_.empty() ? 0 : pieces_.back();
  SLUICE_RETURN_IF_ERROR(file_->write_at(end, parts));
  for (const auto part : parts) {
    pieces_.push_back(end += part.size());
    space_.spilled_bytes_ += part.size();
  }
  space_.used_bytes_ -= memory();
  std::vector<Bytes>().swap(full_);
  full_bytes_ = 0;
  Bytes().swap(last_);  // an assignment would keep the memory
  space_.used_bytes_ += memory();
  return {};
}

Result<void> RowBuffer::give(ByteView piece, std::uint64_t& row, std::size_t& version,
                             const std::function<Result<void>(const RowSchema&, ByteView)>& take) const {
  ByteReader in(piece);
  while (!in.at_end()) {
    const auto bytes = in.view(static_cast<std::size_t>(in.varint()));
    if (!in.ok()) return Error{.code = ErrorCode::back_off, .message = "rows that were spilled to disk read back damaged"};
    if (version + 1 < versions_.size() && versions_[version + 1].first == row) ++version;
    ++row;
    SLUICE_RETURN_IF_ERROR(take(*versions_[version].second, bytes));
  }
  return {};
}

Result<void> RowBuffer::read(const std::function<Result<void>(const RowSchema&, ByteView)>& take) const {
  std::uint64_t row = 0;
  std::size_t version = 0;
  std::uint64_t begin = 0;
  Bytes piece;
  for (const auto end : pieces_) {
    piece.resize(static_cast<std::size_t>(end - begin));
    SLUICE_TRY(const auto got, file_->read_at(begin, std::span<char>(piece.data(), piece.size())));
    if (got != piece.size()) return Error{.code = ErrorCode::back_off, .message = "rows that were spilled to disk are gone"};
    SLUICE_RETURN_IF_ERROR(give(piece, row, version, take));
    begin = end;
  }
  for (const auto& block : full_) SLUICE_RETURN_IF_ERROR(give(block, row, version, take));
  return give(last_, row, version, take);
}

}  // namespace sluice::deliver::archive
