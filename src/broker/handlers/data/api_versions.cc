#include <algorithm>

#include "broker/apis.h"
#include "kafka/metadata_messages.h"

namespace sluice::broker {

namespace {

bool alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?, as KIP-511 has it.
bool valid_software(std::string_view name) {
  return !name.empty() && alphanumeric(name.front()) && alphanumeric(name.back()) &&
         std::ranges::all_of(name, [](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

void handle(const CallPtr& call, const kafka::ApiVersionsRequest& request,
            const Reply<kafka::ApiVersionsResponse>& reply) {
  kafka::ApiVersionsResponse response;
  if (call->header.version >= 3 &&
      (!valid_software(request.client_software_name) || !valid_software(request.client_software_version))) {
    response.error_code = kafka::Code::invalid_request;
    return reply(response);
  }
  for (const auto* api : served_apis()) {
    response.api_keys.push_back({static_cast<std::int16_t>(api->key), api->versions.min, api->versions.max});
  }
  std::ranges::sort(response.api_keys, {}, &kafka::ApiVersionsResponse::ApiVersion::api_key);
  reply(response);
}

}  // namespace

extern constinit const Api kApiVersions = api<kafka::ApiVersionsRequest, &handle>({0, 4});

}  // namespace sluice::broker
