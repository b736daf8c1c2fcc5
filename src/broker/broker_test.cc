// The broker on a real node and a real socket: framing, order, versions, and the data APIs.

#include "broker/broker.h"

#include <chrono>
#include <random>

#include "broker/apis.h"
#include "broker/broker_testing.h"
#include "io/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kafka/admin_messages.h"
#include "kafka/data_messages.h"
#include "kafka/metadata_messages.h"
#include "kafka/position_messages.h"
#include "record/batch.h"

namespace sluice::broker {
namespace {

using kafka::Code;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Young records: the housekeeping rolls a segment whose first is older than segment.ms at any moment.
const std::int64_t kNowMs = io::system_clock().wall_ms();

Bytes batch_of(const std::vector<std::string>& values, record::Compression compression = record::Compression::none) {
  record::BatchBuilder builder{{.compression = compression}};
  for (const auto& value : values) builder.add(kNowMs, std::nullopt, value);
  return builder.finish();
}

kafka::ProduceRequest produce_of(const std::string& topic, ByteView batch, std::int16_t acks = -1,
                                 std::int32_t partition = 0) {
  kafka::ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 5000;
  auto& data = request.topic_data.emplace_back();
  data.name = topic;
  data.partition_data.push_back({partition, kafka::Records{batch}});
  return request;
}

kafka::FetchRequest fetch_of(const std::string& topic, std::int64_t offset, std::int32_t max_wait_ms = 0) {
  kafka::FetchRequest request;
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = 1;
  auto& wanted = request.topics.emplace_back();
  wanted.topic = topic;
  wanted.partitions.emplace_back();
  wanted.partitions.back().fetch_offset = offset;
  wanted.partitions.back().partition_max_bytes = 1 << 20;
  return request;
}

std::vector<std::string> values_of(ByteView records) {
  std::vector<std::string> values;
  while (!records.empty()) {
    const auto batch = record::BatchView::parse(records);
    EXPECT_TRUE(batch.ok());
    if (!batch.ok()) break;
    EXPECT_TRUE(batch
                    ->for_each([&](const record::Record& record) {
                      values.emplace_back(record.value.value_or(""));
                      return true;
                    })
                    .ok());
    records.remove_prefix(batch->bytes().size());
  }
  return values;
}

class BrokerTest : public ::testing::Test {
 protected:
  void make_topic(const std::string& name, std::int32_t partitions = 1) {
    ASSERT_TRUE(running_.node().create_topic({name, partitions, {}}).ok());
  }
  Code produce(const kafka::ProduceRequest& request, kafka::Version version = 9) {
    return client_.call(request, version).responses.at(0).partition_responses.at(0).error_code;
  }

