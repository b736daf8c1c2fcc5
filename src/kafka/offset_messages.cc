#include "kafka/offset_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<OffsetCommitResponse>;
template struct Codec<OffsetCommitRequest>;
template struct Codec<OffsetFetchResponse>;
template struct Codec<OffsetFetchRequest>;
template struct Codec<OffsetDeleteResponse>;
template struct Codec<OffsetDeleteRequest>;

}  // namespace sluice::kafka
