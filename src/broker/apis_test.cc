#include "broker/apis.h"

#include <fstream>
#include <map>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::broker {
namespace {

std::string range_text(kafka::VersionRange range) {
  return std::to_string(range.min) + "-" + std::to_string(range.max);
}

// "key name" to "min-max", from the table in docs/protocol.md.
std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> rows;
  std::ifstream file{"docs/protocol.md"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string bar, key, name, versions;
    if (words >> bar >> key >> bar >> name >> bar >> versions &&
        key.find_first_not_of("0123456789") == std::string::npos) {
      rows[key + " " + name] = versions;
    }
  }
  return rows;
}

TEST(Apis, AreThoseThatTheDocumentationLists) {
  std::map<std::string, std::string> served;
  for (const auto* api : served_apis()) {
    served[std::to_string(static_cast<int>(api->key)) + " " + std::string(to_string(api->key))] =
        range_text(api->versions);
  }
  EXPECT_EQ(served, documented());
}

TEST(Apis, AreFoundByTheirKey) {
  for (const auto* api : served_apis()) EXPECT_EQ(find_api(api->key), api);
  EXPECT_EQ(find_api(kafka::ApiKey::leader_and_isr), nullptr);
  EXPECT_EQ(find_api(static_cast<kafka::ApiKey>(-1)), nullptr);
  EXPECT_EQ(find_api(static_cast<kafka::ApiKey>(30'000)), nullptr);
}

// librdkafka before 2.11 looks for these very versions and goes without a feature when one is not in range.
TEST(Apis, KeepTheVersionsThatOldLibrdkafkaTestsFor) {
  using kafka::ApiKey;
  const std::multimap<ApiKey, kafka::Version> wanted = {
      {ApiKey::produce, 0},      {ApiKey::produce, 3},          {ApiKey::produce, 7},       {ApiKey::fetch, 4},
      {ApiKey::fetch, 10},       {ApiKey::find_coordinator, 0}, {ApiKey::join_group, 0},    {ApiKey::sync_group, 0},
      {ApiKey::heartbeat, 0},    {ApiKey::leave_group, 0},      {ApiKey::offset_commit, 2}, {ApiKey::offset_fetch, 1},
      {ApiKey::list_offsets, 1}, {ApiKey::init_producer_id, 0}, {ApiKey::api_versions, 0},  {ApiKey::metadata, 0},
  };
  for (const auto& [key, version] : wanted) {
    ASSERT_NE(find_api(key), nullptr) << to_string(key);
    EXPECT_TRUE(find_api(key)->versions.contains(version)) << to_string(key) << " " << version;
  }
}

// kafkajs ignores minimums and takes the smaller of both maximums; @platformatic/kafka speaks only its own few.
TEST(Apis, ReachTheVersionsThatKafkajsAndPlatformaticSpeak) {
  using kafka::ApiKey;
  const std::map<ApiKey, kafka::Version> wanted = {
      {ApiKey::produce, 11},          {ApiKey::fetch, 12},        {ApiKey::list_offsets, 9},
      {ApiKey::metadata, 12},         {ApiKey::offset_commit, 9}, {ApiKey::offset_fetch, 9},
      {ApiKey::find_coordinator, 6},  {ApiKey::join_group, 9},    {ApiKey::sync_group, 5},
      {ApiKey::create_topics, 7},     {ApiKey::delete_topics, 6}, {ApiKey::init_producer_id, 5},
      {ApiKey::txn_offset_commit, 4},
  };
  for (const auto& [key, version] : wanted) EXPECT_GE(find_api(key)->versions.max, version) << to_string(key);
}

}  // namespace
}  // namespace sluice::broker
