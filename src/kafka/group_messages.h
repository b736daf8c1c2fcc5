#pragma once
// Members of consumer groups.
// Described as field.h says; encode() and decode() are in message.h.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/field.h"

namespace sluice::kafka {

struct FindCoordinatorResponse {
  static constexpr const char* kName = "FindCoordinatorResponse";
  static constexpr ApiKey kKey = ApiKey::find_coordinator;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 3;

  struct Coordinator {
    std::string key = {};
    std::int32_t node_id = 0;
    std::string host = {};
    std::int32_t port = 0;
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};

    bool operator==(const Coordinator&) const = default;
    static void fields(auto& f) {
      f("key", &Coordinator::key);
      f("node_id", &Coordinator::node_id);
      f("host", &Coordinator::host);
      f("port", &Coordinator::port);
      f("error_code", &Coordinator::error_code);
      f("error_message", &Coordinator::error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::optional<std::string> error_message = {};
  std::int32_t node_id = 0;
  std::string host = {};
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators = {};

  bool operator==(const FindCoordinatorResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &FindCoordinatorResponse::throttle_time_ms, {.since = 1});
    f("error_code", &FindCoordinatorResponse::error_code, {.until = 3});
    f("error_message", &FindCoordinatorResponse::error_message, {.since = 1, .until = 3});
    f("node_id", &FindCoordinatorResponse::node_id, {.until = 3});
    f("host", &FindCoordinatorResponse::host, {.until = 3});
    f("port", &FindCoordinatorResponse::port, {.until = 3});
    f("coordinators", &FindCoordinatorResponse::coordinators, {.since = 4});
  }
};

struct FindCoordinatorRequest {
  static constexpr const char* kName = "FindCoordinatorRequest";
  static constexpr ApiKey kKey = ApiKey::find_coordinator;
  using Response = FindCoordinatorResponse;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 3;

  std::string key = {};
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys = {};

  bool operator==(const FindCoordinatorRequest&) const = default;
  static void fields(auto& f) {
    f("key", &FindCoordinatorRequest::key, {.until = 3});
    f("key_type", &FindCoordinatorRequest::key_type, {.since = 1});
    f("coordinator_keys", &FindCoordinatorRequest::coordinator_keys, {.since = 4});
  }
};

struct JoinGroupResponse {
  static constexpr const char* kName = "JoinGroupResponse";
  static constexpr ApiKey kKey = ApiKey::join_group;
  static constexpr VersionRange kVersions{0, 9};
  static constexpr Version kFlexible = 6;

  struct Member {
    std::string member_id = {};
    std::optional<std::string> group_instance_id = {};
    Bytes metadata = {};

    bool operator==(const Member&) const = default;
    static void fields(auto& f) {
      f("member_id", &Member::member_id);
      f("group_instance_id", &Member::group_instance_id, {.since = 5});
      f.bytes("metadata", &Member::metadata);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type = {};
  std::optional<std::string> protocol_name = {};
  std::string leader = {};
  bool skip_assignment = false;
  std::string member_id = {};
  std::vector<Member> members = {};

  bool operator==(const JoinGroupResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &JoinGroupResponse::throttle_time_ms, {.since = 2});
    f("error_code", &JoinGroupResponse::error_code);
    f("generation_id", &JoinGroupResponse::generation_id);
    f("protocol_type", &JoinGroupResponse::protocol_type, {.since = 7});
    f("protocol_name", &JoinGroupResponse::protocol_name, {.null_since = 7});
    f("leader", &JoinGroupResponse::leader);
    f("skip_assignment", &JoinGroupResponse::skip_assignment, {.since = 9});
    f("member_id", &JoinGroupResponse::member_id);
    f("members", &JoinGroupResponse::members);
  }
};

struct JoinGroupRequest {
  static constexpr const char* kName = "JoinGroupRequest";
  static constexpr ApiKey kKey = ApiKey::join_group;
  using Response = JoinGroupResponse;
  static constexpr VersionRange kVersions{0, 9};
  static constexpr Version kFlexible = 6;

  struct Protocol {
    std::string name = {};
    Bytes metadata = {};

    bool operator==(const Protocol&) const = default;
    static void fields(auto& f) {
      f("name", &Protocol::name);
      f.bytes("metadata", &Protocol::metadata);
    }
  };

  std::string group_id = {};
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::string protocol_type = {};
  std::vector<Protocol> protocols = {};
  std::optional<std::string> reason = {};

  bool operator==(const JoinGroupRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &JoinGroupRequest::group_id);
    f("session_timeout_ms", &JoinGroupRequest::session_timeout_ms);
    f("rebalance_timeout_ms", &JoinGroupRequest::rebalance_timeout_ms, {.since = 1});
    f("member_id", &JoinGroupRequest::member_id);
    f("group_instance_id", &JoinGroupRequest::group_instance_id, {.since = 5});
    f("protocol_type", &JoinGroupRequest::protocol_type);
    f("protocols", &JoinGroupRequest::protocols);
    f("reason", &JoinGroupRequest::reason, {.since = 8});
  }
};

struct SyncGroupResponse {
  static constexpr const char* kName = "SyncGroupResponse";
  static constexpr ApiKey kKey = ApiKey::sync_group;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 4;

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::optional<std::string> protocol_type = {};
  std::optional<std::string> protocol_name = {};
  Bytes assignment = {};

