#pragma once
// Where a bucket is, as a person writes it: s3://BUCKET[/PREFIX][?region=…&endpoint=…&style=path|host&profile=…]

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::deliver::store::s3 {

// A variable of the environment, if it is set and not empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

struct S3Address {
  std::string bucket;
  std::string prefix;  // "" or "path/", without a slash at its beginning
  std::string region;
  std::string profile;  // of the credentials file; "default"
  bool https = true;
  std::string host;  // with ":port", where it is not the scheme's own; the bucket's name in it with style=host
  std::string path;  // before the key: "/" or "/bucket/"

  [[nodiscard]] std::string text() const {
    return "s3://" + bucket + (prefix.empty() ? "" : "/" + prefix.substr(0, prefix.size() - 1));
  }
};

// What the URL leaves open comes from AWS_REGION (AWS_DEFAULT_REGION), AWS_ENDPOINT_URL_S3 (AWS_ENDPOINT_URL) and
// AWS_PROFILE. With an endpoint the bucket is a part of the path, else of the host's name, unless `style` says
// otherwise. Errors: rejected, with what to write.
[[nodiscard]] Result<S3Address> parse_s3_url(std::string_view url, const Environment& environment);

}  // namespace sluice::deliver::store::s3
