#pragma once
// What S3's refusals mean for the caller: one table.

#include <string>

#include "base/error.h"
#include "deliver/store/s3/s3_xml.h"
#include "io/web_client.h"

namespace sluice::deliver::store::s3 {

// Worth the same request again after a moment: 503 SlowDown, 500, a gateway's 502 and 504.
[[nodiscard]] bool is_passing(const io::WebAnswer& answer, const std::optional<ErrorBody>& body);
// These keys are wrong or have run out.
[[nodiscard]] bool refuses_credentials(const ErrorBody& body);

// Precondition: the answer is a refusal. `what` did not happen; `bucket`, `keys` and `our_time` are for the words.
struct Refused {
  std::string what;  // "PUT s3://bucket/key"
  std::string bucket;
  std::string keys;  // where the credentials came from
  std::string our_time;
};
[[nodiscard]] Error error_of(const Refused& refused, const io::WebAnswer& answer, const std::optional<ErrorBody>& body);

}  // namespace sluice::deliver::store::s3
