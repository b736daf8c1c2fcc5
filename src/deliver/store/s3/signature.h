#pragma once
// AWS Signature Version 4, as S3 wants it (the path encoded once, the payload's digest in a header).
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "io/web_client.h"

namespace sluice::deliver::store::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // may be empty
  std::int64_t expires_at_ms = 0;  // wall time; 0: never
  bool operator==(const Credentials&) const = default;
};

// A request before it is signed. Names and values are plain; they are percent-encoded on the way.
struct PlainRequest {
  std::string method;
  bool https = false;
  std::string host;
  std::string path;  // "/bucket/some key"
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // all are signed; no Host, no x-amz-date
  ByteView body = {};
};

// Over https a body of more than this is not digested: TLS guards it.
inline constexpr std::size_t kSignedBodyBytes = std::size_t{64} << 10;

// `request.body` must outlive the result.
[[nodiscard]] io::WebRequest sign(const PlainRequest& request, const Credentials& credentials,
                                  const std::string& region, std::int64_t now_ms);

}  // namespace sluice::deliver::store::s3
