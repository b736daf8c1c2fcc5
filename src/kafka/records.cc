#include "kafka/records.h"

namespace sluice::kafka {

namespace {
constexpr std::uint64_t kFrameVersion = 1;
}  // namespace

Result<MetadataFrame> parse_metadata_frame(ByteView value) {
  ByteReader in{value};
  const auto frame_version = in.varint();
  const auto type = in.varint();
  const auto version = in.varint();
  if (!in.ok() || type > 0x7fff || version > 0x7fff) {
    return Error{ErrorCode::corrupt,
                 "a metadata record of " + std::to_string(value.size()) + " bytes has no whole frame"};
  }
  if (frame_version != kFrameVersion) {
    return Error{ErrorCode::unsupported, "a metadata record has frame version " + std::to_string(frame_version),
                 "version 1 is known"};
  }
  return MetadataFrame{static_cast<std::uint32_t>(type), static_cast<Version>(version), in};
}

void begin_metadata_frame(Bytes& out, std::uint32_t type, Version version) {
  ByteWriter writer{out};
  writer.varint(kFrameVersion);
  writer.varint(type);
  writer.varint(static_cast<std::uint64_t>(version));
}

Result<CoordinatorFrame> parse_coordinator_frame(ByteView bytes) {
  ByteReader in{bytes};
  const auto number = in.i16();
  if (!in.ok()) {
    return Error{ErrorCode::corrupt, "a coordinator record of " + std::to_string(bytes.size()) + " bytes has no head"};
  }
  return CoordinatorFrame{number, in};
}

}  // namespace sluice::kafka
