#pragma once
// Requests to one bucket: signed, sent, and repeated when the server asks for patience. Thread-safe.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/store/s3/credentials.h"
#include "deliver/store/s3/s3_address.h"
#include "deliver/store/s3/s3_xml.h"
#include "io/clock.h"
#include "io/web_client.h"

namespace sluice::deliver::store::s3 {

struct S3Request {
  std::string method;
  std::string key = {};  // "" is the bucket
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  ByteView body = {};
};

struct S3ClientOptions {
  Environment environment = process_environment();
  io::Clock* clock = &io::system_clock();
  std::function<void(std::int64_t ms)> wait = {};  // else sleeps
  // Its authorities, when none are given, are those of AWS_CA_BUNDLE.
  io::WebClientOptions web = {.idle_timeout_ms = 60'000};
};

// A refusal is an answer, too: `status`, and `error` where the server named one (in a 200 as well).
struct S3Answer {
  io::WebAnswer web;
  std::optional<ErrorBody> error;
  [[nodiscard]] bool good() const { return web.status < 300 && !error; }
  [[nodiscard]] bool says(std::string_view code) const { return error && error->code == code; }
};

class S3Client {
 public:
  [[nodiscard]] static Result<std::unique_ptr<S3Client>> create(S3Address address, S3ClientOptions options);

  // Any answer but those that pass (tried five times in all, over some seconds, as Retry-After says). A request whose
  // answer is lost is sent again, so that it may happen twice. Errors: back_off.
  [[nodiscard]] Result<S3Answer> send(const S3Request& request);
  // The same; a refusal is an error.
  [[nodiscard]] Result<io::WebAnswer> ask(const S3Request& request);
  [[nodiscard]] Error error_of(const S3Request& request, const S3Answer& answer) const;

  [[nodiscard]] const S3Address& address() const { return address_; }

 private:
  S3Client(S3Address address, S3ClientOptions options, std::unique_ptr<io::WebClient> web,
           std::unique_ptr<io::WebClient> metadata);
  [[nodiscard]] Result<S3Answer> send_once(const S3Request& request, const Credentials& credentials);
  // Gives false when this was the last try, or the server wants us away for long.
  [[nodiscard]] bool wait_after(int attempt, const Result<S3Answer>& answer);

  const S3Address address_;
  const S3ClientOptions options_;
  const std::unique_ptr<io::WebClient> web_;
  const std::unique_ptr<io::WebClient> metadata_;  // with little patience
  CredentialsSource credentials_;
};

}  // namespace sluice::deliver::store::s3
