// Produce to topics that ask for registered schemas.
#include "broker/schema_check.h"

#include <atomic>

#include "broker/broker_testing.h"
#include "gtest/gtest.h"
#include "io/clock.h"
#include "kafka/data_messages.h"
#include "kafka/position_messages.h"

namespace sluice::broker {
namespace {

using kafka::Code;
using Partition = kafka::ProduceResponse::TopicProduceResponse::PartitionProduceResponse;

// Knows schema 7 for values, 8 for keys, and one GUID for both.
class Known final : public TopicSchemas {
 public:
  Result<std::string> why_not(const std::string&, bool key, node::SubjectNames, const SchemaName& schema) override {
    ++asked;
    if (unreachable) return Error{ErrorCode::back_off, "the registry does not answer"};
    if (const auto* id = std::get_if<SchemaId>(&schema)) return id->value == (key ? 8 : 7) ? "" : "schema " + to_string(*id) + " is not registered";
    return std::get<Bytes>(schema) == "0123456789abcdef" ? "" : "schema is not known";
  }
  std::atomic<int> asked{0};
  std::atomic<bool> unreachable{false};
};

struct Written {
  std::optional<Bytes> key, value;
  std::vector<record::Header> headers = {};
};

Bytes framed(std::int32_t id, ByteView body = "body") {
  Bytes out(5, '\0');
  store_be<std::int32_t>(out.data() + 1, id);
  return out.append(body);
}

Bytes batch_of(const std::vector<Written>& records, record::Compression compression = record::Compression::none) {
  record::BatchBuilder builder{{.compression = compression}};
  for (const auto& each : records) {
    builder.add(io::system_clock().wall_ms(), each.key ? std::optional<ByteView>(*each.key) : std::nullopt,
                each.value ? std::optional<ByteView>(*each.value) : std::nullopt, each.headers);
  }
  return builder.finish();
}

class SchemaCheck : public testing::Test {
 protected:
  SchemaCheck() : broker_({}, options_with(known_)), client_(broker_.port()) {
    make_topic("values", {{"confluent.value.schema.validation", "true"}});
    make_topic("keys", {{"confluent.key.schema.validation", "true"}});
    make_topic("free", {});
  }
  static BrokerOptions options_with(TopicSchemas& schemas) {
    BrokerOptions options;
    options.schemas = &schemas;
    return options;
  }
  void make_topic(const std::string& name, const node::ConfigMap& config) {
    const auto made = broker_.node().create_topic({name, 1, config});
    ASSERT_TRUE(made.ok()) << made.error();
  }
  Partition produce(const std::string& topic, const Bytes& batch, kafka::Version version = 9) {
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 5000;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    data.partition_data.push_back({0, kafka::Records{batch}});
    return client_.call(request, version).responses.at(0).partition_responses.at(0);
  }
  std::int64_t end_of(const std::string& topic) {
    return broker_.node().list_offset({topic, 0}, -1, node::Isolation::read_uncommitted)->offset.value;
  }

