#pragma once
// Writes one multipart upload.

#include <deque>
#include <string>

#include "deliver/store/s3/s3_client.h"
#include "io/workers.h"
#include "pipeline/store.h"

namespace sluice::deliver::store::s3 {

// An upload's id, of this and any other process: "<upload, percent-encoded>:<name>".
struct UploadId {
  std::string upload;
  std::string name;
  [[nodiscard]] std::string text() const;
  // Errors: rejected.
  [[nodiscard]] static Result<UploadId> parse(const std::string& text);
};

inline constexpr std::size_t kPartsUnderWay = 2;

// Parts are sent as they fill, kPartsUnderWay at a time while the next one fills; append() waits when that is, too, full.
// Without finish() the upload is aborted.
class S3Writer final : public pipeline::StoreWriter {
 public:
  // `client` and `workers` must outlive it.
  S3Writer(S3Client& client, io::Workers& workers, std::string key, UploadId id, std::size_t part_bytes);
  ~S3Writer() override;

  [[nodiscard]] Result<void> append(ByteView bytes) override;
  [[nodiscard]] Result<std::string> finish() override;

 private:
  [[nodiscard]] std::size_t part_bytes() const;
  [[nodiscard]] Result<void> begin_part();
  [[nodiscard]] Result<void> send_part(int number, ByteView bytes);
  [[nodiscard]] Result<void> wait_until_under_way(std::size_t parts);

  S3Client& client_;
  io::Workers& workers_;
  const std::string key_;
  const UploadId id_;
  const std::size_t first_part_bytes_;
  int parts_ = 0;
  Bytes buffer_;
  std::deque<io::Workers::Task> under_way_;
  bool finished_ = false;
};

}  // namespace sluice::deliver::store::s3