  RunningBroker running_;
  RawClient client_{running_.port()};
};

TEST_F(BrokerTest, TellsWhatItServesInEveryVersionOfApiVersions) {
  for (kafka::Version version = 0; version <= 4; ++version) {
    const auto response = client_.call(kafka::ApiVersionsRequest{"raw", "1.0"}, version);
    EXPECT_EQ(response.error_code, Code::none);
    EXPECT_GE(response.api_keys.size(), 29u);
  }
}

TEST(Advertise, ClientsAreToldWhatTheirListenerSaysOrWhereTheyDidConnect) {
  RunningBroker behind({}, {.advertise = {io::Address{"kafka.example", 9093}}});
  RawClient client{behind.port()};
  EXPECT_EQ(client.call(kafka::MetadataRequest{}, 9).brokers.at(0).host, "kafka.example");
  EXPECT_EQ(client.call(kafka::MetadataRequest{}, 9).brokers.at(0).port, 9093);
  for (const auto& options : {BrokerOptions{}, BrokerOptions{.advertise = {std::nullopt}}}) {
    RunningBroker here({}, options);
    RawClient other{here.port()};
    EXPECT_EQ(other.call(kafka::MetadataRequest{}, 9).brokers.at(0).host, "127.0.0.1");
    EXPECT_EQ(other.call(kafka::MetadataRequest{}, 9).brokers.at(0).port, here.port());
  }
}

TEST_F(BrokerTest, AnswersApiVersionsOfTheFutureInVersion0) {
  Bytes frame(4, '\0');
  kafka::encode_request_header({kafka::ApiKey::api_versions, 99, 7, "raw"}, true, frame);
  frame += "whatever the future holds";
  store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
  client_.send_bytes(frame);
  const auto response = client_.receive<kafka::ApiVersionsResponse>(0, 7);
  EXPECT_EQ(response.error_code, Code::unsupported_version);
  ASSERT_THAT(response.api_keys, SizeIs(1));
  EXPECT_EQ(response.api_keys[0].api_key, 18);
  EXPECT_EQ(response.api_keys[0].max_version, 4);
  // And the connection goes on.
  EXPECT_EQ(client_.call(kafka::ApiVersionsRequest{"raw", "1.0"}, 4).error_code, Code::none);
}

TEST_F(BrokerTest, RefusesSoftwareNamesThatAreNone) {
  for (const auto* name : {"", "-x", "a b", "x."}) {
    EXPECT_EQ(client_.call(kafka::ApiVersionsRequest{name, "1.0"}, 3).error_code, Code::invalid_request) << name;
  }
}

TEST_F(BrokerTest, ClosesTheConnectionOverWhatItCannotParse) {
  client_.send_bytes(std::string_view("\0\0\0\x0c\0\x03\0\x01\0\0\0\x01\xff\xff\x7f\xff", 16));
  EXPECT_TRUE(client_.closed());
}

TEST_F(BrokerTest, ClosesTheConnectionOverAnUnknownApiOrVersion) {
  client_.send_bytes(std::string_view("\0\0\0\x0a\0\x04\0\0\0\0\0\x01\xff\xff", 14));
  EXPECT_TRUE(client_.closed());
  RawClient other{running_.port()};
  other.send_bytes(std::string_view("\0\0\0\x0a\0\x01\0\x63\0\0\0\x01\xff\xff", 14));
  EXPECT_TRUE(other.closed());
}

TEST_F(BrokerTest, ClosesTheConnectionOverARequestThatIsTooLarge) {
  client_.send_bytes(std::string_view("\x7f\xff\xff\xff", 4));
  EXPECT_TRUE(client_.closed());
}

TEST_F(BrokerTest, TellsTheAddressThatTheClientConnectedTo) {
  for (kafka::Version version = 0; version <= 13; ++version) {
    kafka::MetadataRequest request;
    if (version == 0) request.topics.emplace();
    const auto response = client_.call(request, version);
    ASSERT_THAT(response.brokers, SizeIs(1));
    EXPECT_EQ(response.brokers[0].host, "127.0.0.1");
    EXPECT_EQ(response.brokers[0].port, running_.port());
  }
}

TEST_F(BrokerTest, MakesATopicThatMetadataAsksForUnlessToldNotTo) {
  kafka::MetadataRequest request;
  request.topics.emplace().push_back({{}, "fresh"});
  request.allow_auto_topic_creation = false;
  EXPECT_EQ(client_.call(request, 9).topics.at(0).error_code, Code::unknown_topic_or_partition);
  request.allow_auto_topic_creation = true;
  const auto made = client_.call(request, 12);
  EXPECT_EQ(made.topics.at(0).error_code, Code::none);
  EXPECT_THAT(made.topics.at(0).partitions, SizeIs(1));
  // By its id, which is the same for ever.
  kafka::MetadataRequest by_id;
  by_id.topics.emplace().push_back({made.topics[0].topic_id, std::nullopt});
  EXPECT_EQ(client_.call(by_id, 12).topics.at(0).name, "fresh");
  by_id.topics->at(0).topic_id.bytes[3] ^= 1;
  EXPECT_EQ(client_.call(by_id, 12).topics.at(0).error_code, Code::unknown_topic_id);
}

TEST_F(BrokerTest, RefusesATopicNameThatIsNone) {
  kafka::MetadataRequest request;
  request.topics.emplace().push_back({{}, "no/slashes"});
  EXPECT_EQ(client_.call(request, 9).topics.at(0).error_code, Code::invalid_topic_exception);
}

TEST_F(BrokerTest, GivesBackWhatWasProducedInEveryVersion) {
  make_topic("t");
  std::vector<std::string> wanted;
  for (kafka::Version version = 3; version <= 12; ++version) {
    wanted.push_back("v" + std::to_string(version));
    const auto batch = batch_of({wanted.back()});
    const auto response = client_.call(produce_of("t", batch), version);
    const auto& partition = response.responses.at(0).partition_responses.at(0);
    EXPECT_EQ(partition.error_code, Code::none) << version;
    EXPECT_EQ(partition.base_offset, version - 3);
  }
  const auto id = running_.node().topic("t")->id;
  for (kafka::Version version = 4; version <= 16; ++version) {
    auto request = fetch_of("t", 0);
    request.topics[0].topic_id = id;
    const auto response = client_.call(request, version);
    EXPECT_EQ(response.session_id, 0);
    const auto& partition = response.responses.at(0).partitions.at(0);
    EXPECT_EQ(partition.error_code, Code::none) << version;
    EXPECT_EQ(partition.high_watermark, 10);
    EXPECT_EQ(values_of(partition.records->bytes), wanted) << version;
  }
}

TEST_F(BrokerTest, RefusesProduceBeforeVersion3WhichItLists) {
  for (kafka::Version version = 0; version <= 2; ++version) {
    RawClient client{running_.port()};
    Bytes frame(4, '\0');
    kafka::encode_request_header({kafka::ProduceRequest::kKey, version, 1, "raw"}, false, frame);
    store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
    client.send_bytes(frame);
    EXPECT_TRUE(client.closed());
  }
}

TEST_F(BrokerTest, ChecksEachBatch) {
  make_topic("t");
  const auto good = batch_of({"a", "b"});
  EXPECT_EQ(produce(produce_of("t", "")), Code::invalid_record);
  EXPECT_EQ(produce(produce_of("t", good + good)), Code::invalid_record);
  EXPECT_EQ(produce(produce_of("t", ByteView{good}.substr(0, good.size() - 1))), Code::corrupt_message);
  auto flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_EQ(produce(produce_of("t", flipped)), Code::corrupt_message);
  auto old_magic = good;
  old_magic[16] = 1;
  EXPECT_EQ(produce(produce_of("t", old_magic)), Code::invalid_record);
  EXPECT_EQ(produce(produce_of("t", good, 2)), Code::invalid_required_acks);
  EXPECT_EQ(produce(produce_of("absent", good)), Code::unknown_topic_or_partition);
  EXPECT_EQ(produce(produce_of("t", good, -1, 7)), Code::unknown_topic_or_partition);
  const auto zstd = batch_of({"a"}, record::Compression::zstd);
  EXPECT_EQ(produce(produce_of("t", zstd), 6), Code::unsupported_compression_type);
  EXPECT_EQ(produce(produce_of("t", zstd), 7), Code::none);
}

TEST_F(BrokerTest, NamesTheRecordsForWhichABatchIsRefused) {
  ASSERT_TRUE(running_.node().create_topic({"compacted", 1, {{"cleanup.policy", "compact"}}}).ok());
  record::BatchBuilder builder{{}};
  builder.add(1, "key", "good");
  builder.add(1, std::nullopt, "bad");
  builder.add(1, "key", "good");
  const auto batch = builder.finish();
  const auto answer = client_.call(produce_of("compacted", batch), 9).responses.at(0).partition_responses.at(0);
  EXPECT_EQ(answer.error_code, Code::invalid_record);
  ASSERT_THAT(answer.record_errors, SizeIs(1));
  EXPECT_EQ(answer.record_errors[0].batch_index, 1);
}

TEST_F(BrokerTest, SaysNothingToAcks0AndClosesOnItsErrors) {
  make_topic("t");
  const auto batch = batch_of({"a"});
  client_.send(produce_of("t", batch, 0), 9);
  EXPECT_EQ(produce(produce_of("t", batch, -1)), Code::none);  // the next answer is this one's
  EXPECT_EQ(running_.node().list_offset({"t", 0}, -1, node::Isolation::read_uncommitted)->offset, Offset{2});
  client_.send(produce_of("absent", batch, 0), 9);
  EXPECT_TRUE(client_.closed());
}

TEST_F(BrokerTest, AFetchWaitsForDataAndIsWokenByThem) {
  make_topic("t");
  const auto begin = std::chrono::steady_clock::now();
  const auto id = client_.send(fetch_of("t", 0, 8000), 12);
  RawClient other{running_.port()};
  const auto batch = batch_of({"late"});
  EXPECT_EQ(other.call(produce_of("t", batch), 9).responses.at(0).partition_responses.at(0).error_code, Code::none);
  const auto response = client_.receive<kafka::FetchResponse>(12, id);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_THAT(values_of(response.responses.at(0).partitions.at(0).records->bytes), ::testing::ElementsAre("late"));
}

TEST_F(BrokerTest, AFetchThatWaitsForATopicIsToldThatItWasDeleted) {
  make_topic("t");
  const auto begin = std::chrono::steady_clock::now();
  const auto id = client_.send(fetch_of("t", 0, 8000), 12);
  RawClient other{running_.port()};
  EXPECT_EQ(other.call(kafka::DeleteTopicsRequest{{}, {"t"}}, 5).responses.at(0).error_code, Code::none);
  const auto response = client_.receive<kafka::FetchResponse>(12, id);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_EQ(response.responses.at(0).partitions.at(0).error_code, Code::unknown_topic_or_partition);
}

TEST_F(BrokerTest, AFetchWaitsForAsMuchAsItAsksForAndTakesLessWhenItsPatienceEnds) {
  make_topic("t");
  const auto batch = batch_of({"few"});
  ASSERT_EQ(produce(produce_of("t", batch)), Code::none);
  auto fetch = fetch_of("t", 0, 300);
  fetch.min_bytes = 10'000;
  const auto begin = std::chrono::steady_clock::now();
  const auto few = client_.call(fetch, 12);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(290));
  EXPECT_THAT(values_of(few.responses.at(0).partitions.at(0).records->bytes), ::testing::ElementsAre("few"));
  // What comes while it waits counts: then it does not wait to the end.
  fetch.max_wait_ms = 8000;
  const auto again = std::chrono::steady_clock::now();
  const auto id = client_.send(fetch, 12);
  RawClient other{running_.port()};
  const auto large = batch_of({std::string(20'000, 'x')});
  ASSERT_EQ(other.call(produce_of("t", large), 9).responses.at(0).partition_responses.at(0).error_code, Code::none);
  const auto enough = client_.receive<kafka::FetchResponse>(12, id);
  EXPECT_LT(std::chrono::steady_clock::now() - again, std::chrono::seconds(8));
  EXPECT_GE(enough.responses.at(0).partitions.at(0).records->bytes.size(), 10'000U);
}

TEST_F(BrokerTest, GarbageEndsItsOwnConnectionAndNothingElse) {
  make_topic("t");
  const auto seed = std::random_device{}();
  std::mt19937 random{seed};
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int i = 0; i < 300; ++i) {
    Bytes frame(4 + random() % 200, '\0');
    for (auto& byte : frame) byte = static_cast<char>(random());
    store_be<std::int32_t>(frame.data(), static_cast<std::int32_t>(frame.size() - 4));
    // Half of them begin as a request that is served would.
    if (i % 2 == 0 && frame.size() > 12) {
      const auto& apis = served_apis();
      const auto& api = *apis[random() % apis.size()];
      store_be<std::int16_t>(frame.data() + 4, static_cast<std::int16_t>(api.key));
      store_be<std::int16_t>(frame.data() + 6, api.versions.max);
    }
    RawClient other{running_.port()};
    other.send_bytes(frame);
  }
  const auto batch = batch_of({"a"});
  EXPECT_EQ(produce(produce_of("t", batch)), Code::none);
  EXPECT_THAT(values_of(client_.call(fetch_of("t", 0), 12).responses.at(0).partitions.at(0).records->bytes),
              ::testing::ElementsAre("a"));
}

TEST_F(BrokerTest, AFetchThatGetsNothingAnswersWhenItsPatienceEnds) {
  make_topic("t");
  const auto response = client_.call(fetch_of("t", 0, 50), 12);
  const auto& partition = response.responses.at(0).partitions.at(0);
  EXPECT_EQ(partition.error_code, Code::none);
  ASSERT_TRUE(partition.records.has_value());  // empty, never null: old clients stumble over null
  EXPECT_THAT(partition.records->bytes, IsEmpty());
}

TEST_F(BrokerTest, AnswersLeaveInOrderThoughAFetchWaits) {
  make_topic("t");
  const auto fetch = client_.send(fetch_of("t", 0, 200), 12);
  const auto versions = client_.send(kafka::ApiVersionsRequest{"raw", "1.0"}, 3);
  (void)client_.receive<kafka::FetchResponse>(12, fetch);
  EXPECT_EQ(client_.receive<kafka::ApiVersionsResponse>(3, versions).error_code, Code::none);
}

TEST_F(BrokerTest, AFetchTellsItsErrorsAtOnce) {
  make_topic("t");
  const auto error = [&](const kafka::FetchRequest& request, kafka::Version version = 12) {
    return client_.call(request, version).responses.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(error(fetch_of("t", 5, 60'000)), Code::offset_out_of_range);
  EXPECT_EQ(error(fetch_of("absent", 0, 60'000)), Code::unknown_topic_or_partition);
  EXPECT_EQ(error(fetch_of("", 0, 60'000), 13), Code::unknown_topic_id);
  auto future = fetch_of("t", 0, 60'000);
  future.topics[0].partitions[0].current_leader_epoch = 1000;
  EXPECT_EQ(error(future), Code::unknown_leader_epoch);
  auto session = fetch_of("t", 0);
  session.session_id = 5;
  EXPECT_EQ(client_.call(session, 12).error_code, Code::fetch_session_id_not_found);
}

TEST_F(BrokerTest, AFetchDoesNotWaitAtTheEndOfASegmentThatIsNotTheLast) {
  make_topic("t");
  record::BatchBuilder old{{}};
  old.add(1'700'000'000'000, std::nullopt, "old");
  const auto first = old.finish();
  ASSERT_EQ(produce(produce_of("t", first)), Code::none);
  running_.node().run_housekeeping(kNowMs);  // it rolls what is older than segment.ms
  const auto second = batch_of({std::string(20'000, 'x')});
  ASSERT_EQ(produce(produce_of("t", second)), Code::none);
  auto fetch = fetch_of("t", 0, 60'000);
  fetch.min_bytes = 10'000;
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = client_.call(fetch, 12);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_THAT(values_of(answer.responses.at(0).partitions.at(0).records->bytes), ::testing::ElementsAre("old"));
}

TEST_F(BrokerTest, FindsOffsetsInEveryVersion) {
  make_topic("t");
  const auto batch = batch_of({"a", "b", "c"});
  ASSERT_EQ(produce(produce_of("t", batch)), Code::none);
  for (kafka::Version version = 1; version <= 11; ++version) {
    kafka::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions = {{0, -1, -1}, {0, -1, -2}, {0, -1, 1'600'000'000'000}, {0, -1, -3}, {0, -1, -4}, {9, -1, -1}};
    const auto response = client_.call(request, version);
    const auto& found = response.topics.at(0).partitions;
    ASSERT_THAT(found, SizeIs(6));
    EXPECT_EQ(found[0].offset, 3);
    EXPECT_EQ(found[1].offset, 0);
    EXPECT_EQ(found[2].offset, 0);
    EXPECT_EQ(found[2].timestamp, kNowMs);
    EXPECT_EQ(found[4].offset, 0);
    EXPECT_EQ(found[5].error_code, Code::unknown_topic_or_partition);
  }
}

TEST_F(BrokerTest, TellsWhereALeaderEpochEnds) {
  make_topic("t");
  const auto batch = batch_of({"a"});
  ASSERT_EQ(produce(produce_of("t", batch)), Code::none);
  const auto epoch = client_.call(kafka::MetadataRequest{}, 12).topics.at(0).partitions.at(0).leader_epoch;
  kafka::OffsetForLeaderEpochRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions = {{0, epoch, epoch}, {0, epoch, epoch + 1}};
  const auto response = client_.call(request, 4);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).end_offset, 1);
  EXPECT_EQ(response.topics.at(0).partitions.at(1).end_offset, -1);
  EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, Code::none);
}

TEST_F(BrokerTest, DeletesRecordsUpToAnOffset) {
  make_topic("t");
  const auto batch = batch_of({"a", "b", "c"});
  ASSERT_EQ(produce(produce_of("t", batch)), Code::none);
  kafka::DeleteRecordsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "t";
  topic.partitions = {{0, 2}, {0, 99}};
  const auto response = client_.call(request, 2);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).low_watermark, 2);
  EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, Code::offset_out_of_range);
  EXPECT_EQ(client_.call(fetch_of("t", 0), 12).responses.at(0).partitions.at(0).error_code, Code::offset_out_of_range);
}

}  // namespace
}  // namespace sluice::broker
