#include "kafka/metadata_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<ApiVersionsResponse>;
template struct Codec<ApiVersionsRequest>;
template struct Codec<MetadataResponse>;
template struct Codec<MetadataRequest>;
template struct Codec<DescribeClusterResponse>;
template struct Codec<DescribeClusterRequest>;

}  // namespace sluice::kafka
