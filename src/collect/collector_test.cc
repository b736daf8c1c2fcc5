#include "collect/collector.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <thread>

#include "collect/infer.h"
#include "collect/kafka_rest.h"
#include "collect/window.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::collect {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr const char* kClick = R"({"type":"record","name":"Click","fields":[{"name":"user","type":"string"},{"name":"n","type":["null","long"],"default":null}]})";

class Fixture : public testing::Test {
 protected:
  Fixture() {
    EXPECT_TRUE(log.ensure_topic({.name = "clicks", .partitions = 1}).ok());
    EXPECT_TRUE(catalog.add("clicks-value", kClick).ok());
  }

  void open(Rule rule = {}) {
    rule.name = "web";
    auto opened = Collector::open({.rules = {rule}}, log, catalog, clock);
    ASSERT_TRUE(opened.ok()) << opened.error();
    collector = *std::move(opened);
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  io::HttpResponse post(std::string body, Headers headers = {{"Content-Type", "application/json"}}, std::string target = "/topics/clicks") {
    if (!collector) open();
    return collector->handle({.method = "POST", .target = std::move(target), .headers = std::move(headers), .body = std::move(body), .peer = "10.0.0.1"});
  }
  io::HttpResponse post_as(const std::string& type, std::string body) { return post(std::move(body), {{"Content-Type", type}}); }

  // The values in the topic, unframed.
  std::vector<std::string> values(const std::string& topic = "clicks") const {
    std::vector<std::string> out;
    for (const auto& record : log.records(topic)) out.push_back(record.value ? record.value->substr(std::min<std::size_t>(5, record.value->size())) : "(none)");
    return out;
  }
  std::vector<std::string> dead() const {
    std::vector<std::string> out;
    for (const auto& record : log.records("__sluice_dead_letters")) out.push_back(record.value.value_or("") + " | " + record.header("__error").value_or(""));
    return out;
  }

  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  io::ManualClock clock;
  std::unique_ptr<Collector> collector;
};

json::object body_of(const io::HttpResponse& response) { return json::parse(response.body).as_object(); }

std::int64_t offset_of(const io::HttpResponse& response, std::size_t at = 0) { return body_of(response).at("offsets").as_array().at(at).as_object().at("offset").as_int64(); }

std::string avro(const std::string& user, const std::string& n) { return std::string(1, static_cast<char>(user.size() * 2)) + user + n; }

TEST_F(Fixture, AnObjectAnArrayAndLinesAreWritten) {
  const auto one = post(R"({"user":"ann","n":7})");
  EXPECT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.body, R"({"offsets":[{"partition":0,"offset":0,"error_code":null,"error":null}],"key_schema_id":null,"value_schema_id":1})");
  EXPECT_EQ(post(R"([{"user":"b"}, {"user":"c"}])").status, 200);
  EXPECT_EQ(post_as("application/x-ndjson", "{\"user\":\"d\"}\r\n\n{\"user\":\"e\"}").status, 200);
  EXPECT_EQ(post_as("text/plain;charset=UTF-8", R"({"user":"f"})").status, 200);
  EXPECT_THAT(values(), testing::ElementsAre(avro("ann", std::string("\x02\x0e", 2)), avro("b", std::string(1, '\0')), avro("c", std::string(1, '\0')), avro("d", std::string(1, '\0')),
                                             avro("e", std::string(1, '\0')), avro("f", std::string(1, '\0'))));
  EXPECT_EQ(log.records("clicks")[0].value->substr(0, 5), std::string("\0\0\0\0\1", 5));
}

