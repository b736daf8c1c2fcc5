#include "deliver/store/s3/s3_client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <random>
#include <thread>

#include "deliver/store/s3/s3_error.h"

namespace sluice::deliver::store::s3 {

namespace {

constexpr int kAttempts = 5;
constexpr std::int64_t kFirstWaitMs = 100;
constexpr std::int64_t kLongestWaitMs = 3'000;  // who stops us waits, too

// Half of it is chance, so that many who were sent away at a time do not come back at a time.
std::int64_t jittered(std::int64_t ms) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return ms / 2 + std::uniform_int_distribution<std::int64_t>(0, ms / 2)(random);
}

// Retry-After in seconds; its other form, a date, is not used by S3 servers.
std::int64_t retry_after_ms(const io::WebAnswer& answer) {
  const auto text = answer.header("retry-after").value_or("");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<std::int64_t>(seconds, 0, 86'400) * 1000;
}

std::string utc_text(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[32];
  return {buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

Result<std::unique_ptr<S3Client>> S3Client::create(S3Address address, S3ClientOptions options) {
  if (options.web.ca_file.empty()) options.web.ca_file = options.environment("AWS_CA_BUNDLE").value_or("");
  SLUICE_TRY(auto web, io::WebClient::create(options.web));
  SLUICE_TRY(auto metadata, io::WebClient::create({.connect_timeout_ms = 1'000, .idle_timeout_ms = 5'000}));
  return std::unique_ptr<S3Client>(
      new S3Client(std::move(address), std::move(options), std::move(web), std::move(metadata)));
}

S3Client::S3Client(S3Address address, S3ClientOptions options, std::unique_ptr<io::WebClient> web,
                   std::unique_ptr<io::WebClient> metadata)
    : address_(std::move(address)),
      options_(std::move(options)),
      web_(std::move(web)),
      metadata_(std::move(metadata)),
      credentials_(options_.environment, address_.profile, *metadata_, *options_.clock) {}

Result<S3Answer> S3Client::send(const S3Request& request) {
  bool renewed = false;
  for (int attempt = 1;; ++attempt) {
    SLUICE_TRY(const auto credentials, credentials_.get());
    auto answer = send_once(request, credentials);
    if (answer.ok() && answer->error && refuses_credentials(*answer->error)) {
      credentials_.refused(credentials);
      const auto others = credentials_.get();
      if (!std::exchange(renewed, true) && others.ok() && *others != credentials) continue;
    }
    const bool passing =
        answer.ok() ? is_passing(answer->web, answer->error) : answer.error().code == ErrorCode::back_off;
    if (!passing) return answer;
    if (!wait_after(attempt, answer)) return answer.ok() ? Result<S3Answer>(error_of(request, *answer)) : answer;
  }
}

bool S3Client::wait_after(int attempt, const Result<S3Answer>& answer) {
  // Where nobody listens, somebody who waits outside knows better when to come back.
  if (attempt >= kAttempts || (!answer.ok() && (attempt > 1 || answer.error().detail == "refused"))) return false;
  const auto told = answer.ok() ? retry_after_ms(answer->web) : 0;
  if (told > kLongestWaitMs) return false;
  const auto ms = std::max(told, jittered(std::min(kFirstWaitMs << (2 * (attempt - 1)), kLongestWaitMs)));
  if (options_.wait) {
    options_.wait(ms);
  } else {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  }
  return true;
}

Result<S3Answer> S3Client::send_once(const S3Request& request, const Credentials& credentials) {
  PlainRequest plain{.method = request.method,
                     .https = address_.https,
                     .host = address_.host,
                     .path = address_.path + request.key,
                     .query = request.query,
                     .headers = request.headers,
                     .body = request.body};
  if (request.key.empty() && plain.path.size() > 1) plain.path.pop_back();  // "/bucket"
  auto sent = web_->send(sign(plain, credentials, address_.region, options_.clock->wall_ms()));
  if (!sent.ok()) {
    auto failed = std::move(sent).error();
    if (failed.code == ErrorCode::rejected) failed.code = ErrorCode::back_off;  // a certificate: it will be renewed
    if (failed.hint.empty()) failed.hint = "is the server at " + address_.host + " running, and can it be reached from here?";
    return failed;
  }
  auto& web = *sent;
  auto error = web.status >= 300 || request.method == "POST" ? parse_error(web.body) : std::nullopt;
  return S3Answer{std::move(web), std::move(error)};
}

Result<io::WebAnswer> S3Client::ask(const S3Request& request) {
  SLUICE_TRY(auto answer, send(request));
  if (!answer.good()) return error_of(request, answer);
  return std::move(answer.web);
}

Error S3Client::error_of(const S3Request& request, const S3Answer& answer) const {
  const Refused refused{.what = request.method + " s3://" + address_.bucket + "/" + request.key,
                        .bucket = address_.bucket,
                        .keys = credentials_.origin(),
                        .our_time = utc_text(options_.clock->wall_ms())};
  return s3::error_of(refused, answer.web, answer.error);
}

}  // namespace sluice::deliver::store::s3
