#pragma once
// The codecs of record batches, in the framings that Kafka's clients use: gzip members, xerial-framed or raw snappy, LZ4
// frames, Zstandard frames.

#include "base/bytes.h"
#include "base/result.h"
#include "record/batch.h"

namespace sluice::record {

// Appends the compressed form of `plain` to `out`. Precondition: `codec` is not none.
void compress(Compression codec, ByteView plain, Bytes& out);

// The plain form of `packed`. Errors: corrupt, when it is damaged or inflates past `max_bytes`; unsupported codec.
[[nodiscard]] Result<Bytes> decompress(Compression codec, ByteView packed, std::size_t max_bytes);

}  // namespace sluice::record