TEST_F(Fixture, WhatDoesNotFitGoesToTheDeadLettersAndDoesNotHoldUpTheOthers) {
  const auto mixed = post(R"([{"user":"a"},{"user":5},{"user":"c","more":1},{"user":"d"}])");
  EXPECT_EQ(mixed.status, 207);
  const auto entries = body_of(mixed).at("offsets").as_array();
  EXPECT_EQ(entries[3].as_object().at("offset").as_int64(), 1);
  EXPECT_EQ(entries[1].as_object().at("error_code").as_int64(), 1);
  EXPECT_THAT(std::string(entries[1].as_object().at("error").as_string()), HasSubstr(".user"));
  EXPECT_EQ(values().size(), 2U);
  ASSERT_EQ(dead().size(), 2U);
  EXPECT_THAT(dead()[0], HasSubstr(R"({"user":5} | at .user)"));
  EXPECT_THAT(dead()[1], HasSubstr("no field 'more'"));
  EXPECT_EQ(post(R"({"user":5})").status, 400);
  EXPECT_EQ(post_as("application/x-ndjson", "{\"user\":\"x\"}\n{\"user\":").status, 207);
  EXPECT_THAT(dead().back(), HasSubstr(R"({"user": | )"));
}

TEST_F(Fixture, AWholeRequestIsRefusedWithItsStatus) {
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(post("", {{"Content-Type", "application/json"}}).status, 400);
  EXPECT_EQ(post_as("image/png", "x").status, 415);
  EXPECT_EQ(post("x", {{"Content-Encoding", "br"}}).status, 415);
  EXPECT_EQ(post("no gzip", {{"Content-Encoding", "gzip"}}).status, 400);
  EXPECT_EQ(post("{}", {}, "/topics/none").status, 404);
  EXPECT_EQ(post("{}", {}, "/topics/__sluice_positions").status, 404);
  EXPECT_EQ(collector->handle({.method = "DELETE", .target = "/topics/clicks", .headers = {}, .body = ""}).status, 405);
  ASSERT_TRUE(log.ensure_topic({.name = "bare"}).ok());
  const auto bare = post("{}", {}, "/topics/bare");
  EXPECT_EQ(bare.status, 422);
  EXPECT_THAT(bare.body, HasSubstr("sluice schema create bare-value FILE"));
  EXPECT_TRUE(values().empty() && dead().empty());
}

TEST_F(Fixture, ALogThatTakesNothingIsAskedAgainLater) {
  post(R"({"user":"a"})");
  log.fail_appends(Error{.code = ErrorCode::out_of_space, .message = "below the floor"});
  const auto full = post(R"({"user":"a"})");
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.headers, testing::Contains(testing::Pair("Retry-After", "10")));
  const auto lost = post(R"({"user":5})");
  EXPECT_EQ(lost.status, 503) << "what could not be kept among the dead letters must be sent again";
  log.fail_appends(std::nullopt);
  EXPECT_EQ(post(R"({"user":5})").status, 400);
  EXPECT_EQ(dead().size(), 1U);
}

