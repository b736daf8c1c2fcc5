#pragma once
// Topics and configurations.
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

struct CreateTopicsResponse {
  static constexpr const char* kName = "CreateTopicsResponse";
  static constexpr ApiKey kKey = ApiKey::create_topics;
  static constexpr VersionRange kVersions{2, 7};
  static constexpr Version kFlexible = 5;

  struct CreatableTopicResult {
    struct CreatableTopicConfigs {
      std::string name = {};
      std::optional<std::string> value = {};
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;

      bool operator==(const CreatableTopicConfigs&) const = default;
      static void fields(auto& f) {
        f("name", &CreatableTopicConfigs::name);
        f("value", &CreatableTopicConfigs::value);
        f("read_only", &CreatableTopicConfigs::read_only);
        f("config_source", &CreatableTopicConfigs::config_source);
        f("is_sensitive", &CreatableTopicConfigs::is_sensitive);
      }
    };

    std::string name = {};
    Uuid topic_id = {};
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};
    Code topic_config_error_code = Code::none;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs = {};

    bool operator==(const CreatableTopicResult&) const = default;
    static void fields(auto& f) {
      f("name", &CreatableTopicResult::name);
      f("topic_id", &CreatableTopicResult::topic_id, {.since = 7});
      f("error_code", &CreatableTopicResult::error_code);
      f("error_message", &CreatableTopicResult::error_message);
      f("topic_config_error_code", &CreatableTopicResult::topic_config_error_code, {.since = 5, .tag = 0});
      f("num_partitions", &CreatableTopicResult::num_partitions, {.since = 5});
      f("replication_factor", &CreatableTopicResult::replication_factor, {.since = 5});
      f("configs", &CreatableTopicResult::configs, {.since = 5});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics = {};

  bool operator==(const CreateTopicsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &CreateTopicsResponse::throttle_time_ms);
    f("topics", &CreateTopicsResponse::topics);
  }
};

struct CreateTopicsRequest {
  static constexpr const char* kName = "CreateTopicsRequest";
  static constexpr ApiKey kKey = ApiKey::create_topics;
  using Response = CreateTopicsResponse;
  static constexpr VersionRange kVersions{2, 7};
  static constexpr Version kFlexible = 5;

  struct CreatableTopic {
    struct CreatableReplicaAssignment {
      std::int32_t partition_index = 0;
      std::vector<std::int32_t> broker_ids = {};

      bool operator==(const CreatableReplicaAssignment&) const = default;
      static void fields(auto& f) {
        f("partition_index", &CreatableReplicaAssignment::partition_index);
        f("broker_ids", &CreatableReplicaAssignment::broker_ids);
      }
    };

    struct CreatableTopicConfig {
      std::string name = {};
      std::optional<std::string> value = {};

      bool operator==(const CreatableTopicConfig&) const = default;
      static void fields(auto& f) {
        f("name", &CreatableTopicConfig::name);
        f("value", &CreatableTopicConfig::value);
      }
    };

    std::string name = {};
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<CreatableReplicaAssignment> assignments = {};
    std::vector<CreatableTopicConfig> configs = {};

    bool operator==(const CreatableTopic&) const = default;
    static void fields(auto& f) {
      f("name", &CreatableTopic::name);
      f("num_partitions", &CreatableTopic::num_partitions);
      f("replication_factor", &CreatableTopic::replication_factor);
      f("assignments", &CreatableTopic::assignments);
      f("configs", &CreatableTopic::configs);
    }
  };

  std::vector<CreatableTopic> topics = {};
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  bool operator==(const CreateTopicsRequest&) const = default;
  static void fields(auto& f) {
    f("topics", &CreateTopicsRequest::topics);
    f("timeout_ms", &CreateTopicsRequest::timeout_ms);
    f("validate_only", &CreateTopicsRequest::validate_only);
  }
};

struct DeleteTopicsResponse {
  static constexpr const char* kName = "DeleteTopicsResponse";
  static constexpr ApiKey kKey = ApiKey::delete_topics;
  static constexpr VersionRange kVersions{1, 6};
  static constexpr Version kFlexible = 4;

  struct DeletableTopicResult {
    std::optional<std::string> name = {};
    Uuid topic_id = {};
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};

    bool operator==(const DeletableTopicResult&) const = default;
    static void fields(auto& f) {
      f("name", &DeletableTopicResult::name, {.null_since = 6});
      f("topic_id", &DeletableTopicResult::topic_id, {.since = 6});
      f("error_code", &DeletableTopicResult::error_code);
      f("error_message", &DeletableTopicResult::error_message, {.since = 5});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses = {};

  bool operator==(const DeleteTopicsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DeleteTopicsResponse::throttle_time_ms);
    f("responses", &DeleteTopicsResponse::responses);
  }
};

struct DeleteTopicsRequest {
  static constexpr const char* kName = "DeleteTopicsRequest";
  static constexpr ApiKey kKey = ApiKey::delete_topics;
  using Response = DeleteTopicsResponse;
  static constexpr VersionRange kVersions{1, 6};
  static constexpr Version kFlexible = 4;

