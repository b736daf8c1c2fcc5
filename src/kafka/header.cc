#include "kafka/header.h"

namespace sluice::kafka {

Result<RequestHeader> decode_request_header(ByteReader& in) {
  RequestHeader header;
  header.key = static_cast<ApiKey>(in.i16());
  header.version = in.i16();
  header.correlation_id = in.i32();
  const auto size = in.i16();
  if (size >= 0) header.client_id = std::string(in.view(static_cast<std::size_t>(size)));
  if (!in.ok() || size < -1) return Error{ErrorCode::corrupt, "a request ends within its header"};
  return header;
}

void skip_tagged_fields(ByteReader& in) {
  const auto count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    (void)in.varint();
    in.skip(in.varint());
  }
}

void encode_request_header(const RequestHeader& header, bool flexible, Bytes& out) {
  ByteWriter writer{out};
  writer.i16(static_cast<std::int16_t>(header.key));
  writer.i16(header.version);
  writer.i32(header.correlation_id);
  if (header.client_id.has_value()) {
    writer.i16(static_cast<std::int16_t>(header.client_id->size()));
    writer.raw(*header.client_id);
  } else {
    writer.i16(-1);
  }
  if (flexible) writer.varint(0);
}

void encode_response_header(std::int32_t correlation_id, ApiKey key, bool flexible, Bytes& out) {
  ByteWriter writer{out};
  writer.i32(correlation_id);
  if (flexible && key != ApiKey::api_versions) writer.varint(0);
}

Result<std::int32_t> decode_response_header(ByteReader& in, ApiKey key, bool flexible) {
  const auto correlation_id = in.i32();
  if (flexible && key != ApiKey::api_versions) skip_tagged_fields(in);
  if (!in.ok()) return Error{ErrorCode::corrupt, "a response ends within its header"};
  return correlation_id;
}

}  // namespace sluice::kafka
