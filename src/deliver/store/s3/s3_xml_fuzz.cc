// Whatever a server answers is a value or refused.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "deliver/store/s3/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::deliver::store::s3;
  const sluice::ByteView xml(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_error(xml));
  static_cast<void>(parse_objects(xml).ok());
  if (const auto uploads = parse_uploads(xml); uploads.ok()) {
    for (const auto& one : uploads->uploads) SLUICE_CHECK(!one.id.empty());
  }
  if (const auto parts = parse_parts(xml); parts.ok()) static_cast<void>(completion_of(parts->parts));
  if (const auto id = parse_upload_id(xml); id.ok()) SLUICE_CHECK(!id->empty());
  return 0;
}
