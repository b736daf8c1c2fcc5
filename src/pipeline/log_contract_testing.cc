#include "pipeline/log_contract_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace sluice::pipeline {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

// Of today: a log may put what is far apart in time into files apart, and a poll reads one.
const std::int64_t kTime =
    std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();

NewRecord record(std::string_view topic, std::int32_t partition, ByteView key, std::optional<ByteView> value) {
  return {.topic = topic, .partition = partition, .timestamp_ms = kTime, .key = key, .value = value, .headers = {}};
}

std::unique_ptr<Producer> open_producer(Log& log, const std::string& owner = "owner") {
  auto producer = log.producer(owner);
  EXPECT_TRUE(producer.ok()) << producer.error();
  return producer.ok() ? *std::move(producer) : nullptr;
}

void make_topic(Log& log, const std::string& name, std::int32_t partitions = 1, TopicConfig config = {}) {
  const auto made = log.ensure_topic({.name = name, .partitions = partitions, .config = std::move(config)});
  ASSERT_TRUE(made.ok()) << made.error();
}

// One transaction of one partition; gives the end that commit() told.
Offset write(Producer& producer, const std::string& topic, const Strings& values, std::int32_t partition = 0) {
  EXPECT_TRUE(producer.begin().ok());
  for (const auto& value : values) {
    const auto appended = producer.append(record(topic, partition, "k", value));
    EXPECT_TRUE(appended.ok()) << appended.error();
  }
  const auto ends = producer.commit({});
  EXPECT_TRUE(ends.ok()) << ends.error();
  if (!ends.ok() || ends->size() != 1) return kNoOffset;
  EXPECT_EQ(ends->front().topic, topic);
  EXPECT_EQ(ends->front().partition, partition);
  return ends->front().end;
}

// All values from `from` to the last stable offset.
Strings values_of(Log& log, const std::string& topic, std::int32_t partition = 0, Offset from = Offset{0}) {
  const auto range = log.range(topic, partition);
  auto reader = log.reader(topic, partition, from);
  EXPECT_TRUE(range.ok() && reader.ok());
  Strings values;
  while ((*reader)->next_offset() < range->last_stable) {
    const auto records = (*reader)->poll(20, 1000);
    EXPECT_TRUE(records.ok()) << records.error();
    if (!records.ok()) break;
    for (const auto& one : *records) values.emplace_back(one.value.value_or("(none)"));
  }
  return values;
}

void topics_are_made_once_described_and_altered(LogUnderTest& under) {
  auto& log = under.log();
  EXPECT_EQ(log.describe("t").error().code, ErrorCode::not_found);
  make_topic(log, "t", 3, {{"cleanup.policy", "compact"}});
  make_topic(log, "t", 5, {{"cleanup.policy", "delete"}});
  const auto described = log.describe("t");
  ASSERT_TRUE(described.ok()) << described.error();
  EXPECT_EQ(described->partitions, 3);
  EXPECT_EQ(described->config.at("cleanup.policy"), "compact");
  ASSERT_TRUE(log.alter_topic("t", {{"cleanup.policy", std::nullopt}, {"retention.ms", "1000"}}).ok());
  EXPECT_EQ(log.describe("t")->config, (TopicConfig{{"retention.ms", "1000"}}));
  EXPECT_EQ(log.alter_topic("none", {{"retention.ms", "1000"}}).error().code, ErrorCode::not_found);
  const auto all = log.topics();
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(std::count_if(all->begin(), all->end(), [](const auto& topic) { return topic.name == "t"; }), 1);
}

void what_is_not_there_is_not_found(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  for (const auto& [topic, partition] : {std::pair<std::string, int>{"none", 0}, {"t", 1}}) {
    EXPECT_EQ(log.range(topic, partition).error().code, ErrorCode::not_found);
    EXPECT_EQ(log.reader(topic, partition, Offset{0}).error().code, ErrorCode::not_found);
    EXPECT_EQ(log.hold("h", topic, partition, Offset{0}).error().code, ErrorCode::not_found);
    const auto producer = open_producer(log);
    ASSERT_TRUE(producer->begin().ok());
    EXPECT_EQ(producer->append(record(topic, partition, "k", "v")).error().code, ErrorCode::not_found);
    EXPECT_TRUE(producer->abort().ok());
  }
}

