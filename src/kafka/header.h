#pragma once
// What stands before a request and a response, inside the frame's 32-bit length.
//
//   request:  API key, version, correlation id (16, 16, 32 bits), client id (always a 16-bit length); tagged fields if
//             the API's version is flexible (header version 2, else 1; version 0, without client id, is spoken only by
//             ControlledShutdown v0 between brokers and is not served).
//   response: correlation id; tagged fields if flexible (version 1, else 0). ApiVersions has always version 0, because
//             a client must read it before it knows what we speak.

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/api.h"
#include "kafka/field.h"

namespace sluice::kafka {

struct RequestHeader {
  ApiKey key{};
  Version version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;
  bool operator==(const RequestHeader&) const = default;
};

// The first part, which has the same form in all versions; leaves `in` at the tagged fields or the body.
// Errors: corrupt.
[[nodiscard]] Result<RequestHeader> decode_request_header(ByteReader& in);
// Skips the tagged fields that end a flexible header. in.ok() tells.
void skip_tagged_fields(ByteReader& in);

void encode_request_header(const RequestHeader& header, bool flexible, Bytes& out);
void encode_response_header(std::int32_t correlation_id, ApiKey key, bool flexible, Bytes& out);
// Gives the correlation id, and leaves `in` at the body. Errors: corrupt.
[[nodiscard]] Result<std::int32_t> decode_response_header(ByteReader& in, ApiKey key, bool flexible);

}  // namespace sluice::kafka
