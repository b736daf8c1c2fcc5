// Topics and configurations over the wire, on a real node.

#include <algorithm>

#include "broker/broker_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/admin_messages.h"
#include "kafka/metadata_messages.h"

namespace sluice::broker {
namespace {

using kafka::Code;
using ::testing::SizeIs;

constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;

class AdminTest : public ::testing::Test {
 protected:
  using Creatable = kafka::CreateTopicsRequest::CreatableTopic;

  kafka::CreateTopicsResponse::CreatableTopicResult create(const Creatable& topic, kafka::Version version = 7,
                                                           bool validate_only = false) {
    kafka::CreateTopicsRequest request;
    request.topics.push_back(topic);
    request.validate_only = validate_only;
    return client_.call(request, version).topics.at(0);
  }
  std::optional<std::string> config(const std::string& topic, const std::string& name) {
    kafka::DescribeConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopic;
    resource.resource_name = topic;
    resource.configuration_keys.emplace().push_back(name);
    const auto configs = client_.call(request, 4).results.at(0).configs;
    return configs.empty() ? std::nullopt : configs.at(0).value;
  }
  Code change(const std::string& topic, const std::string& name, std::int8_t operation,
              std::optional<std::string> value) {
    kafka::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopic;
    resource.resource_name = topic;
    resource.configs.push_back({name, operation, std::move(value)});
    return client_.call(request, 1).responses.at(0).error_code;
  }

