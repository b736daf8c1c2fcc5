#include "kafka/transaction_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<InitProducerIdResponse>;
template struct Codec<InitProducerIdRequest>;
template struct Codec<AddPartitionsToTxnResponse>;
template struct Codec<AddPartitionsToTxnRequest>;
template struct Codec<AddOffsetsToTxnResponse>;
template struct Codec<AddOffsetsToTxnRequest>;
template struct Codec<EndTxnResponse>;
template struct Codec<EndTxnRequest>;
template struct Codec<TxnOffsetCommitResponse>;
template struct Codec<TxnOffsetCommitRequest>;

}  // namespace sluice::kafka
