#include "kafka/admin_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<CreateTopicsResponse>;
template struct Codec<CreateTopicsRequest>;
template struct Codec<DeleteTopicsResponse>;
template struct Codec<DeleteTopicsRequest>;
template struct Codec<CreatePartitionsResponse>;
template struct Codec<CreatePartitionsRequest>;
template struct Codec<DescribeConfigsResponse>;
template struct Codec<DescribeConfigsRequest>;
template struct Codec<AlterConfigsResponse>;
template struct Codec<AlterConfigsRequest>;
template struct Codec<IncrementalAlterConfigsResponse>;
template struct Codec<IncrementalAlterConfigsRequest>;

}  // namespace sluice::kafka