  RunningBroker running_;
  RawClient client_{running_.port()};
};

TEST_F(AdminTest, TopicsAreMadeInEveryVersionWithAnyReplicationFactor) {
  for (kafka::Version version = 2; version <= 7; ++version) {
    const auto name = "t" + std::to_string(version);
    const auto made = create({name, 3, 3, {}, {}}, version);
    EXPECT_EQ(made.error_code, Code::none) << version;
    if (version >= 5) {
      EXPECT_EQ(made.num_partitions, 3);
      EXPECT_EQ(made.replication_factor, 1);
      EXPECT_TRUE(made.configs.has_value() && !made.configs->empty());
    }
    EXPECT_EQ(running_.node().topic(name)->partitions, 3);
    EXPECT_EQ(create({name, 3, 1, {}, {}}, version).error_code, Code::topic_already_exists);
  }
  EXPECT_EQ(create({"defaults", -1, -1, {}, {}}).num_partitions, 1);
}

TEST_F(AdminTest, WhatCannotBeMadeIsRefusedWithTheReason) {
  EXPECT_EQ(create({"a/b", 1, 1, {}, {}}).error_code, Code::invalid_topic_exception);
  EXPECT_EQ(create({"t", 0, 1, {}, {}}).error_code, Code::invalid_partitions);
  EXPECT_EQ(create({"t", 1, 0, {}, {}}).error_code, Code::invalid_replication_factor);
  EXPECT_EQ(create({"t", 1, 1, {}, {{"no.such.config", "1"}}}).error_code, Code::invalid_config);
  EXPECT_EQ(create({"t", 1, 1, {}, {{"retention.ms", "soon"}}}).error_code, Code::invalid_config);
  EXPECT_EQ(create({"t", -1, -1, {{0, {1}}, {2, {1}}}, {}}).error_code, Code::invalid_replica_assignment);
  EXPECT_EQ(create({"t", -1, -1, {{0, {7}}}, {}}).error_code, Code::invalid_replica_assignment);
  EXPECT_EQ(create({"t", 1, 1, {{0, {1}}}, {}}).error_code, Code::invalid_request);
  kafka::CreateTopicsRequest twice;
  twice.topics = {{"t", 1, 1, {}, {}}, {"t", 1, 1, {}, {}}};
  EXPECT_EQ(client_.call(twice, 7).topics.at(1).error_code, Code::invalid_request);
  EXPECT_FALSE(running_.node().topic("t").ok());
  EXPECT_EQ(create({"t", -1, -1, {{1, {1}}, {0, {1}}}, {}}).num_partitions, 2);
}

TEST_F(AdminTest, ValidationAloneMakesNothing) {
  EXPECT_EQ(create({"t", 2, 1, {}, {}}, 7, true).error_code, Code::none);
  EXPECT_FALSE(running_.node().topic("t").ok());
}

TEST_F(AdminTest, TopicsAreDeletedByNameAndById) {
  const auto first = create({"by-name", 1, 1, {}, {}});
  const auto second = create({"by-id", 1, 1, {}, {}});
  EXPECT_EQ(client_.call(kafka::DeleteTopicsRequest{{}, {"by-name", "absent"}, 1000}, 5).responses.at(0).error_code,
            Code::none);
  kafka::DeleteTopicsRequest request;
  request.topics.push_back({std::nullopt, second.topic_id});
  request.topics.push_back({std::nullopt, first.topic_id});
  const auto deleted = client_.call(request, 6).responses;
  EXPECT_EQ(deleted.at(0).error_code, Code::none);
  EXPECT_EQ(deleted.at(0).name, "by-id");
  EXPECT_EQ(deleted.at(1).error_code, Code::unknown_topic_id);
  EXPECT_FALSE(running_.node().topic("by-id").ok());
}

TEST_F(AdminTest, PartitionsAreAddedNeverTaken) {
  (void)create({"t", 2, 1, {}, {}});
  const auto grow = [&](std::int32_t count) {
    kafka::CreatePartitionsRequest request;
    request.topics.push_back({"t", count, std::nullopt});
    return client_.call(request, 3).results.at(0).error_code;
  };
  EXPECT_EQ(grow(5), Code::none);
  EXPECT_EQ(running_.node().topic("t")->partitions, 5);
  EXPECT_EQ(grow(5), Code::invalid_partitions);
  EXPECT_EQ(grow(1), Code::invalid_partitions);
}

TEST_F(AdminTest, ConfigurationsAreToldInEveryVersion) {
  (void)create({"t", 1, 1, {}, {{"retention.ms", "1000"}}});
  for (kafka::Version version = 1; version <= 4; ++version) {
    kafka::DescribeConfigsRequest request;
    request.resources = {{kTopic, "t", std::nullopt},
                         {kTopic, "absent", std::nullopt},
                         {kBroker, "1", std::nullopt},
                         {8, "1", std::nullopt}};
    request.include_synonyms = true;
    request.include_documentation = true;
    const auto results = client_.call(request, version).results;
    const auto retention =
        std::ranges::find(results.at(0).configs, "retention.ms", [](const auto& c) { return c.name; });
    ASSERT_NE(retention, results.at(0).configs.end());
    EXPECT_EQ(retention->value, "1000");
    EXPECT_EQ(retention->config_source, 1);
    EXPECT_EQ(results.at(1).error_code, Code::unknown_topic_or_partition);
    EXPECT_FALSE(results.at(2).configs.empty());
    EXPECT_EQ(results.at(3).error_code, Code::invalid_request);
  }
}

TEST_F(AdminTest, ConfigurationsAreSetUnsetExtendedAndShortened) {
  (void)create({"t", 1, 1, {}, {}});
  EXPECT_EQ(change("t", "retention.ms", 0, "5000"), Code::none);
  EXPECT_EQ(config("t", "retention.ms"), "5000");
  EXPECT_EQ(change("t", "cleanup.policy", 2, "compact"), Code::none);
  EXPECT_EQ(config("t", "cleanup.policy"), "delete,compact");
  EXPECT_EQ(change("t", "cleanup.policy", 3, "delete"), Code::none);
  EXPECT_EQ(config("t", "cleanup.policy"), "compact");
  EXPECT_EQ(change("t", "retention.ms", 2, "1"), Code::invalid_config);  // no list
  EXPECT_EQ(change("t", "retention.ms", 0, std::nullopt), Code::invalid_request);
  EXPECT_EQ(change("t", "retention.ms", 0, "later"), Code::invalid_config);
  EXPECT_EQ(change("t", "retention.ms", 1, std::nullopt), Code::none);
  EXPECT_EQ(config("t", "retention.ms"), "604800000");
}

TEST_F(AdminTest, TheOldAlterConfigsReplacesThemAll) {
  (void)create({"t", 1, 1, {}, {{"retention.ms", "1000"}}});
  kafka::AlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = kTopic;
  resource.resource_name = "t";
  resource.configs.push_back({"segment.ms", "90000"});
  EXPECT_EQ(client_.call(request, 2).responses.at(0).error_code, Code::none);
  EXPECT_EQ(config("t", "segment.ms"), "90000");
  EXPECT_EQ(config("t", "retention.ms"), "604800000");
  request.resources[0].resource_type = kBroker;
  EXPECT_EQ(client_.call(request, 2).responses.at(0).error_code, Code::invalid_request);
}

TEST_F(AdminTest, TheClusterIsOneBroker) {
  for (kafka::Version version = 0; version <= 2; ++version) {
    const auto cluster = client_.call(kafka::DescribeClusterRequest{}, version);
    EXPECT_EQ(cluster.cluster_id, running_.node().cluster_id());
    EXPECT_THAT(cluster.brokers, SizeIs(1));
  }
  EXPECT_EQ(client_.call(kafka::DescribeClusterRequest{false, 2, false}, 2).error_code, Code::mismatched_endpoint_type);
}

}  // namespace
}  // namespace sluice::broker
