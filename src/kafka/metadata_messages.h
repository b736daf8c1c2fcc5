#pragma once
// Who is there: API versions, metadata, cluster.
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

struct ApiVersionsResponse {
  static constexpr const char* kName = "ApiVersionsResponse";
  static constexpr ApiKey kKey = ApiKey::api_versions;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 3;

  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const ApiVersion&) const = default;
    static void fields(auto& f) {
      f("api_key", &ApiVersion::api_key);
      f("min_version", &ApiVersion::min_version);
      f("max_version", &ApiVersion::max_version);
    }
  };

  struct SupportedFeatureKey {
    std::string name = {};
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const SupportedFeatureKey&) const = default;
    static void fields(auto& f) {
      f("name", &SupportedFeatureKey::name);
      f("min_version", &SupportedFeatureKey::min_version);
      f("max_version", &SupportedFeatureKey::max_version);
    }
  };

  struct FinalizedFeatureKey {
    std::string name = {};
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    bool operator==(const FinalizedFeatureKey&) const = default;
    static void fields(auto& f) {
      f("name", &FinalizedFeatureKey::name);
      f("max_version_level", &FinalizedFeatureKey::max_version_level);
      f("min_version_level", &FinalizedFeatureKey::min_version_level);
    }
  };

  Code error_code = Code::none;
  std::vector<ApiVersion> api_keys = {};
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features = {};
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features = {};
  bool zk_migration_ready = false;

  bool operator==(const ApiVersionsResponse&) const = default;
  static void fields(auto& f) {
    f("error_code", &ApiVersionsResponse::error_code);
    f("api_keys", &ApiVersionsResponse::api_keys);
    f("throttle_time_ms", &ApiVersionsResponse::throttle_time_ms, {.since = 1});
    f("supported_features", &ApiVersionsResponse::supported_features, {.since = 3, .tag = 0});
    f("finalized_features_epoch", &ApiVersionsResponse::finalized_features_epoch, {.since = 3, .tag = 1});
    f("finalized_features", &ApiVersionsResponse::finalized_features, {.since = 3, .tag = 2});
    f("zk_migration_ready", &ApiVersionsResponse::zk_migration_ready, {.since = 3, .tag = 3});
  }
};

struct ApiVersionsRequest {
  static constexpr const char* kName = "ApiVersionsRequest";
  static constexpr ApiKey kKey = ApiKey::api_versions;
  using Response = ApiVersionsResponse;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr Version kFlexible = 3;

  std::string client_software_name = {};
  std::string client_software_version = {};

  bool operator==(const ApiVersionsRequest&) const = default;
  static void fields(auto& f) {
    f("client_software_name", &ApiVersionsRequest::client_software_name, {.since = 3});
    f("client_software_version", &ApiVersionsRequest::client_software_version, {.since = 3});
  }
};

struct MetadataResponse {
  static constexpr const char* kName = "MetadataResponse";
  static constexpr ApiKey kKey = ApiKey::metadata;
  static constexpr VersionRange kVersions{0, 13};
  static constexpr Version kFlexible = 9;

  struct Broker {
    std::int32_t node_id = 0;
    std::string host = {};
    std::int32_t port = 0;
    std::optional<std::string> rack = {};

    bool operator==(const Broker&) const = default;
    static void fields(auto& f) {
      f("node_id", &Broker::node_id);
      f("host", &Broker::host);
      f("port", &Broker::port);
      f("rack", &Broker::rack, {.since = 1});
    }
  };

  struct Topic {
    struct Partition {
      Code error_code = Code::none;
      std::int32_t partition_index = 0;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = -1;
      std::vector<std::int32_t> replica_nodes = {};
      std::vector<std::int32_t> isr_nodes = {};
      std::vector<std::int32_t> offline_replicas = {};

      bool operator==(const Partition&) const = default;
      static void fields(auto& f) {
        f("error_code", &Partition::error_code);
        f("partition_index", &Partition::partition_index);
        f("leader_id", &Partition::leader_id);
        f("leader_epoch", &Partition::leader_epoch, {.since = 7});
        f("replica_nodes", &Partition::replica_nodes);
        f("isr_nodes", &Partition::isr_nodes);
        f("offline_replicas", &Partition::offline_replicas, {.since = 5});
      }
    };