  struct DeleteTopicState {
    std::optional<std::string> name = {};
    Uuid topic_id = {};

    bool operator==(const DeleteTopicState&) const = default;
    static void fields(auto& f) {
      f("name", &DeleteTopicState::name);
      f("topic_id", &DeleteTopicState::topic_id);
    }
  };

  std::vector<DeleteTopicState> topics = {};
  std::vector<std::string> topic_names = {};
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteTopicsRequest&) const = default;
  static void fields(auto& f) {
    f("topics", &DeleteTopicsRequest::topics, {.since = 6});
    f("topic_names", &DeleteTopicsRequest::topic_names, {.until = 5});
    f("timeout_ms", &DeleteTopicsRequest::timeout_ms);
  }
};

struct CreatePartitionsResponse {
  static constexpr const char* kName = "CreatePartitionsResponse";
  static constexpr ApiKey kKey = ApiKey::create_partitions;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr Version kFlexible = 2;

  struct TopicResult {
    std::string name = {};
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};

    bool operator==(const TopicResult&) const = default;
    static void fields(auto& f) {
      f("name", &TopicResult::name);
      f("error_code", &TopicResult::error_code);
      f("error_message", &TopicResult::error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> results = {};

  bool operator==(const CreatePartitionsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &CreatePartitionsResponse::throttle_time_ms);
    f("results", &CreatePartitionsResponse::results);
  }
};

struct CreatePartitionsRequest {
  static constexpr const char* kName = "CreatePartitionsRequest";
  static constexpr ApiKey kKey = ApiKey::create_partitions;
  using Response = CreatePartitionsResponse;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr Version kFlexible = 2;

  struct Topic {
    struct Assignment {
      std::vector<std::int32_t> broker_ids = {};

      bool operator==(const Assignment&) const = default;
      static void fields(auto& f) { f("broker_ids", &Assignment::broker_ids); }
    };

    std::string name = {};
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments = {};

    bool operator==(const Topic&) const = default;
    static void fields(auto& f) {
      f("name", &Topic::name);
      f("count", &Topic::count);
      f("assignments", &Topic::assignments);
    }
  };

  std::vector<Topic> topics = {};
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  bool operator==(const CreatePartitionsRequest&) const = default;
  static void fields(auto& f) {
    f("topics", &CreatePartitionsRequest::topics);
    f("timeout_ms", &CreatePartitionsRequest::timeout_ms);
    f("validate_only", &CreatePartitionsRequest::validate_only);
  }
};

struct DescribeConfigsResponse {
  static constexpr const char* kName = "DescribeConfigsResponse";
  static constexpr ApiKey kKey = ApiKey::describe_configs;
  static constexpr VersionRange kVersions{1, 4};
  static constexpr Version kFlexible = 4;

  struct Result {
    struct ResourceResult {
      struct Synonym {
        std::string name = {};
        std::optional<std::string> value = {};
        std::int8_t source = 0;

        bool operator==(const Synonym&) const = default;
        static void fields(auto& f) {
          f("name", &Synonym::name);
          f("value", &Synonym::value);
          f("source", &Synonym::source);
        }
      };

      std::string name = {};
      std::optional<std::string> value = {};
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      std::vector<Synonym> synonyms = {};
      std::int8_t config_type = 0;
      std::optional<std::string> documentation = {};

      bool operator==(const ResourceResult&) const = default;
      static void fields(auto& f) {
        f("name", &ResourceResult::name);
        f("value", &ResourceResult::value);
        f("read_only", &ResourceResult::read_only);
        f("config_source", &ResourceResult::config_source);
        f("is_sensitive", &ResourceResult::is_sensitive);
        f("synonyms", &ResourceResult::synonyms);
        f("config_type", &ResourceResult::config_type, {.since = 3});
        f("documentation", &ResourceResult::documentation, {.since = 3});
      }
    };

    Code error_code = Code::none;
    std::optional<std::string> error_message = {};
    std::int8_t resource_type = 0;
    std::string resource_name = {};
    std::vector<ResourceResult> configs = {};

    bool operator==(const Result&) const = default;
    static void fields(auto& f) {
      f("error_code", &Result::error_code);
      f("error_message", &Result::error_message);
      f("resource_type", &Result::resource_type);
      f("resource_name", &Result::resource_name);
      f("configs", &Result::configs);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results = {};

  bool operator==(const DescribeConfigsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &DescribeConfigsResponse::throttle_time_ms);
    f("results", &DescribeConfigsResponse::results);
  }
};

struct DescribeConfigsRequest {
  static constexpr const char* kName = "DescribeConfigsRequest";
  static constexpr ApiKey kKey = ApiKey::describe_configs;
  using Response = DescribeConfigsResponse;
  static constexpr VersionRange kVersions{1, 4};
  static constexpr Version kFlexible = 4;

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name = {};
    std::optional<std::vector<std::string>> configuration_keys = {};

    bool operator==(const Resource&) const = default;
    static void fields(auto& f) {
      f("resource_type", &Resource::resource_type);
      f("resource_name", &Resource::resource_name);
      f("configuration_keys", &Resource::configuration_keys);
    }
  };

