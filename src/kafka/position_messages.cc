#include "kafka/position_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<ListOffsetsResponse>;
template struct Codec<ListOffsetsRequest>;
template struct Codec<OffsetForLeaderEpochResponse>;
template struct Codec<OffsetForLeaderEpochRequest>;
template struct Codec<DeleteRecordsResponse>;
template struct Codec<DeleteRecordsRequest>;

}  // namespace sluice::kafka