TEST_F(Fixture, ANamedEventIsWrittenOnceAlsoAcrossRestarts) {
  Rule rule;
  rule.dedupe_by = "messageId";
  rule.dedupe_within_ms = 60'000;
  open(rule);
  const std::string event = R"({"user":"a","messageId":"m1"})";
  EXPECT_EQ(offset_of(post(event)), 0);
  EXPECT_EQ(offset_of(post(R"({"user":"b"})")), 1);  // without a name
  EXPECT_EQ(offset_of(post(event)), 0);
  const auto twins = post("[" + event + R"(,{"user":"c","messageId":"m2"},{"user":"c","messageId":"m2"}])");
  EXPECT_EQ(offset_of(twins, 0), 0);
  EXPECT_EQ(offset_of(twins, 1), 2);
  EXPECT_EQ(offset_of(twins, 2), 2);
  open(rule);
  EXPECT_EQ(offset_of(post(event)), 0) << "the window is read back from the topic";
  clock.advance(61'000);
  EXPECT_EQ(offset_of(post(event)), 3);
  EXPECT_EQ(values().size(), 4U);
  EXPECT_EQ(log.records("clicks")[0].header("__id"), "m1");
}

TEST_F(Fixture, OneNameFromManyThreadsIsWrittenOnce) {
  Rule rule;
  rule.dedupe_by = "id";
  rule.dedupe_within_ms = 60'000;
  open(rule);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        // Two names a request, in one order or the other.
        const auto a = R"({"user":"x","id":"a)" + std::to_string(i) + R"("})", b = R"({"user":"x","id":"b)" + std::to_string(i) + R"("})";
        EXPECT_EQ(post(t % 2 == 0 ? "[" + a + "," + b + "]" : "[" + b + "," + a + "]").status, 200);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(values().size(), 100U);
}

TEST_F(Fixture, ASchemaIsToldFromTheFirstEventsWhereThatIsAllowed) {
  Rule rule;
  rule.infer = true;
  open(rule);
  const auto made = post(R"([{"id":1,"tags":["a"],"at":{"x":1.5}},{"id":2,"note":null}])", {}, "/topics/views");
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_THAT(catalog.versions("views-value").at(0), HasSubstr(R"("name":"id","type":["null","long"])"));
  EXPECT_EQ(post(R"({"id":"three"})", {}, "/topics/views").status, 400) << "it holds to the schema";
  EXPECT_EQ(post(R"([{"a":1},{"a":"x"}])", {}, "/topics/mixed").status, 422);
  EXPECT_EQ(post(R"({"a b":1})", {}, "/topics/names").status, 422);
}

TEST_F(Fixture, KafkasBodiesAreAnsweredAsItsProxyDoes) {
  const auto written = post_as("application/vnd.kafka.json.v2+json", R"({"records":[{"key":"k","value":{"user":"a"}},{"value":{"user":1}},{"key":"gone"},{"value":{"user":"b"},"partition":9}]})");
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.content_type, "application/vnd.kafka.v2+json");
  const auto entries = body_of(written).at("offsets").as_array();
  EXPECT_EQ(entries[0].as_object().at("offset").as_int64(), 0);
  EXPECT_EQ(entries[1].as_object().at("error_code").as_int64(), 1);
  EXPECT_EQ(entries[2].as_object().at("offset").as_int64(), 1);
  EXPECT_THAT(std::string(entries[3].as_object().at("error").as_string()), HasSubstr("no partition 9"));
  EXPECT_EQ(log.records("clicks")[0].key, "\"k\"");
  EXPECT_FALSE(log.records("clicks")[1].value.has_value());

  const auto schema = json::serialize(json::value(kClick));
  const auto by_schema = post_as("application/vnd.kafka.avro.v2+json", R"({"value_schema":)" + schema + R"(,"records":[{"value":{"user":"c","n":{"long":2}}}]})");
  EXPECT_EQ(by_schema.status, 200) << by_schema.body;
  EXPECT_EQ(body_of(by_schema).at("value_schema_id").as_int64(), 1);
  EXPECT_EQ(post_as("application/vnd.kafka.avro.v2+json", R"({"value_schema_id":1,"records":[{"value":{"user":"d","n":null}}]})").status, 200);
  EXPECT_EQ(body_of(post_as("application/vnd.kafka.avro.v2+json", R"({"records":[{"value":{"user":"d"}}]})")).at("error_code").as_int64(), 42202);
  EXPECT_EQ(post_as("application/vnd.kafka.json.v2+json", "{}").status, 422);

  ASSERT_TRUE(log.ensure_topic({.name = "raw"}).ok());
  EXPECT_EQ(post(R"({"records":[{"key":"aw==","value":"AAEC"}]})", {{"Content-Type", "application/vnd.kafka.binary.v2+json"}}, "/topics/raw").status, 200);
  EXPECT_EQ(log.records("raw")[0].value, std::string("\0\1\2", 3));
  EXPECT_THAT(post_as("application/vnd.kafka.binary.v2+json", R"({"records":[{"value":"AAEC"}]})").body, HasSubstr("the topic has a schema"));
}

