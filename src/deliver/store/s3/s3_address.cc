#include "deliver/store/s3/s3_address.h"

#include <algorithm>
#include <cstdlib>

#include "io/http.h"

namespace sluice::deliver::store::s3 {

namespace {

constexpr std::string_view kForm =
    "write s3://BUCKET/PREFIX?region=REGION, and for a server of your own &endpoint=http://HOST:PORT";

Error wrong(std::string_view url, const std::string& why, std::string_view hint = kForm) {
  return {.code = ErrorCode::rejected, .message = "'" + std::string(url) + "': " + why, .hint = std::string(hint)};
}

bool is_bucket_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), good);
}

bool is_region(std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !name.empty() && std::all_of(name.begin(), name.end(), good);
}

struct Parameters {
  std::optional<std::string> region, endpoint, style, profile;
};

Result<Parameters> parse_parameters(std::string_view url, std::string_view query) {
  Parameters out;
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = std::min(one.find('='), one.size());
    const auto name = one.substr(0, equals);
    auto value = io::percent_decode(one.substr(std::min(one.size(), equals + 1)));
    auto* const to = name == "region"     ? &out.region
                     : name == "endpoint" ? &out.endpoint
                     : name == "style"    ? &out.style
                     : name == "profile"  ? &out.profile
                                          : nullptr;
    if (to == nullptr) {
      return wrong(url, "there is no parameter '" + std::string(name) + "'",
                   "the parameters are region, endpoint, style and profile");
    }
    *to = std::move(value);
  }
  if (out.style && *out.style != "path" && *out.style != "host") {
    return wrong(url, "style is 'path' or 'host', not '" + *out.style + "'");
  }
  return out;
}

Result<void> take_endpoint(S3Address& address, std::string_view url, std::string_view endpoint) {
  address.https = endpoint.starts_with("https://");
  if (!address.https && !endpoint.starts_with("http://")) {
    return wrong(url, "the endpoint '" + std::string(endpoint) + "' is no URL",
                 "write endpoint=http://HOST:PORT, or https");
  }
  endpoint.remove_prefix(address.https ? 8 : 7);
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  address.host = std::string(endpoint);
  if (endpoint.empty() || endpoint.find_first_of("/?#@") != std::string_view::npos) {
    return wrong(url, "the endpoint has more than a host and a port, or less",
                 "write endpoint=http://HOST:PORT, or https");
  }
  return {};
}

std::string amazons_host(const std::string& region) {
  return "s3." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "");
}

std::optional<std::string> first_of(std::optional<std::string> written, const Environment& environment,
                                    std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (!written || written->empty()) written = environment(name);
  }
  return written && !written->empty() ? written : std::nullopt;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
  };
}

Result<S3Address> parse_s3_url(std::string_view url, const Environment& environment) {
  if (!url.starts_with("s3://")) return wrong(url, "this is no S3 URL");
  const auto mark = std::min(url.find('?'), url.size());
  auto place = url.substr(5, mark - 5);
  SLUICE_TRY(const auto parameters, parse_parameters(url, url.substr(std::min(url.size(), mark + 1))));
  S3Address out;
  const auto slash = std::min(place.find('/'), place.size());
  out.bucket = std::string(place.substr(0, slash));
  if (!is_bucket_name(out.bucket)) {
    return wrong(url, "'" + out.bucket + "' cannot be a bucket",
                 "a bucket's name has 3 to 63 of a-z, 0-9, '-' and '.'");
  }
  auto prefix = place.substr(slash);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.find("//") != std::string_view::npos) return wrong(url, "an empty part in the prefix");
  out.prefix = prefix.empty() ? "" : std::string(prefix) + "/";
  out.profile = first_of(parameters.profile, environment, {"AWS_PROFILE"}).value_or("default");
  const auto endpoint = first_of(parameters.endpoint, environment, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  const auto region = first_of(parameters.region, environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (!region && !endpoint)
    return wrong(url, "the bucket's region is not known", "add ?region=eu-central-1, say, or set AWS_REGION");
  out.region = region.value_or("us-east-1");
  if (!is_region(out.region)) return wrong(url, "'" + out.region + "' cannot be a region");
  if (endpoint) {
    SLUICE_RETURN_IF_ERROR(take_endpoint(out, url, *endpoint));
  } else {
    out.host = amazons_host(out.region);
  }
  // A certificate for *.s3.… does not cover a bucket with a dot in its name.
  const bool in_path =
      parameters.style ? *parameters.style == "path" : endpoint || out.bucket.find('.') != std::string::npos;
  if (!in_path) out.host.insert(0, out.bucket + ".");
  out.path = in_path ? "/" + out.bucket + "/" : "/";
  return out;
}

}  // namespace sluice::deliver::store::s3
