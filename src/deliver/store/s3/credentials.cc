#include "deliver/store/s3/credentials.h"

#include <boost/json.hpp>
#include <ctime>
#include <fstream>
#include <sstream>

namespace sluice::deliver::store::s3 {

namespace {

constexpr std::int64_t kFetchAheadMs = 5 * 60'000;

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

std::optional<std::string> text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return text.str();
}

// "2026-01-02T03:04:05Z"; 0 when it is none.
std::int64_t parse_time_ms(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return end == nullptr ? 0 : std::int64_t{timegm(&parts)} * 1000;
}

std::string field_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Result<std::string> body_of(const Result<io::WebAnswer>& answer, const std::string& url) {
  if (!answer.ok()) return answer.error();
  if (answer->status == 200) return answer->body;
  return Error{.code = ErrorCode::back_off,
               .message = "the metadata service answers HTTP " + std::to_string(answer->status) + " at " + url};
}

}  // namespace

std::optional<Credentials> credentials_in_file(std::string_view text, std::string_view profile) {
  Credentials found;
  bool inside = false;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = trimmed(line.substr(1, line.find(']') - 1)) == profile;
      continue;
    }
    const auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const auto name = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  return found.access_key.empty() || found.secret_key.empty() ? std::nullopt : std::optional(std::move(found));
}

Result<Credentials> credentials_in_json(std::string_view text) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(text, failed);
  const Error wrong{.code = ErrorCode::corrupt, .message = "the metadata service's answer holds no keys"};
  if (failed || !value.is_object()) return wrong;
  const auto& object = value.get_object();
  Credentials found{field_of(object, "AccessKeyId"), field_of(object, "SecretAccessKey"), field_of(object, "Token"),
                    parse_time_ms(field_of(object, "Expiration"))};
  if (found.access_key.empty() || found.secret_key.empty()) return wrong;
  return found;
}

CredentialsSource::CredentialsSource(Environment environment, std::string profile, io::WebClient& web, io::Clock& clock)
    : environment_(std::move(environment)), profile_(std::move(profile)), web_(web), clock_(clock) {}

Result<Credentials> CredentialsSource::get() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.wall_ms();
  if (kept_ && (kept_->expires_at_ms == 0 || now < kept_->expires_at_ms - kFetchAheadMs)) return *kept_;
  auto found = look();
  if (found.ok()) {
    kept_ = *found;
  } else if (kept_ && now < kept_->expires_at_ms) {
    return *kept_;  // the service is away for a moment, and these still hold
  }
  return found;
}

void CredentialsSource::refused(const Credentials& credentials) {
  const std::lock_guard lock(mutex_);
  if (kept_ == credentials) kept_.reset();
}

std::string CredentialsSource::origin() const {
  const std::lock_guard lock(mutex_);
  return origin_;
}

Result<Credentials> CredentialsSource::look() {
  if (auto found = from_environment()) return *std::move(found);
  if (auto found = from_file()) return *std::move(found);
  if (const auto relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    return from_container("http://169.254.170.2" + *relative);
  }
  if (const auto full = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI")) return from_container(*full);
  auto found = environment_("AWS_EC2_METADATA_DISABLED") == "true"
                   ? Error{.code = ErrorCode::back_off, .message = "the instance's metadata service is switched off"}
                   : from_instance();
  if (found.ok()) return found;
  return Error{
      .code = ErrorCode::back_off,
      .message = "no credentials for S3: not in the environment, not in ~/.aws/credentials [" + profile_ +
                 "], not from the instance",
      .detail = found.error().message,
      .hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, write ~/.aws/credentials, or give the instance a role"};
}

std::optional<Credentials> CredentialsSource::from_environment() {
  const auto access = environment_("AWS_ACCESS_KEY_ID");
  const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (!access || !secret) return std::nullopt;
  origin_ = "the environment";
  return Credentials{*access, *secret, environment_("AWS_SESSION_TOKEN").value_or("")};
}

std::optional<Credentials> CredentialsSource::from_file() {
  auto path = environment_("AWS_SHARED_CREDENTIALS_FILE");
  if (!path) path = environment_("HOME").value_or("") + "/.aws/credentials";
  const auto text = text_of_file(*path);
  if (!text) return std::nullopt;
  origin_ = *path + " [" + profile_ + "]";
  return credentials_in_file(*text, profile_);
}

Result<Credentials> CredentialsSource::from_container(const std::string& url) {
  origin_ = "the container's metadata service";
  auto token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) token = text_of_file(*path);
  io::WebRequest request{.method = "GET", .url = url};
  if (token) request.headers.emplace_back("Authorization", trimmed(token->substr(0, token->find('\n'))));
  SLUICE_TRY(const auto body, body_of(web_.send(request), url));
  return credentials_in_json(body);
}

Result<Credentials> CredentialsSource::from_instance() {
  origin_ = "the instance's metadata service";
  const auto base = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254") + "/latest/";
  const auto token_url = base + "api/token";
  SLUICE_TRY(
      const auto token,
      body_of(
          web_.send({.method = "PUT", .url = token_url, .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}}}),
          token_url));
  const auto get = [&](const std::string& url) {
    return body_of(web_.send({.method = "GET", .url = url, .headers = {{"x-aws-ec2-metadata-token", token}}}), url);
  };
  const auto roles = base + "meta-data/iam/security-credentials/";
  SLUICE_TRY(const auto role, get(roles));
  SLUICE_TRY(const auto body, get(roles + std::string(trimmed(role.substr(0, role.find('\n'))))));
  return credentials_in_json(body);
}

}  // namespace sluice::deliver::store::s3
