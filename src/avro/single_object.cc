#include "avro/single_object.h"

#include <cstring>

namespace sluice::avro {
namespace {

constexpr ByteView kMarker = "\xc3\x01";

}  // namespace

std::uint64_t fingerprint_of(const Schema& schema) { return rabin_fingerprint(schema.canonical()); }

void append_single_object_header(std::uint64_t fingerprint, Bytes& out) {
  out.append(kMarker);
  out.append(reinterpret_cast<const char*>(&fingerprint), sizeof fingerprint);  // little-endian, as this machine
}

Result<SingleObject> parse_single_object(ByteView bytes) {
  SingleObject object;
  if (!bytes.starts_with(kMarker) || bytes.size() < kMarker.size() + sizeof object.fingerprint) {
    return Error{ErrorCode::corrupt, "it is no single object: it does not begin with C3 01 and a fingerprint"};
  }
  std::memcpy(&object.fingerprint, bytes.data() + kMarker.size(), sizeof object.fingerprint);
  object.datum = bytes.substr(kMarker.size() + sizeof object.fingerprint);
  return object;
}

}  // namespace sluice::avro