  bool operator==(const SyncGroupResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &SyncGroupResponse::throttle_time_ms, {.since = 1});
    f("error_code", &SyncGroupResponse::error_code);
    f("protocol_type", &SyncGroupResponse::protocol_type, {.since = 5});
    f("protocol_name", &SyncGroupResponse::protocol_name, {.since = 5});
    f.bytes("assignment", &SyncGroupResponse::assignment);
  }
};

struct SyncGroupRequest {
  static constexpr const char* kName = "SyncGroupRequest";
  static constexpr ApiKey kKey = ApiKey::sync_group;
  using Response = SyncGroupResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 4;

  struct Assignment {
    std::string member_id = {};
    Bytes assignment = {};

    bool operator==(const Assignment&) const = default;
    static void fields(auto& f) {
      f("member_id", &Assignment::member_id);
      f.bytes("assignment", &Assignment::assignment);
    }
  };

  std::string group_id = {};
  std::int32_t generation_id = 0;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::optional<std::string> protocol_type = {};
  std::optional<std::string> protocol_name = {};
  std::vector<Assignment> assignments = {};

  bool operator==(const SyncGroupRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &SyncGroupRequest::group_id);
    f("generation_id", &SyncGroupRequest::generation_id);
    f("member_id", &SyncGroupRequest::member_id);
    f("group_instance_id", &SyncGroupRequest::group_instance_id, {.since = 3});
    f("protocol_type", &SyncGroupRequest::protocol_type, {.since = 5});
    f("protocol_name", &SyncGroupRequest::protocol_name, {.since = 5});
    f("assignments", &SyncGroupRequest::assignments);
  }
};

struct HeartbeatResponse {
  static constexpr const char* kName = "HeartbeatResponse";
  static constexpr ApiKey kKey = ApiKey::heartbeat;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 4;

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;

  bool operator==(const HeartbeatResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &HeartbeatResponse::throttle_time_ms, {.since = 1});
    f("error_code", &HeartbeatResponse::error_code);
  }
};

struct HeartbeatRequest {
  static constexpr const char* kName = "HeartbeatRequest";
  static constexpr ApiKey kKey = ApiKey::heartbeat;
  using Response = HeartbeatResponse;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 4;

  std::string group_id = {};
  std::int32_t generation_id = 0;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};

  bool operator==(const HeartbeatRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &HeartbeatRequest::group_id);
    f("generation_id", &HeartbeatRequest::generation_id);
    f("member_id", &HeartbeatRequest::member_id);
    f("group_instance_id", &HeartbeatRequest::group_instance_id, {.since = 3});
  }
};

struct LeaveGroupResponse {
  static constexpr const char* kName = "LeaveGroupResponse";
  static constexpr ApiKey kKey = ApiKey::leave_group;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 4;

  struct MemberResponse {
    std::string member_id = {};
    std::optional<std::string> group_instance_id = {};
    Code error_code = Code::none;

    bool operator==(const MemberResponse&) const = default;
    static void fields(auto& f) {
      f("member_id", &MemberResponse::member_id);
      f("group_instance_id", &MemberResponse::group_instance_id);
      f("error_code", &MemberResponse::error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::vector<MemberResponse> members = {};

  bool operator==(const LeaveGroupResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &LeaveGroupResponse::throttle_time_ms, {.since = 1});
    f("error_code", &LeaveGroupResponse::error_code);
    f("members", &LeaveGroupResponse::members, {.since = 3});
  }
};

struct LeaveGroupRequest {
  static constexpr const char* kName = "LeaveGroupRequest";
  static constexpr ApiKey kKey = ApiKey::leave_group;
  using Response = LeaveGroupResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 4;

  struct MemberIdentity {
    std::string member_id = {};
    std::optional<std::string> group_instance_id = {};
    std::optional<std::string> reason = {};

    bool operator==(const MemberIdentity&) const = default;
    static void fields(auto& f) {
      f("member_id", &MemberIdentity::member_id);
      f("group_instance_id", &MemberIdentity::group_instance_id);
      f("reason", &MemberIdentity::reason, {.since = 5});
    }
  };

  std::string group_id = {};
  std::string member_id = {};
  std::vector<MemberIdentity> members = {};

  bool operator==(const LeaveGroupRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &LeaveGroupRequest::group_id);
    f("member_id", &LeaveGroupRequest::member_id, {.until = 2});
    f("members", &LeaveGroupRequest::members, {.since = 3});
  }
};

struct DescribeGroupsResponse {
  static constexpr const char* kName = "DescribeGroupsResponse";
  static constexpr ApiKey kKey = ApiKey::describe_groups;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 5;