  Known known_;
  RunningBroker broker_;
  RawClient client_;
};

TEST_F(SchemaCheck, RegisteredSchemasAreTakenAndAskedForOncePerBatch) {
  const std::vector<Written> records(100, {std::nullopt, framed(7)});
  EXPECT_EQ(produce("values", batch_of(records)).error_code, Code::none);
  EXPECT_EQ(known_.asked, 1);
}

TEST_F(SchemaCheck, OneBadRecordRefusesTheBatchAndIsNamed) {
  for (const auto compression : {record::Compression::none, record::Compression::gzip, record::Compression::snappy, record::Compression::lz4, record::Compression::zstd}) {
    const auto answer = produce("values", batch_of({{std::nullopt, framed(7)}, {std::nullopt, framed(9)}, {std::nullopt, "plain"}, {std::nullopt, ""}}, compression));
    EXPECT_EQ(answer.error_code, Code::invalid_record);
    ASSERT_EQ(answer.record_errors.size(), 3U);
    EXPECT_EQ(answer.record_errors[0].batch_index, 1);
    EXPECT_NE(answer.record_errors[0].batch_index_error_message->find("schema 9"), std::string::npos);
    EXPECT_EQ(answer.record_errors[1].batch_index, 2);
    EXPECT_EQ(answer.record_errors[2].batch_index, 3);
    EXPECT_NE(answer.error_message->find("record 1"), std::string::npos) << *answer.error_message;
  }
  EXPECT_EQ(end_of("values"), 0);
}

TEST_F(SchemaCheck, OldVersionsGetTheCodeAlone) {
  const auto answer = produce("values", batch_of({{std::nullopt, "plain"}}), 7);
  EXPECT_EQ(answer.error_code, Code::invalid_record);
  EXPECT_TRUE(answer.record_errors.empty());
}

TEST_F(SchemaCheck, TombstonesAndNullKeysPass) {
  EXPECT_EQ(produce("values", batch_of({{"k", std::nullopt}, {"k", framed(7)}})).error_code, Code::none);
  EXPECT_EQ(produce("keys", batch_of({{std::nullopt, "anything"}, {framed(8), std::nullopt}})).error_code, Code::none);
  EXPECT_EQ(end_of("values"), 2);
  EXPECT_EQ(end_of("keys"), 2);
}

TEST_F(SchemaCheck, KeysAndValuesAreAskedForApart) {
  EXPECT_EQ(produce("keys", batch_of({{framed(8), "anything"}})).error_code, Code::none);
  EXPECT_EQ(produce("keys", batch_of({{framed(7), framed(7)}})).error_code, Code::invalid_record);
  EXPECT_EQ(produce("values", batch_of({{"anything", framed(8)}})).error_code, Code::invalid_record);
}

TEST_F(SchemaCheck, AHeaderNamesTheSchemaByItsGuidOrId) {
  const Bytes guid = "\1" "0123456789abcdef", other = "\1" "fedcba9876543210", id = framed(7, "");
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, "bare", {{"__value_schema_id", guid}}}})).error_code, Code::none);
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, "bare", {{"__value_schema_id", id}}}})).error_code, Code::none);
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, "bare", {{"__value_schema_id", other}}}})).error_code, Code::invalid_record);
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, "bare", {{"__value_schema_id", "\1short"}}}})).error_code, Code::invalid_record);
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, "bare", {{"__key_schema_id", guid}}}})).error_code, Code::invalid_record);
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, guid}})).error_code, Code::invalid_record) << "a GUID stands in headers only";
}

TEST_F(SchemaCheck, ATopicThatAsksForNothingAsksNobody) {
  EXPECT_EQ(produce("free", batch_of({{std::nullopt, "plain"}})).error_code, Code::none);
  EXPECT_EQ(known_.asked, 0);
}

TEST_F(SchemaCheck, TheConfigurationCountsFromTheNextBatchOn) {
  ASSERT_TRUE(broker_.node().alter_config("free", {{"confluent.value.schema.validation", "true"}}).ok());
  EXPECT_EQ(produce("free", batch_of({{std::nullopt, "plain"}})).error_code, Code::invalid_record);
  ASSERT_TRUE(broker_.node().alter_config("free", {{"confluent.value.schema.validation", std::nullopt}}).ok());
  EXPECT_EQ(produce("free", batch_of({{std::nullopt, "plain"}})).error_code, Code::none);
  EXPECT_FALSE(broker_.node().alter_config("free", {{"confluent.value.subject.name.strategy", "io.example.Mine"}}).ok());
  EXPECT_TRUE(broker_.node().alter_config("free", {{"confluent.value.subject.name.strategy", "io.confluent.kafka.serializers.subject.RecordNameStrategy"}}).ok());
}

TEST_F(SchemaCheck, ARegistryThatCannotTellLetsTheClientTryAgain) {
  known_.unreachable = true;
  EXPECT_EQ(produce("values", batch_of({{std::nullopt, framed(7)}})).error_code, Code::kafka_storage_error);
  EXPECT_EQ(end_of("values"), 0);
}

TEST_F(SchemaCheck, RecordsThatCannotBeReadAreCorrupt) {
  auto batch = batch_of({{std::nullopt, framed(7)}, {std::nullopt, framed(7)}}, record::Compression::zstd);
  batch.back() = static_cast<char>(batch.back() ^ 1);
  batch[batch.size() / 2 + 20] = static_cast<char>(batch[batch.size() / 2 + 20] ^ 0x55);
  EXPECT_NE(produce("values", batch).error_code, Code::none);
  EXPECT_EQ(end_of("values"), 0);
}

TEST_F(SchemaCheck, ABatchThatInflatesWithoutEndIsRefused) {
  const auto batch = batch_of({{std::nullopt, framed(7, Bytes(std::size_t{200} << 20, 'x'))}}, record::Compression::zstd);
  ASSERT_LT(batch.size(), std::size_t{1} << 20);
  EXPECT_NE(produce("values", batch).error_code, Code::none);
  EXPECT_EQ(end_of("values"), 0);
}

}  // namespace
}  // namespace sluice::broker
