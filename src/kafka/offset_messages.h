#pragma once
// Offsets of consumer groups.
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

struct OffsetCommitResponse {
  static constexpr const char* kName = "OffsetCommitResponse";
  static constexpr ApiKey kKey = ApiKey::offset_commit;
  static constexpr VersionRange kVersions{2, 10};
  static constexpr Version kFlexible = 8;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      Code error_code = Code::none;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("error_code", &Partition::error_code);
      }
    };

    std::string name = {};
    Uuid topic_id = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name, {.until = 9});
      f("topic_id", &Topic::topic_id, {.since = 10});
      f("partitions", &Topic::partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics = {};

  bool operator==(const OffsetCommitResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &OffsetCommitResponse::throttle_time_ms, {.since = 3});
    f("topics", &OffsetCommitResponse::topics);
  }
};

struct OffsetCommitRequest {
  static constexpr const char* kName = "OffsetCommitRequest";
  static constexpr ApiKey kKey = ApiKey::offset_commit;
  using Response = OffsetCommitResponse;
  static constexpr VersionRange kVersions{2, 10};
  static constexpr Version kFlexible = 8;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t committed_offset = 0;
      std::int32_t committed_leader_epoch = -1;
      std::optional<std::string> committed_metadata = {};

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("committed_offset", &Partition::committed_offset);
        f("committed_leader_epoch", &Partition::committed_leader_epoch, {.since = 6});
        f("committed_metadata", &Partition::committed_metadata);
      }
    };

    std::string name = {};
    Uuid topic_id = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name, {.until = 9});
      f("topic_id", &Topic::topic_id, {.since = 10});
      f("partitions", &Topic::partitions);
    }
  };

  std::string group_id = {};
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::int64_t retention_time_ms = -1;
  std::vector<Topic> topics = {};

  bool operator==(const OffsetCommitRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &OffsetCommitRequest::group_id);
    f("generation_id_or_member_epoch", &OffsetCommitRequest::generation_id_or_member_epoch);
    f("member_id", &OffsetCommitRequest::member_id);
    f("group_instance_id", &OffsetCommitRequest::group_instance_id, {.since = 7});
    f("retention_time_ms", &OffsetCommitRequest::retention_time_ms, {.until = 4});
    f("topics", &OffsetCommitRequest::topics);
  }
};