  std::vector<Resource> resources = {};
  bool include_synonyms = false;
  bool include_documentation = false;

  bool operator==(const DescribeConfigsRequest&) const = default;
  static void fields(auto& f) {
    f("resources", &DescribeConfigsRequest::resources);
    f("include_synonyms", &DescribeConfigsRequest::include_synonyms);
    f("include_documentation", &DescribeConfigsRequest::include_documentation, {.since = 3});
  }
};

struct AlterConfigsResponse {
  static constexpr const char* kName = "AlterConfigsResponse";
  static constexpr ApiKey kKey = ApiKey::alter_configs;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  struct ResourceResponse {
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};
    std::int8_t resource_type = 0;
    std::string resource_name = {};

    bool operator==(const ResourceResponse&) const = default;
    static void fields(auto& f) {
      f("error_code", &ResourceResponse::error_code);
      f("error_message", &ResourceResponse::error_message);
      f("resource_type", &ResourceResponse::resource_type);
      f("resource_name", &ResourceResponse::resource_name);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<ResourceResponse> responses = {};

  bool operator==(const AlterConfigsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &AlterConfigsResponse::throttle_time_ms);
    f("responses", &AlterConfigsResponse::responses);
  }
};

struct AlterConfigsRequest {
  static constexpr const char* kName = "AlterConfigsRequest";
  static constexpr ApiKey kKey = ApiKey::alter_configs;
  using Response = AlterConfigsResponse;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr Version kFlexible = 2;

  struct Resource {
    struct AlterableConfig {
      std::string name = {};
      std::optional<std::string> value = {};

      bool operator==(const AlterableConfig&) const = default;
      static void fields(auto& f) {
        f("name", &AlterableConfig::name);
        f("value", &AlterableConfig::value);
      }
    };

    std::int8_t resource_type = 0;
    std::string resource_name = {};
    std::vector<AlterableConfig> configs = {};

    bool operator==(const Resource&) const = default;
    static void fields(auto& f) {
      f("resource_type", &Resource::resource_type);
      f("resource_name", &Resource::resource_name);
      f("configs", &Resource::configs);
    }
  };

  std::vector<Resource> resources = {};
  bool validate_only = false;

  bool operator==(const AlterConfigsRequest&) const = default;
  static void fields(auto& f) {
    f("resources", &AlterConfigsRequest::resources);
    f("validate_only", &AlterConfigsRequest::validate_only);
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr const char* kName = "IncrementalAlterConfigsResponse";
  static constexpr ApiKey kKey = ApiKey::incremental_alter_configs;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr Version kFlexible = 1;

  struct AlterConfigsResourceResponse {
    Code error_code = Code::none;
    std::optional<std::string> error_message = {};
    std::int8_t resource_type = 0;
    std::string resource_name = {};

    bool operator==(const AlterConfigsResourceResponse&) const = default;
    static void fields(auto& f) {
      f("error_code", &AlterConfigsResourceResponse::error_code);
      f("error_message", &AlterConfigsResourceResponse::error_message);
      f("resource_type", &AlterConfigsResourceResponse::resource_type);
      f("resource_name", &AlterConfigsResourceResponse::resource_name);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses = {};

  bool operator==(const IncrementalAlterConfigsResponse&) const = default;
  static void fields(auto& f) {
    f("throttle_time_ms", &IncrementalAlterConfigsResponse::throttle_time_ms);
    f("responses", &IncrementalAlterConfigsResponse::responses);
  }
};

struct IncrementalAlterConfigsRequest {
  static constexpr const char* kName = "IncrementalAlterConfigsRequest";
  static constexpr ApiKey kKey = ApiKey::incremental_alter_configs;
  using Response = IncrementalAlterConfigsResponse;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr Version kFlexible = 1;

  struct AlterConfigsResource {
    struct AlterableConfig {
      std::string name = {};
      std::int8_t config_operation = 0;
      std::optional<std::string> value = {};

      bool operator==(const AlterableConfig&) const = default;
      static void fields(auto& f) {
        f("name", &AlterableConfig::name);
        f("config_operation", &AlterableConfig::config_operation);
        f("value", &AlterableConfig::value);
      }
    };

    std::int8_t resource_type = 0;
    std::string resource_name = {};
    std::vector<AlterableConfig> configs = {};

    bool operator==(const AlterConfigsResource&) const = default;
    static void fields(auto& f) {
      f("resource_type", &AlterConfigsResource::resource_type);
      f("resource_name", &AlterConfigsResource::resource_name);
      f("configs", &AlterConfigsResource::configs);
    }
  };

  std::vector<AlterConfigsResource> resources = {};
  bool validate_only = false;

  bool operator==(const IncrementalAlterConfigsRequest&) const = default;
  static void fields(auto& f) {
    f("resources", &IncrementalAlterConfigsRequest::resources);
    f("validate_only", &IncrementalAlterConfigsRequest::validate_only);
  }
};

}  // namespace sluice::kafka