void a_transaction_shows_at_its_commit_whole(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t", 2);
  make_topic(log, "u");
  const auto producer = open_producer(log);
  ASSERT_TRUE(producer->begin().ok());
  for (const auto& [topic, partition] : {std::pair<std::string, int>{"t", 0}, {"u", 0}, {"t", 1}, {"t", 0}}) {
    ASSERT_TRUE(producer->append(record(topic, partition, "k", "v")).ok());
  }
  auto reader = *log.reader("t", 0, Offset{0});
  EXPECT_THAT(*reader->poll(50, 1 << 20), IsEmpty());
  EXPECT_EQ(log.range("t", 0)->last_stable, Offset{0});
  const auto ends = producer->commit({});
  ASSERT_TRUE(ends.ok()) << ends.error();
  ASSERT_EQ(ends->size(), 3U);
  for (const auto& end : *ends) EXPECT_EQ(log.range(end.topic, end.partition)->last_stable, end.end) << end.topic;
  EXPECT_THAT(values_of(log, "t", 0), ElementsAre("v", "v"));
  EXPECT_THAT(values_of(log, "t", 1), ElementsAre("v"));
  EXPECT_THAT(values_of(log, "u", 0), ElementsAre("v"));
}

void records_come_back_as_they_were_given(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  ASSERT_TRUE(producer->begin().ok());
  const std::vector<Header> headers{{"__op", "u"}, {"empty", ""}, {"none", std::nullopt}, {"__op", "twice"}};
  auto full = record("t", 0, std::string_view("\0\xff", 2), "value");
  full.headers = headers;
  NewRecord bare;
  bare.topic = "t";
  bare.timestamp_ms = kTime - 5;
  ASSERT_TRUE(producer->append(full).ok());
  ASSERT_TRUE(producer->append(bare).ok());
  ASSERT_TRUE(producer->append(record("t", 0, "", "")).ok());
  ASSERT_TRUE(producer->commit({}).ok());
  auto reader = *log.reader("t", 0, Offset{0});
  const auto read = reader->poll(1000, 1 << 20);
  ASSERT_TRUE(read.ok()) << read.error();
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].offset, Offset{0});
  EXPECT_EQ((*read)[0].timestamp_ms, kTime);
  EXPECT_EQ((*read)[0].key, std::string_view("\0\xff", 2));
  ASSERT_EQ((*read)[0].headers.size(), 4U);
  EXPECT_EQ((*read)[0].header("__op"), "u");
  EXPECT_EQ((*read)[0].headers[1].value, "");
  EXPECT_FALSE((*read)[0].headers[2].value.has_value());
  EXPECT_EQ((*read)[1].timestamp_ms, kTime - 5);
  EXPECT_FALSE((*read)[1].key.has_value() || (*read)[1].value.has_value());
  EXPECT_EQ((*read)[2].key, "");
  EXPECT_EQ((*read)[2].value, "");
}

