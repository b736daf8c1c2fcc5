#include "deliver/store/s3/s3_error.h"

#include <algorithm>
#include <array>

namespace sluice::deliver::store::s3 {

namespace {

// back_off for all that a person mends outside of us (keys, rights, clock, bucket): the sink goes on by itself then.
struct Meaning {
  std::string_view code;
  ErrorCode means;
  std::string_view hint;
};

constexpr std::string_view kKeys = "correct the credentials; they are read again at the next try";
constexpr std::string_view kRights =
    "allow s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket, "
    "s3:ListBucketMultipartUploads and s3:ListMultipartUploadParts on the bucket";
constexpr std::string_view kBusy = "the server is busy or unwell: it is tried again, and goes on by itself";
constexpr std::string_view kSpace = "make room, or raise the quota";

constexpr std::array kMeanings{
    Meaning{"SignatureDoesNotMatch", ErrorCode::back_off,
            "the secret key is wrong: correct it; it is read again at the next try"},
    Meaning{"InvalidAccessKeyId", ErrorCode::back_off, kKeys},
    Meaning{"InvalidToken", ErrorCode::back_off, kKeys},
    Meaning{"ExpiredToken", ErrorCode::back_off, "renew the credentials; they are read again at the next try"},
    Meaning{"TokenRefreshRequired", ErrorCode::back_off, kKeys},
    Meaning{"AccessDenied", ErrorCode::back_off, kRights},
    Meaning{"AllAccessDisabled", ErrorCode::back_off, kRights},
    Meaning{"RequestTimeTooSkewed", ErrorCode::back_off, "set this machine's clock, or the server's"},
    Meaning{"NoSuchBucket", ErrorCode::back_off, "create the bucket, or correct its name in the URL"},
    Meaning{"PermanentRedirect", ErrorCode::back_off, "the bucket is in another region: write ?region=… in the URL"},
    Meaning{"TemporaryRedirect", ErrorCode::back_off, "the bucket is new and its name not known everywhere yet: wait"},
    Meaning{"AuthorizationHeaderMalformed", ErrorCode::back_off,
            "the bucket is in another region: write ?region=… in the URL"},
    Meaning{"ConditionalRequestConflict", ErrorCode::back_off, ""},
    Meaning{"OperationAborted", ErrorCode::back_off, ""},
    Meaning{"NoSuchKey", ErrorCode::not_found, ""},
    Meaning{"NoSuchUpload", ErrorCode::not_found, ""},
    Meaning{"QuotaExceeded", ErrorCode::out_of_space, kSpace},
    Meaning{"InsufficientStorage", ErrorCode::out_of_space, kSpace},
    Meaning{"XMinioStorageFull", ErrorCode::out_of_space, kSpace},
    Meaning{"NotImplemented", ErrorCode::unsupported,
            "this server lacks what exactly-once needs: another server or version"},
};

Meaning meaning_of(int status, std::string_view code) {
  for (const auto& one : kMeanings) {
    if (one.code == code) return one;
  }
  if (status == 401 || status == 403) return {code, ErrorCode::back_off, kKeys};
  if (status == 404) return {code, ErrorCode::not_found, ""};
  if (status == 507) return {code, ErrorCode::out_of_space, kSpace};
  if (status == 409 || status == 429 || status >= 500) return {code, ErrorCode::back_off, kBusy};
  return {code, ErrorCode::rejected, ""};
}

}  // namespace

bool is_passing(const io::WebAnswer& answer, const std::optional<ErrorBody>& body) {
  constexpr std::array kStatuses{429, 500, 502, 503, 504};
  constexpr std::array<std::string_view, 4> kCodes{"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout"};
  return std::ranges::find(kStatuses, answer.status) != kStatuses.end() ||
         (body && std::ranges::find(kCodes, body->code) != kCodes.end());
}

bool refuses_credentials(const ErrorBody& body) {
  constexpr std::array<std::string_view, 5> kCodes{"SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken",
                                                   "ExpiredToken", "TokenRefreshRequired"};
  return std::ranges::find(kCodes, body.code) != kCodes.end();
}

Error error_of(const Refused& refused, const io::WebAnswer& answer, const std::optional<ErrorBody>& body) {
  const auto code = body ? body->code : std::string();
  const auto meaning = meaning_of(answer.status, code);
  Error error{.code = meaning.means,
              .message = refused.what + ": HTTP " + std::to_string(answer.status) + (code.empty() ? "" : " " + code),
              .detail = body ? body->message : "",
              .hint = std::string(meaning.hint)};
  if (code == "RequestTimeTooSkewed") {
    const auto theirs =
        body->server_time.empty() ? std::string(answer.header("date").value_or("unknown")) : body->server_time;
    error.message += ": this machine's clock says " + refused.our_time + ", the server's " + theirs;
  } else if (code == "NoSuchBucket") {
    error.message += ": there is no bucket '" + refused.bucket + "'";
  } else if (meaning.hint == kKeys || (body && refuses_credentials(*body))) {
    error.message += ": the credentials from " + refused.keys + " are refused";
  }
  const auto region =
      body && !body->region.empty() ? body->region : std::string(answer.header("x-amz-bucket-region").value_or(""));
  if ((code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed") && !region.empty()) {
    error.hint = "the bucket is in region " + region + ": write ?region=" + region + " in the URL";
  }
  return error;
}

}  // namespace sluice::deliver::store::s3
