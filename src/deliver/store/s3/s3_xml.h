#pragma once
// S3's answers as values. Bytes from the network: what is not as it must be is refused with corrupt.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::deliver::store::s3 {

struct ErrorBody {
  std::string code;  // "NoSuchKey"
  std::string message;
  std::string region;       // of a bucket that is elsewhere
  std::string server_time;  // of a request too far from it
};
// Nothing, when this is no <Error>.
[[nodiscard]] std::optional<ErrorBody> parse_error(ByteView xml);

// ListObjectsV2.
struct ObjectPage {
  std::vector<std::string> keys;
  std::vector<std::string> prefixes;
  std::optional<std::string> next;  // continuation token
};
[[nodiscard]] Result<ObjectPage> parse_objects(ByteView xml);

// ListMultipartUploads.
struct UploadPage {
  struct Upload {
    std::string key;
    std::string id;
  };
  std::vector<Upload> uploads;
  std::optional<Upload> next;  // markers
};
[[nodiscard]] Result<UploadPage> parse_uploads(ByteView xml);

// ListParts.
struct Part {
  int number = 0;
  std::string etag;
  std::uint64_t size = 0;
};
struct PartPage {
  std::vector<Part> parts;
  std::optional<std::string> next;  // marker
};
[[nodiscard]] Result<PartPage> parse_parts(ByteView xml);

// CreateMultipartUpload.
[[nodiscard]] Result<std::string> parse_upload_id(ByteView xml);

// The body of CompleteMultipartUpload.
[[nodiscard]] std::string completion_of(const std::vector<Part>& parts);

}  // namespace sluice::deliver::store::s3
