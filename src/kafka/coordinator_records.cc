#include "kafka/coordinator_records.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<OffsetCommitKey>;
template struct Codec<OffsetCommitValue>;
template struct Codec<GroupMetadataKey>;
template struct Codec<GroupMetadataValue>;
template struct Codec<TransactionLogKey>;
template struct Codec<TransactionLogValue>;

}  // namespace sluice::kafka
