#include "kafka/data_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<ProduceResponse>;
template struct Codec<ProduceRequest>;
template struct Codec<FetchResponse>;
template struct Codec<FetchRequest>;

}  // namespace sluice::kafka