TEST_F(Fixture, CloudEventsKeepTheirAttributesAsHeaders) {
  Rule rule;
  rule.dedupe_by = "messageId";
  rule.dedupe_within_ms = 60'000;
  open(rule);
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/shop","type":"click","partitionkey":"p","data":{"user":"a"}})";
  const auto first = post_as("application/cloudevents+json", event);
  EXPECT_EQ(first.status, 200) << first.body;
  const auto record = log.records("clicks")[0];
  EXPECT_EQ(record.header("ce_source"), "/shop");
  EXPECT_EQ(record.key, "p");
  EXPECT_EQ(offset_of(post_as("application/cloudevents+json", event)), 0) << "source and id name it";
  EXPECT_EQ(post_as("application/cloudevents-batch+json", "[" + event + R"(,{"specversion":"1.0","id":"2","source":"/shop","data":{"user":"a"}}])").status, 207);
  EXPECT_THAT(dead().back(), HasSubstr("no type"));
  const Headers binary{{"Content-Type", "application/json"}, {"ce-specversion", "1.0"}, {"ce-id", "3"}, {"ce-source", "/caf%C3%A9"}, {"ce-type", "t"}};
  EXPECT_EQ(post(R"({"user":"b"})", binary).status, 200);
  EXPECT_EQ(log.records("clicks")[1].header("ce_source"), "/caf\xc3\xa9");
}

TEST_F(Fixture, KeysOriginsHeadersAndQuotasAreTheRules) {
  Rule rule;
  rule.keys = {"s3cret", "other"};
  rule.origins = {"https://shop.example"};
  rule.headers = {"received", "address", "agent"};
  rule.key = "user";
  rule.events_per_second = 2;
  open(rule);
  EXPECT_EQ(post(R"({"user":"a"})").status, 401);
  EXPECT_EQ(post(R"({"user":"a"})", {{"X-Write-Key", "s3cre"}}).status, 403);
  EXPECT_EQ(post(R"({"user":"a"})", {{"Authorization", "Bearer s3cret"}, {"User-Agent", "curl"}}).status, 200);
  EXPECT_EQ(post(R"({"user":"a"})", {{"Authorization", "Basic b3RoZXI6"}}).status, 200);
  const auto record = log.records("clicks")[0];
  EXPECT_EQ(record.key, "a");
  EXPECT_EQ(record.header("__address"), "10.0.0.1");
  EXPECT_EQ(record.header("__agent"), "curl");
  const auto over = post(R"({"user":"a"})", {}, "/topics/clicks?write_key=other");
  EXPECT_EQ(over.status, 429);
  EXPECT_THAT(over.headers, testing::Contains(testing::Pair("Retry-After", "1")));
  clock.advance(1000);
  EXPECT_EQ(post(R"({"user":"a"})", {{"Origin", "https://shop.example"}}, "/topics/clicks?write_key=other").headers.at(0).first, "Access-Control-Allow-Origin");
  const auto asked = collector->handle({.method = "OPTIONS", .target = "/topics/clicks", .headers = {{"Origin", "https://shop.example"}, {"Access-Control-Request-Headers", "content-type"}}, .body = ""});
  EXPECT_EQ(asked.status, 204);
  EXPECT_THAT(asked.headers, testing::Contains(testing::Pair("Access-Control-Allow-Headers", "content-type")));
}

TEST(Window, ForgetsTheOldestWhenItIsFull) {
  Window window(1'000'000, 2);
  for (const auto* id : {"a", "b", "c"}) {
    EXPECT_FALSE(window.claim(window.name_of("t", id), 0));
    window.settle(window.name_of("t", id), {}, 0);
  }
  EXPECT_FALSE(window.claim(window.name_of("t", "a"), 0).has_value());
  EXPECT_EQ(window.forgotten(), 1U);
}

}  // namespace
}  // namespace sluice::collect
