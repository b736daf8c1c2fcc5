#include "deliver/store/s3/s3_writer.h"

#include <utility>

#include "io/http.h"

namespace sluice::deliver::store::s3 {

std::string UploadId::text() const { return io::percent_encode(upload) + ":" + name; }

Result<UploadId> UploadId::parse(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return Error{.code = ErrorCode::rejected, .message = "'" + text + "' is no id of an upload to S3"};
  }
  return UploadId{io::percent_decode(text.substr(0, colon)), text.substr(colon + 1)};
}

S3Writer::S3Writer(S3Client& client, io::Workers& workers, std::string key, UploadId id, std::size_t part_bytes)
    : client_(client), workers_(workers), key_(std::move(key)), id_(std::move(id)), first_part_bytes_(part_bytes) {}

S3Writer::~S3Writer() {
  under_way_.clear();  // a part that comes after the end of its upload would keep some servers from removing it
  if (!finished_)
    static_cast<void>(client_.ask({.method = "DELETE", .key = key_, .query = {{"uploadId", id_.upload}}}).ok());
}

std::size_t S3Writer::part_bytes() const { return first_part_bytes_ << (parts_ / 1000); }

Result<void> S3Writer::append(ByteView bytes) {
  while (buffer_.size() + bytes.size() >= part_bytes()) {
    const auto taken = bytes.substr(0, part_bytes() - buffer_.size());
    bytes.remove_prefix(taken.size());
    buffer_.append(taken);
    SLUICE_RETURN_IF_ERROR(begin_part());
    buffer_.reserve(part_bytes());  // a file of more than one part has many, mostly
  }
  buffer_.append(bytes);
  return {};
}

Result<std::string> S3Writer::finish() {
  if (!buffer_.empty() || parts_ == 0) {  // an upload has a part, if an empty one
    SLUICE_RETURN_IF_ERROR(send_part(++parts_, buffer_));
  }
  SLUICE_RETURN_IF_ERROR(wait_until_under_way(0));
  Bytes().swap(buffer_);
  finished_ = true;
  return id_.text();
}

Result<void> S3Writer::begin_part() {
  SLUICE_RETURN_IF_ERROR(wait_until_under_way(kPartsUnderWay - 1));
  under_way_.push_back(workers_.begin([this, number = ++parts_, bytes = std::exchange(buffer_, {})] {
    return send_part(number, bytes);
  }));
  return {};
}

Result<void> S3Writer::wait_until_under_way(std::size_t parts) {
  while (under_way_.size() > parts) {
    auto sent = under_way_.front().wait();
    under_way_.pop_front();
    SLUICE_RETURN_IF_ERROR(sent);
  }
  return {};
}

Result<void> S3Writer::send_part(int number, ByteView bytes) {
  const auto sent = client_.ask({.method = "PUT",
                                 .key = key_,
                                 .query = {{"partNumber", std::to_string(number)}, {"uploadId", id_.upload}},
                                 .body = bytes});
  if (sent.ok()) return {};
  auto error = sent.error();
  if (error.code == ErrorCode::not_found)
    error.code = ErrorCode::back_off;  // somebody ended the upload: a new one will do
  return error;
}

}  // namespace sluice::deliver::store::s3