void an_aborted_transaction_is_never_seen(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  write(*producer, "t", {"a"});
  ASSERT_TRUE(producer->begin().ok());
  ASSERT_TRUE(producer->append(record("t", 0, "k", "dropped")).ok());
  const std::string large(900'000, 'x');  // enough that some is written before the abort, whatever is buffered
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(producer->append(record("t", 0, "k", large)).ok());
  ASSERT_TRUE(producer->abort().ok());
  write(*producer, "t", {"b"});
  EXPECT_THAT(values_of(log, "t"), ElementsAre("a", "b"));
  auto reader = *log.reader("t", 0, Offset{0});
  Strings seen;
  while (reader->next_offset() < log.range("t", 0)->last_stable) {
    const auto records = reader->poll(100, 1);
    ASSERT_TRUE(records.ok()) << records.error();
    for (const auto& one : *records) seen.emplace_back(*one.value);
  }
  EXPECT_THAT(seen, ElementsAre("a", "b"));
}

void an_empty_transaction_ends_either_way(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  for (const bool before_the_first : {true, false}) {
    ASSERT_TRUE(producer->begin().ok());
    const auto ends = producer->commit({});
    ASSERT_TRUE(ends.ok()) << ends.error();
    EXPECT_THAT(*ends, IsEmpty());
    ASSERT_TRUE(producer->begin().ok());
    const auto aborted = producer->abort();
    ASSERT_TRUE(aborted.ok()) << aborted.error();
    if (before_the_first) write(*producer, "t", {"a"});
  }
  write(*producer, "t", {"b"});
  EXPECT_THAT(values_of(log, "t"), ElementsAre("a", "b"));
}

void a_newer_producer_fences_the_older(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto older = open_producer(log);
  const auto bystander = open_producer(log, "other");
  ASSERT_TRUE(older->begin().ok());
  ASSERT_TRUE(older->append(record("t", 0, "k", "of the older")).ok());
  ASSERT_TRUE(bystander->begin().ok());
  ASSERT_TRUE(bystander->append(record("t", 0, "k", "of another owner")).ok());
  const auto newer = open_producer(log);
  EXPECT_EQ(older->commit({}).error().code, ErrorCode::fenced);
  static_cast<void>(older->abort().ok());
  ASSERT_TRUE(bystander->commit({}).ok());
  write(*newer, "t", {"of the newer"});
  auto late = older->begin();
  if (late.ok()) late = older->append(record("t", 0, "k", "late"));
  if (late.ok()) {
    const std::vector<PositionUpdate> positions{{"p", "late"}};
    const auto ends = older->commit(positions);
    late = ends.ok() ? Result<void>{} : Result<void>{ends.error()};
  }
  EXPECT_EQ(late.ok() ? ErrorCode::corrupt : late.error().code, ErrorCode::fenced);
  EXPECT_THAT(values_of(log, "t"), ElementsAre("of another owner", "of the newer"));
  EXPECT_FALSE(read_position(log, "p")->has_value());
}

void positions_go_with_their_transaction(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  EXPECT_FALSE(read_position(log, "p")->has_value());
  const auto producer = open_producer(log);
  const auto commit = [&](const char* value, std::optional<std::string> other) {
    ASSERT_TRUE(producer->begin().ok());
    ASSERT_TRUE(producer->append(record("t", 0, "k", value)).ok());
    const std::vector<PositionUpdate> positions{{"p", value}, {"q", std::move(other)}};
    ASSERT_TRUE(producer->commit(positions).ok());
  };
  commit("1", "1");
  commit("2", std::nullopt);
  EXPECT_EQ(*read_position(log, "p"), "2");
  EXPECT_FALSE(read_position(log, "q")->has_value());
  // Of the position alone, as a quiet source's.
  ASSERT_TRUE(producer->begin().ok());
  const std::vector<PositionUpdate> alone{{"p", "3"}};
  ASSERT_TRUE(producer->commit(alone).ok());
  EXPECT_EQ(*read_position(log, "p"), "3");
  EXPECT_THAT(values_of(log, "t"), ElementsAre("1", "2"));
}

void readers_stop_before_an_open_transaction(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto slow = open_producer(log, "slow");
  const auto quick = open_producer(log, "quick");
  write(*quick, "t", {"first"});
  ASSERT_TRUE(slow->begin().ok());
  // Large enough that no buffer keeps it back.
  const std::string large(900'000, 's');
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(slow->append(record("t", 0, "k", large)).ok());
  write(*quick, "t", {"second"});
  EXPECT_THAT(values_of(log, "t"), ElementsAre("first"));
  ASSERT_TRUE(slow->abort().ok());
  EXPECT_THAT(values_of(log, "t"), ElementsAre("first", "second"));
}

void order_is_kept_over_many_records(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  Strings values;
  for (int i = 0; i < 3000; ++i) values.push_back(std::to_string(i) + std::string(1000, 'v'));
  const auto end = write(*producer, "t", values);
  EXPECT_EQ(end, Offset{3001});
  EXPECT_EQ(values_of(log, "t"), values);
  // From the middle of whatever batches there are.
  const auto rest = values_of(log, "t", 0, Offset{1234});
  ASSERT_EQ(rest.size(), 3000U - 1234U);
  EXPECT_EQ(rest.front(), values[1234]);
  auto reader = *log.reader("t", 0, Offset{0});
  EXPECT_FALSE(reader->poll(0, 1)->empty());  // at least one, however little is asked for
  reader->seek(Offset{2999});
  const auto last = reader->poll(0, 1 << 20);
  ASSERT_EQ(last->size(), 1U);
  EXPECT_EQ(last->front().value, values[2999]);
  EXPECT_EQ(last->front().offset, Offset{2999});
  EXPECT_THAT(*reader->poll(0, 1 << 20), IsEmpty());
  EXPECT_EQ(reader->next_offset(), end);
}

void a_record_over_the_limit_is_rejected_alone(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t", 1, {{"max.message.bytes", "2000"}});
  const auto producer = open_producer(log);
  ASSERT_TRUE(producer->begin().ok());
  ASSERT_TRUE(producer->append(record("t", 0, "k", "before")).ok());
  EXPECT_EQ(producer->append(record("t", 0, "k", std::string(5000, 'x'))).error().code, ErrorCode::rejected);
  ASSERT_TRUE(producer->append(record("t", 0, "k", "after")).ok());
  ASSERT_TRUE(producer->commit({}).ok());
  EXPECT_THAT(values_of(log, "t"), ElementsAre("before", "after"));
}

void a_poll_waits_and_is_woken_or_interrupted(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  auto reader = *log.reader("t", 0, Offset{0});
  const auto producer = open_producer(log);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    write(*producer, "t", {"v"});
  });
  const auto records = reader->poll(60'000, 1 << 20);
  writer.join();
  ASSERT_TRUE(records.ok()) << records.error();
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(records->front().value, "v");
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    reader->interrupt();
  });
  EXPECT_THAT(*reader->poll(60'000, 1 << 20), IsEmpty());
  interrupter.join();
}

void a_reader_before_the_start_is_rejected(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  write(*producer, "t", {"a", "b", "c"});
  ASSERT_TRUE(under.remove_before("t", 0, Offset{2}).ok());
  EXPECT_EQ(log.range("t", 0)->start, Offset{2});
  auto reader = *log.reader("t", 0, Offset{0});
  EXPECT_EQ(reader->poll(0, 1 << 20).error().code, ErrorCode::rejected);
  reader->seek(Offset{2});
  EXPECT_EQ(reader->poll(0, 1 << 20)->size(), 1U);
}

void nothing_is_removed_past_a_hold(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto producer = open_producer(log);
  write(*producer, "t", {"a", "b", "c", "d"});
  ASSERT_TRUE(log.hold("one", "t", 0, Offset{1}).ok());
  ASSERT_TRUE(log.hold("two", "t", 0, Offset{3}).ok());
  const auto start_after_removal = [&] {
    static_cast<void>(under.remove_before("t", 0, Offset{4}).ok());  // refused, or shortened
    return log.range("t", 0)->start;
  };
  EXPECT_LE(start_after_removal(), Offset{1});
  ASSERT_TRUE(log.hold("one", "t", 0, Offset{2}).ok());
  EXPECT_LE(start_after_removal(), Offset{2});
  ASSERT_TRUE(log.hold("one", "t", 0, std::nullopt).ok());
  EXPECT_LE(start_after_removal(), Offset{3});
  ASSERT_TRUE(log.hold("two", "t", 0, std::nullopt).ok());
  EXPECT_EQ(start_after_removal(), Offset{4});
}

void a_reader_of_a_removed_topic_is_told(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  const auto id = log.describe("t")->id;
  EXPECT_EQ(log.describe("t")->id, id);
  auto reader = *log.reader("t", 0, Offset{0});
  std::thread remover([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(under.remove_topic("t").ok());
  });
  const auto records = reader->poll(60'000, 1 << 20);
  remover.join();
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, ErrorCode::not_found);
  make_topic(log, "t");
  EXPECT_NE(log.describe("t")->id, id);
}

void what_was_committed_survives_a_crash_and_what_was_not_is_aborted(LogUnderTest& under) {
  make_topic(under.log(), "t", 2);
  {
    auto& log = under.log();
    auto producer = open_producer(log);
    ASSERT_TRUE(producer->begin().ok());
    ASSERT_TRUE(producer->append(record("t", 0, "k", "kept")).ok());
    ASSERT_TRUE(producer->append(record("t", 1, "k", "kept")).ok());
    const std::vector<PositionUpdate> positions{{"p", "kept"}};
    ASSERT_TRUE(producer->commit(positions).ok());
    ASSERT_TRUE(producer->begin().ok());
    const std::string large(900'000, 'l');
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(producer->append(record("t", 0, "k", large)).ok());
    if (!under.crash()) GTEST_SKIP() << "lives and dies with its process";
    // Its process is gone: nothing ends the transaction. Kept where leak checkers look.
    static auto& dead = *new std::vector<Producer*>;
    dead.push_back(producer.release());
  }
  auto& log = under.log();
  EXPECT_THAT(values_of(log, "t", 1), ElementsAre("kept"));
  const auto producer = open_producer(log);
  EXPECT_EQ(*read_position(log, "p"), "kept");
  write(*producer, "t", {"next"});
  EXPECT_THAT(values_of(log, "t", 0), ElementsAre("kept", "next"));
}

void what_is_appended_alone_is_there_at_once_each_with_its_offset(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t", 2, {{"max.message.bytes", "1000"}});
  const std::string large(5000, 'x');
  const std::vector<NewRecord> records{record("t", 0, "k", "a"), record("t", 1, "k", "b"), record("none", 0, "k", "c"),
                                       record("t", 0, "k", large), record("t", 0, "k", "d"), record("t", 7, "k", "e")};
  const auto results = log.append(records);
  ASSERT_EQ(results.size(), records.size());
  EXPECT_EQ(results[0].value(), Offset{0});
  EXPECT_EQ(results[1].value(), Offset{0});
  EXPECT_EQ(results[2].error().code, ErrorCode::not_found);
  EXPECT_EQ(results[3].error().code, ErrorCode::rejected);
  EXPECT_EQ(results[4].value(), Offset{1});
  EXPECT_EQ(results[5].error().code, ErrorCode::not_found);
  EXPECT_THAT(values_of(log, "t", 0), ElementsAre("a", "d"));
  EXPECT_THAT(values_of(log, "t", 1), ElementsAre("b"));
}

void an_offset_is_found_by_its_time(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  std::vector<NewRecord> records;
  for (int i = 0; i < 3; ++i) {
    records.push_back(record("t", 0, "k", "v"));
    records.back().timestamp_ms = kTime + i * 1000;
    ASSERT_TRUE(log.append({&records.back(), 1})[0].ok());
  }
  EXPECT_EQ(log.offset_at("t", 0, 0).value(), Offset{0});
  EXPECT_EQ(log.offset_at("t", 0, kTime + 1).value(), Offset{1});
  EXPECT_EQ(log.offset_at("t", 0, kTime + 2000).value(), Offset{2});
  EXPECT_EQ(log.offset_at("t", 0, kTime + 9000).value(), Offset{3});
  EXPECT_EQ(log.offset_at("none", 0, 0).error().code, ErrorCode::not_found);
}

void producers_of_different_owners_do_not_disturb_each_other(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t");
  constexpr int kTransactions = 30;
  const auto run = [&](const std::string& owner) {
    const auto producer = open_producer(log, owner);
    for (int i = 0; i < kTransactions; ++i) {
      ASSERT_TRUE(producer->begin().ok());
      for (const char* half : {"a", "b"}) {
        ASSERT_TRUE(producer->append(record("t", 0, "k", owner + std::to_string(i) + half)).ok());
      }
      const auto ended = i % 3 == 0 ? producer->abort() : Result<void>{};
      ASSERT_TRUE(ended.ok()) << ended.error();
      if (i % 3 == 0) continue;
      ASSERT_TRUE(producer->commit({}).ok());
    }
  };
  std::thread one([&] { run("one-"); });
  std::thread two([&] { run("two-"); });
  one.join();
  two.join();
  Strings wanted;
  for (int i = 0; i < kTransactions; ++i) {
    if (i % 3 != 0) wanted.insert(wanted.end(), {std::to_string(i) + "a", std::to_string(i) + "b"});
  }
  Strings of_one, of_two;
  for (const auto& value : values_of(log, "t")) (value.starts_with("one-") ? of_one : of_two).push_back(value.substr(4));
  EXPECT_EQ(of_one, wanted);
  EXPECT_EQ(of_two, wanted);
}

// Each transaction writes as much to every partition: so the ends that are of one instant are equal.
void ends_of_many_partitions_are_of_one_instant(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t", 2);
  make_topic(log, "u");
  const std::vector<LogPartition> all{{"t", 0}, {"u", 0}, {"t", 1}};
  std::atomic<bool> done = false;
  std::atomic<std::size_t> moves = 0;
  std::thread writer([&] {
    const auto producer = open_producer(log);
    for (std::size_t i = 0; i < 100; ++i) {
      while (moves < std::min<std::size_t>(i, 2)) std::this_thread::yield();  // the first ones are seen each, whoever is faster

      EXPECT_TRUE(producer->begin().ok());
      for (const auto& [topic, partition] : all) EXPECT_TRUE(producer->append(record(topic, partition, "k", "v")).ok());
      EXPECT_TRUE(producer->commit({}).ok());
    }
    done = true;
  });
  std::vector<Offset> seen(all.size(), Offset{0});
  while (!done) {
    const auto ends = log.stable_ends(all, seen, 5);
    ASSERT_TRUE(ends.ok()) << ends.error();
    EXPECT_EQ(*ends, std::vector<Offset>(all.size(), ends->front()));
    moves += *ends != seen ? 1 : 0;
    seen = *ends;
  }
  writer.join();
  EXPECT_GT(moves, 1U);
  EXPECT_EQ(*log.stable_ends(all), std::vector<Offset>(all.size(), Offset{200}));
  EXPECT_EQ(log.stable_ends(std::vector<LogPartition>{{"t", 0}, {"t", 2}}).error().code, ErrorCode::not_found);
}

void waiting_for_ends_is_woken_by_any_of_them(LogUnderTest& under) {
  auto& log = under.log();
  make_topic(log, "t", 2);
  const std::vector<LogPartition> all{{"t", 0}, {"t", 1}};
  const std::vector<Offset> seen{Offset{0}, Offset{0}};
  EXPECT_EQ(*log.stable_ends(all, seen, 10), seen);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    write(*open_producer(log), "t", {"v"}, 1);
  });
  EXPECT_EQ(log.stable_ends(all, seen, 60'000)->at(1), Offset{2});
  writer.join();
}

class ContractTest : public ::testing::Test {
 public:
  ContractTest(MakeLogUnderTest make, void (*promise)(LogUnderTest&)) : make_(std::move(make)), promise_(promise) {}
  void TestBody() override {
    const auto under = make_();
    promise_(*under);
  }

 private:
  MakeLogUnderTest make_;
  void (*promise_)(LogUnderTest&);
};

struct Promise {
  const char* name;
  void (*check)(LogUnderTest&);
};

constexpr Promise kPromises[] = {
    {"TopicsAreMadeOnceDescribedAndAltered", &topics_are_made_once_described_and_altered},
    {"WhatIsNotThereIsNotFound", &what_is_not_there_is_not_found},
    {"ATransactionShowsAtItsCommitWhole", &a_transaction_shows_at_its_commit_whole},
    {"RecordsComeBackAsTheyWereGiven", &records_come_back_as_they_were_given},
    {"AnAbortedTransactionIsNeverSeen", &an_aborted_transaction_is_never_seen},
    {"AnEmptyTransactionEndsEitherWay", &an_empty_transaction_ends_either_way},
    {"ANewerProducerFencesTheOlder", &a_newer_producer_fences_the_older},
    {"PositionsGoWithTheirTransaction", &positions_go_with_their_transaction},
    {"ReadersStopBeforeAnOpenTransaction", &readers_stop_before_an_open_transaction},
    {"OrderIsKeptOverManyRecords", &order_is_kept_over_many_records},
    {"ARecordOverTheLimitIsRejectedAlone", &a_record_over_the_limit_is_rejected_alone},
    {"APollWaitsAndIsWokenOrInterrupted", &a_poll_waits_and_is_woken_or_interrupted},
    {"AReaderBeforeTheStartIsRejected", &a_reader_before_the_start_is_rejected},
    {"NothingIsRemovedPastAHold", &nothing_is_removed_past_a_hold},
    {"AReaderOfARemovedTopicIsTold", &a_reader_of_a_removed_topic_is_told},
    {"WhatWasCommittedSurvivesACrashAndWhatWasNotIsAborted",
     &what_was_committed_survives_a_crash_and_what_was_not_is_aborted},
    {"WhatIsAppendedAloneIsThereAtOnceEachWithItsOffset", &what_is_appended_alone_is_there_at_once_each_with_its_offset},
    {"AnOffsetIsFoundByItsTime", &an_offset_is_found_by_its_time},
    {"EndsOfManyPartitionsAreOfOneInstant", &ends_of_many_partitions_are_of_one_instant},
    {"WaitingForEndsIsWokenByAnyOfThem", &waiting_for_ends_is_woken_by_any_of_them},
    {"ProducersOfDifferentOwnersDoNotDisturbEachOther", &producers_of_different_owners_do_not_disturb_each_other},
};

}  // namespace

bool register_log_contract(const std::string& name, const MakeLogUnderTest& make) {
  for (const auto& promise : kPromises) {
    ::testing::RegisterTest((name + "KeepsTheContract").c_str(), promise.name, nullptr, nullptr, __FILE__, __LINE__,
                            [make, check = promise.check]() -> ::testing::Test* { return new ContractTest(make, check); });
  }
  return true;
}

}  // namespace sluice::pipeline
