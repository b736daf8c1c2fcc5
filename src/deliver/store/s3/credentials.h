#pragma once
// Where the keys come from: the environment, the credentials file, or the metadata service of the container or
// instance, the first that has any. Keys that expire are fetched anew five minutes before. Thread-safe.
//
//   environment  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   file         AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, section of the profile; read again when it was
//   refused container    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN or
//   _TOKEN_FILE instance     IMDSv2 at 169.254.169.254 (AWS_EC2_METADATA_SERVICE_ENDPOINT), unless
//   AWS_EC2_METADATA_DISABLED=true

#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "deliver/store/s3/s3_address.h"
#include "deliver/store/s3/signature.h"
#include "io/clock.h"
#include "io/web_client.h"

namespace sluice::deliver::store::s3 {

class CredentialsSource {
 public:
  // `web` is for the metadata services; it and `clock` must outlive the source.
  CredentialsSource(Environment environment, std::string profile, io::WebClient& web, io::Clock& clock);

  // Errors: back_off (nowhere any keys, or the metadata service does not answer).
  [[nodiscard]] Result<Credentials> get();
  // The server refused `credentials`: the next get() looks again.
  void refused(const Credentials& credentials);
  // "the environment", "~/.aws/credentials [default]", …: where the last ones came from.
  [[nodiscard]] std::string origin() const;

 private:
  [[nodiscard]] std::optional<Credentials> from_environment();
  [[nodiscard]] std::optional<Credentials> from_file();
  [[nodiscard]] Result<Credentials> from_container(const std::string& url);
  [[nodiscard]] Result<Credentials> from_instance();
  [[nodiscard]] Result<Credentials> look();

  const Environment environment_;
  const std::string profile_;
  io::WebClient& web_;
  io::Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<Credentials> kept_;  // guarded by mutex_, as origin_
  std::string origin_ = "nowhere";
};

// The keys of a profile in the text of a credentials file.
[[nodiscard]] std::optional<Credentials> credentials_in_file(std::string_view text, std::string_view profile);
// The answer of a metadata service. Errors: corrupt.
[[nodiscard]] Result<Credentials> credentials_in_json(std::string_view text);

}  // namespace sluice::deliver::store::s3
