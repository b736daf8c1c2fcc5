#include "kafka/group_messages.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<FindCoordinatorResponse>;
template struct Codec<FindCoordinatorRequest>;
template struct Codec<JoinGroupResponse>;
template struct Codec<JoinGroupRequest>;
template struct Codec<SyncGroupResponse>;
template struct Codec<SyncGroupRequest>;
template struct Codec<HeartbeatResponse>;
template struct Codec<HeartbeatRequest>;
template struct Codec<LeaveGroupResponse>;
template struct Codec<LeaveGroupRequest>;
template struct Codec<DescribeGroupsResponse>;
template struct Codec<DescribeGroupsRequest>;
template struct Codec<ListGroupsResponse>;
template struct Codec<ListGroupsRequest>;
template struct Codec<DeleteGroupsResponse>;
template struct Codec<DeleteGroupsRequest>;

}  // namespace sluice::kafka
