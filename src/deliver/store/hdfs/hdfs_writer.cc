#include "deliver/store/hdfs/hdfs_writer.h"

namespace sluice::deliver::store::hdfs {

HdfsWriter::~HdfsWriter() {
  if (finished_ || !is_ours_) return;
  // Cut off, the DataNode could still make the file after it was removed. So the body is ended first.
  if (upload_) static_cast<void>(upload_->finish().ok());
  upload_.reset();
  static_cast<void>(hdfs_.remove(path_).ok());
}

Result<void> HdfsWriter::begin(ByteView bytes) {
  SLUICE_TRY(auto upload, hdfs_.create(path_, bytes));
  upload_.emplace(std::move(upload));
  is_ours_ = true;
  return {};
}

// After an error the upload is cut off. A file of another's is not ours to remove.
Result<void> HdfsWriter::send(ByteView bytes) {
  auto sent = upload_ ? upload_->write(bytes) : begin(bytes);
  if (sent.ok()) return sent;
  upload_.reset();
  is_ours_ = sent.error().code != ErrorCode::already_exists;
  return sent;
}

Result<void> HdfsWriter::append(ByteView bytes) {
  if (bytes.empty()) return {};
  SLUICE_RETURN_IF_ERROR(send(bytes));
  size_ += bytes.size();
  return {};
}

Result<void> HdfsWriter::check_length() {
  SLUICE_TRY(const auto status, hdfs_.status(path_));
  if (status && status->length == size_) return {};
  const auto there = status ? std::to_string(status->length) + " of " : std::string("none of ");
  return Error{ErrorCode::back_off, "CREATE of " + path_ + ": " + there + std::to_string(size_) + " bytes are there",
               hdfs_.url().where(), "the file is written again"};
}

Result<std::string> HdfsWriter::finish() {
  if (!upload_) SLUICE_RETURN_IF_ERROR(send({}));
  const auto ended = upload_->finish();
  upload_.reset();
  if (!ended.ok()) {
    is_ours_ = ended.error().code != ErrorCode::already_exists;
    return ended.error();
  }
  SLUICE_RETURN_IF_ERROR(check_length());
  finished_ = true;
  return id_;
}

}  // namespace sluice::deliver::store::hdfs