struct OffsetFetchResponse {
  static constexpr const char* kName = "OffsetFetchResponse";
  static constexpr ApiKey kKey = ApiKey::offset_fetch;
  static constexpr VersionRange kVersions{1, 10};
  static constexpr Version kFlexible = 6;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t committed_offset = 0;
      std::int32_t committed_leader_epoch = -1;
      std::optional<std::string> metadata = {};
      Code error_code = Code::none;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("committed_offset", &Partition::committed_offset);
        f("committed_leader_epoch", &Partition::committed_leader_epoch, {.since = 5});
        f("metadata", &Partition::metadata);
        f("error_code", &Partition::error_code);
      }
    };

    std::string name = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  struct Group {
    struct Topics {
      struct Partitions {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata = {};
        Code error_code = Code::none;

        bool operator==(const Partitions&) const = default;
        static void fields(auto& f) {
          f("partition_index", &Partitions::partition_index);
          f("committed_offset", &Partitions::committed_offset);
          f("committed_leader_epoch", &Partitions::committed_leader_epoch);
          f("metadata", &Partitions::metadata);
          f("error_code", &Partitions::error_code);
        }
      };

      std::string name = {};
      Uuid topic_id = {};
      std::vector<Partitions> partitions = {};

      bool operator==(const Topics&) const = default;
      static void fields(auto& f) {
        f("name", &Topics::name, {.until = 9});
        f("topic_id", &Topics::topic_id, {.since = 10});
        f("partitions", &Topics::partitions);
      }
    };

    std::string group_id = {};
    std::vector<Topics> topics = {};
    Code error_code = Code::none;

    bool operator==(const Group&) const = default;
    static void fields(auto& f) {
      f("group_id", &Group::group_id);
      f("topics", &Group::topics);
      f("error_code", &Group::error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics = {};
  Code error_code = Code::none;
  std::vector<Group> groups = {};

  bool operator==(const OffsetFetchResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &OffsetFetchResponse::throttle_time_ms, {.since = 3});
    f("topics", &OffsetFetchResponse::topics, {.until = 7});
    f("error_code", &OffsetFetchResponse::error_code, {.since = 2, .until = 7});
    f("groups", &OffsetFetchResponse::groups, {.since = 8});
  }
};

struct OffsetFetchRequest {
  static constexpr const char* kName = "OffsetFetchRequest";
  static constexpr ApiKey kKey = ApiKey::offset_fetch;
  using Response = OffsetFetchResponse;
  static constexpr VersionRange kVersions{1, 10};
  static constexpr Version kFlexible = 6;

  struct Topic {
    std::string name = {};
    std::vector<std::int32_t> partition_indexes = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partition_indexes", &Topic::partition_indexes);
    }
  };

  struct Group {
    struct Topics {
      std::string name = {};
      Uuid topic_id = {};
      std::vector<std::int32_t> partition_indexes = {};

      bool operator==(const Topics&) const = default;
      static void fields(auto& f) {
        f("name", &Topics::name, {.until = 9});
        f("topic_id", &Topics::topic_id, {.since = 10});
        f("partition_indexes", &Topics::partition_indexes);
      }
    };

    std::string group_id = {};
    std::optional<std::string> member_id = {};
    std::int32_t member_epoch = -1;
    std::optional<std::vector<Topics>> topics = {};

    bool operator==(const Group&) const = default;
    static void fields(auto& f) {
      f("group_id", &Group::group_id);
      f("member_id", &Group::member_id, {.since = 9});
      f("member_epoch", &Group::member_epoch, {.since = 9});
      f("topics", &Group::topics);
    }
  };

  std::string group_id = {};
  std::optional<std::vector<Topic>> topics = {};
  std::vector<Group> groups = {};
  bool require_stable = false;

  bool operator==(const OffsetFetchRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &OffsetFetchRequest::group_id, {.until = 7});
    f("topics", &OffsetFetchRequest::topics, {.until = 7, .null_since = 2});
    f("groups", &OffsetFetchRequest::groups, {.since = 8});
    f("require_stable", &OffsetFetchRequest::require_stable, {.since = 7});
  }
};

struct OffsetDeleteResponse {
  static constexpr const char* kName = "OffsetDeleteResponse";
  static constexpr ApiKey kKey = ApiKey::offset_delete;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = kNever;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      Code error_code = Code::none;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("partition_index", &Partition::partition_index);
        f("error_code", &Partition::error_code);
      }
    };

    std::string name = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  Code error_code = Code::none;
  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics = {};

  bool operator==(const OffsetDeleteResponse&) const = default;
  static void fields(auto& f) {
    f("error_code", &OffsetDeleteResponse::error_code);
    f("throttle_time_ms", &OffsetDeleteResponse::throttle_time_ms);
    f("topics", &OffsetDeleteResponse::topics);
  }
};

struct OffsetDeleteRequest {
  static constexpr const char* kName = "OffsetDeleteRequest";
  static constexpr ApiKey kKey = ApiKey::offset_delete;
  using Response = OffsetDeleteResponse;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr Version kFlexible = kNever;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) { f("partition_index", &Partition::partition_index); }
    };

    std::string name = {};
    std::vector<Partition> partitions = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("partitions", &Topic::partitions);
    }
  };

  std::string group_id = {};
  std::vector<Topic> topics = {};

  bool operator==(const OffsetDeleteRequest&) const = default;
  static void fields(auto& f) {
    f("group_id", &OffsetDeleteRequest::group_id);
    f("topics", &OffsetDeleteRequest::topics);
  }
};

}  // namespace sluice::kafka