    Code error_code = Code::none;
    std::optional<std::string> name = {};
    Uuid topic_id = {};
    bool is_internal = false;
    std::vector<Partition> partitions = {};
    std::int32_t topic_authorized_operations = -2147483648;

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("error_code", &Topic::error_code);
      f("name", &Topic::name, {.null_since = 12});
      f("topic_id", &Topic::topic_id, {.since = 10});
      f("is_internal", &Topic::is_internal, {.since = 1});
      f("partitions", &Topic::partitions);
      f("topic_authorized_operations", &Topic::topic_authorized_operations, {.since = 8});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers = {};
  std::optional<std::string> cluster_id = {};
  std::int32_t controller_id = -1;
  std::vector<Topic> topics = {};
  std::int32_t cluster_authorized_operations = -2147483648;
  Code error_code = Code::none;

  bool operator==(const MetadataResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &MetadataResponse::throttle_time_ms, {.since = 3});
    f("brokers", &MetadataResponse::brokers);
    f("cluster_id", &MetadataResponse::cluster_id, {.since = 2});
    f("controller_id", &MetadataResponse::controller_id, {.since = 1});
    f("topics", &MetadataResponse::topics);
    f("cluster_authorized_operations", &MetadataResponse::cluster_authorized_operations, {.since = 8, .until = 10});
    f("error_code", &MetadataResponse::error_code, {.since = 13});
  }
};

struct MetadataRequest {
  static constexpr const char* kName = "MetadataRequest";
  static constexpr ApiKey kKey = ApiKey::metadata;
  using Response = MetadataResponse;
  static constexpr VersionRange kVersions{0, 13};
  static constexpr Version kFlexible = 9;

  struct Topic {
    Uuid topic_id = {};
    std::optional<std::string> name = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("topic_id", &Topic::topic_id, {.since = 10});
      f("name", &Topic::name, {.null_since = 10});
    }
  };

  std::optional<std::vector<Topic>> topics = {};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  bool operator==(const MetadataRequest&) const = default;
  static void fields(auto& f) {
    f("topics", &MetadataRequest::topics, {.null_since = 1});
    f("allow_auto_topic_creation", &MetadataRequest::allow_auto_topic_creation, {.since = 4});
    f("include_cluster_authorized_operations", &MetadataRequest::include_cluster_authorized_operations,
      {.since = 8, .until = 10});
    f("include_topic_authorized_operations", &MetadataRequest::include_topic_authorized_operations, {.since = 8});
  }
};

struct DescribeClusterResponse {
  static constexpr const char* kName = "DescribeClusterResponse";
  static constexpr ApiKey kKey = ApiKey::describe_cluster;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  struct Broker {
    std::int32_t broker_id = 0;
    std::string host = {};
    std::int32_t port = 0;
    std::optional<std::string> rack = {};
    bool is_fenced = false;

    bool operator==(const Broker&) const = default;
    static void fields(auto& f) {
      f("broker_id", &Broker::broker_id);
      f("host", &Broker::host);
      f("port", &Broker::port);
      f("rack", &Broker::rack);
      f("is_fenced", &Broker::is_fenced, {.since = 2});
    }
  };

  std::int32_t throttle_time_ms = 0;
  Code error_code = Code::none;
  std::optional<std::string> error_message = {};
  std::int8_t endpoint_type = 1;
  std::string cluster_id = {};
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers = {};
  std::int32_t cluster_authorized_operations = -2147483648;

  bool operator==(const DescribeClusterResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DescribeClusterResponse::throttle_time_ms);
    f("error_code", &DescribeClusterResponse::error_code);
    f("error_message", &DescribeClusterResponse::error_message);
    f("endpoint_type", &DescribeClusterResponse::endpoint_type, {.since = 1});
    f("cluster_id", &DescribeClusterResponse::cluster_id);
    f("controller_id", &DescribeClusterResponse::controller_id);
    f("brokers", &DescribeClusterResponse::brokers);
    f("cluster_authorized_operations", &DescribeClusterResponse::cluster_authorized_operations);
  }
};

struct DescribeClusterRequest {
  static constexpr const char* kName = "DescribeClusterRequest";
  static constexpr ApiKey kKey = ApiKey::describe_cluster;
  using Response = DescribeClusterResponse;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 0;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  bool operator==(const DescribeClusterRequest&) const = default;
  static void fields(auto& f) {
    f("include_cluster_authorized_operations", &DescribeClusterRequest::include_cluster_authorized_operations);
    f("endpoint_type", &DescribeClusterRequest::endpoint_type, {.since = 1});
    f("include_fenced_brokers", &DescribeClusterRequest::include_fenced_brokers, {.since = 2});
  }
};

}  // namespace sluice::kafka