  struct DescribedGroup {
    struct DescribedGroupMember {
      std::string member_id = {};
      std::optional<std::string> group_instance_id = {};
      std::string client_id = {};
      std::string client_host = {};
      Bytes member_metadata = {};
      Bytes member_assignment = {};

      bool operator==(const DescribedGroupMember&) const = default;
      static void fields(auto& f) {
        f("member_id", &DescribedGroupMember::member_id);
        f("group_instance_id", &DescribedGroupMember::group_instance_id, {.since = 4});
        f("client_id", &DescribedGroupMember::client_id);
        f("client_host", &DescribedGroupMember::client_host);
        f.bytes("member_metadata", &DescribedGroupMember::member_metadata);
        f.bytes("member_assignment", &DescribedGroupMember::member_assignment);
      }
    };

    Code error_code = Code::none;
    std::optional<std::string> error_message = {};
    std::string group_id = {};
    std::string group_state = {};
    std::string protocol_type = {};
    std::string protocol_data = {};
    std::vector<DescribedGroupMember> members = {};
    std::int32_t authorized_operations = -2147483648;

    bool operator==(const DescribedGroup&) const = default;
    static void fields(auto& f) {
      f("error_code", &DescribedGroup::error_code);
      f("error_message", &DescribedGroup::error_message, {.since = 6});
      f("group_id", &DescribedGroup::group_id);
      f("group_state", &DescribedGroup::group_state);
      f("protocol_type", &DescribedGroup::protocol_type);
      f("protocol_data", &DescribedGroup::protocol_data);
      f("members", &DescribedGroup::members);
      f("authorized_operations", &DescribedGroup::authorized_operations, {.since = 3});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups = {};

  bool operator==(const DescribeGroupsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DescribeGroupsResponse::throttle_time_ms, {.since = 1});
    f("groups", &DescribeGroupsResponse::groups);
  }
};

struct DescribeGroupsRequest {
  static constexpr const char* kName = "DescribeGroupsRequest";
  static constexpr ApiKey kKey = ApiKey::describe_groups;
  using Response = DescribeGroupsResponse;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr Version kFlexible = 5;

  std::vector<std::string> groups = {};
  bool include_authorized_operations = false;

  bool operator==(const DescribeGroupsRequest&) const = default;
  static void fields(auto& f) {
    f("groups", &DescribeGroupsRequest::groups);
    f("include_authorized_operations", &DescribeGroupsRequest::include_authorized_operations, {.since = 3});
  }
};

struct ListGroupsResponse {
  static constexpr const char* kName = "ListGroupsResponse";
  static constexpr ApiKey kKey = ApiKey::list_groups;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  struct ListedGroup {
    std::string group_id = {};
    std::string protocol_type = {};
    std::string group_state = {};
    std::string group_type = {};

    bool operator==(const ListedGroup&) const = default;
    static void fields(auto& f) {
      f("group_id", &ListedGroup::group_id);
      f("protocol_type", &ListedGroup::protocol_type);
      f("group_state", &ListedGroup::group_state, {.since = 4});
      f("group_type", &ListedGroup::group_type, {.since = 5});
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::vector<ListedGroup> groups = {};

  bool operator==(const ListGroupsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &ListGroupsResponse::throttle_time_ms, {.since = 1});
    f("error_code", &ListGroupsResponse::error_code);
    f("groups", &ListGroupsResponse::groups);
  }
};

struct ListGroupsRequest {
  static constexpr const char* kName = "ListGroupsRequest";
  static constexpr ApiKey kKey = ApiKey::list_groups;
  using Response = ListGroupsResponse;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr Version kFlexible = 3;

  std::vector<std::string> states_filter = {};
  std::vector<std::string> types_filter = {};

  bool operator==(const ListGroupsRequest&) const = default;
  static void fields(auto& f) {
    f("states_filter", &ListGroupsRequest::states_filter, {.since = 4});
    f("types_filter", &ListGroupsRequest::types_filter, {.since = 5});
  }
};

struct DeleteGroupsResponse {
  static constexpr const char* kName = "DeleteGroupsResponse";
  static constexpr ApiKey kKey = ApiKey::delete_groups;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  struct DeletableGroupResult {
    std::string group_id = {};
    Code error_code = Code::none;

    bool operator==(const DeletableGroupResult&) const = default;
    static void fields(auto& f) {
      f("group_id", &DeletableGroupResult::group_id);
      f("error_code", &DeletableGroupResult::error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results = {};

  bool operator==(const DeleteGroupsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DeleteGroupsResponse::throttle_time_ms);
    f("results", &DeleteGroupsResponse::results);
  }
};

struct DeleteGroupsRequest {
  static constexpr const char* kName = "DeleteGroupsRequest";
  static constexpr ApiKey kKey = ApiKey::delete_groups;
  using Response = DeleteGroupsResponse;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  std::vector<std::string> groups_names = {};

  bool operator==(const DeleteGroupsRequest&) const = default;
  static void fields(auto& f) { f("groups_names", &DeleteGroupsRequest::groups_names); }
};

}  // namespace sluice::kafka
