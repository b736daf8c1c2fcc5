// Any bytes as any message: the first chooses it, the second the version. What can be decoded must be encoded again, and
// decoded from that to the same. The same bytes are read as a request's header, too.

#include <cstdlib>

#include "kafka/header.h"
#include "kafka/messages_testing.h"

namespace sluice::kafka {
namespace {

template <typename M>
void check(ByteView bytes, Version version) {
  ByteReader in{bytes};
  const auto message = decode<M>(in, version);
  if (!message.ok()) return;
  Bytes again;
  if (!encode(*message, version, again).ok()) std::abort();
  ByteReader in_again{again};
  const auto read = decode<M>(in_again, version);
  if (!read.ok() || !in_again.at_end() || to_json(*read, version) != to_json(*message, version)) std::abort();
}

void check_header(ByteView bytes) {
  ByteReader in{bytes};
  const auto header = decode_request_header(in);
  if (!header.ok()) return;
  skip_tagged_fields(in);  // ends, whatever it claims
  Bytes again;
  encode_request_header(*header, false, again);
  ByteReader in_again{again};
  const auto read = decode_request_header(in_again);
  if (!read.ok() || !in_again.at_end() || *read != *header) std::abort();
}

}  // namespace
}  // namespace sluice::kafka

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice::kafka;  // NOLINT: the fuzzer's entry must be global
  if (size < 2) return 0;
  const sluice::ByteView body{reinterpret_cast<const char*>(data) + 2, size - 2};
  check_header(body);
  std::size_t index = 0;
  for_each_message([&]<typename M>() {
    if (index++ == data[0] % (2 * std::tuple_size_v<AllRequests> + std::tuple_size_v<AllRecords>)) {
      const auto versions = M::kVersions.max - M::kVersions.min + 1;
      check<M>(body, static_cast<Version>(M::kVersions.min + data[1] % versions));
    }
  });
  return 0;
}
