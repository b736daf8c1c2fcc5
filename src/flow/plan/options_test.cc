#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "flow/plan/plan.h"

namespace sluice::flow {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using enum TypeKind;

// A topic's: (user_id int4, page text, ts timestamptz, body text), and _offset.
Result<Relation> related(const std::string& statement) {
  Relation topic{.name = "clicks", .topic = "clicks", .columns = {}, .hidden = 1, .key = {0}};
  topic.columns = {{"user_id", {int4}}, {"page", {text}}, {"ts", {timestamptz}}, {"body", {text}}, {"_offset", {int8}}};
  const auto statements = sql::parse_statements(statement);
  if (!statements.ok()) return statements.error();
  return bind_relation(std::get<sql::CreateTable>(statements->front().form), statement, topic);
}

std::string refused(const std::string& statement) {
  const auto out = related(statement);
  return out.ok() ? "taken" : out.error().text();
}

TEST(RelationOptions, AnEmptyListTakesAllColumns) {
  const auto out = related("CREATE TABLE c () WITH (topic = 'clicks', watermark = 'ts - interval ''5 s''', keep = '1 hour', idle = '3 s')");
  ASSERT_TRUE(out.ok()) << out.error();
  EXPECT_EQ(out->name, "c");
  EXPECT_EQ(out->topic, "clicks");
  EXPECT_EQ(out->columns.size(), 5U);
  EXPECT_EQ(out->hidden, 1U);
  EXPECT_FALSE(out->is_table());
  EXPECT_EQ(out->time, 2U);
  EXPECT_EQ(out->keep_us, 3'600'000'000);
  EXPECT_EQ(out->idle_us, 3'000'000);
}

TEST(RelationOptions, AWatermarkIsReadOverTheColumns) {
  const auto out = related("CREATE TABLE c (page text, ts timestamptz) WITH (watermark = 'c.ts - interval ''5 s''')");
  ASSERT_TRUE(out.ok()) << out.error();
  EXPECT_EQ(out->time, 1U);
  Arena arena;
  const auto row = arena.row(5);
  row[1] = Value::of_integer(15'000'000);
  EXPECT_EQ(evaluate(*out->watermark, row, arena)->integer, 10'000'000);
}

TEST(RelationOptions, ColumnsAreThoseThatAreNamed) {
  const auto out = related("CREATE TABLE clicks (ts timestamp, user_id int8, body jsonb, PRIMARY KEY (user_id))");
  ASSERT_TRUE(out.ok()) << out.error();
  ASSERT_EQ(out->columns.size(), 4U);
  EXPECT_EQ(out->columns[0].type.kind, timestamp);
  EXPECT_EQ(out->columns[1].type.kind, int8);
  EXPECT_EQ(out->columns[2].type.kind, json);
  EXPECT_EQ(out->columns[3].name, "_offset");
  EXPECT_EQ(out->key, std::vector<std::size_t>{1});
  EXPECT_EQ(related("CREATE TABLE clicks () WITH (key = 'page, user_id')")->key, (std::vector<std::size_t>{1, 0}));
}

TEST(RelationOptions, AreRefusedWithTheirPlace) {
  for (const auto& [marked, why] : std::vector<std::pair<std::string, std::string>>{
           {"CREATE TABLE c (^pge text)", "topic c has no column \"pge\"; did you mean \"page\"?"},
           {"CREATE TABLE c (^page int4)", "column \"page\" of topic c is text, which is not read as integer"},
           {"CREATE TABLE c (^user_id int2)", "which is not read as smallint"},
           {"CREATE TABLE c (page text, ^page text)", "specified more than once"},
           {"CREATE TABLE c () WITH (^watermrk = 'ts')", "did you mean \"watermark\"?"},
           {"CREATE TABLE c () WITH (^topic = 'a', topic = 'b')", "more than once"},
           {"CREATE TABLE c () WITH (^watermark = 'ts -')", "watermark: "},
           {"CREATE TABLE c () WITH (^watermark = 'user_id')", "watermark: line 1, column 1: it is a timestamp, not integer"},
           {"CREATE TABLE c () WITH (^watermark = 'tx')", "watermark: line 1, column 1: column \"tx\" does not exist; did you mean \"ts\"?"},
           {"CREATE TABLE c () WITH (^watermark = '''2026-01-01''::timestamptz')", "made of one column"},
           {"CREATE TABLE c () WITH (^keep = 'soon')", "keep: "},
           {"CREATE TABLE c () WITH (^keep = '1 month')", "keep: an interval of months has no fixed length"},
           {"CREATE TABLE c () WITH (key = 'page', ^keep = '1 s')", "keep is of a stream"},
           {"CREATE TABLE c () WITH (^keep = '1 s')", "there is no watermark"},
           {"CREATE TABLE c () WITH (^idle = '-1 s')", "idle: the interval is negative"},
           {"CREATE TABLE c () WITH (^key = 'pag')", "column \"pag\" named in key does not exist"},
           {"CREATE TABLE c () WITH (^key = ' , ')", "names no column"}}) {
    auto plain = marked;
    const auto at = plain.find('^');
    plain.erase(at, 1);
    const auto told = refused(plain);
    EXPECT_THAT(told, StartsWith("line 1, column " + std::to_string(at + 1) + ": ")) << plain;
    EXPECT_THAT(told, HasSubstr(why)) << plain;
  }
}

Result<BindOptions> optioned(const std::string& options) {
  const auto statement = "CREATE MATERIALIZED VIEW v (a) WITH (" + options + ") AS SELECT x FROM y";
  const auto statements = sql::parse_statements(statement);
  if (!statements.ok()) return statements.error();
  return bind_options(std::get<sql::CreateView>(statements->front().form), statement);
}

TEST(ViewOptions, AreRead) {
  const auto out = optioned("emit = 'final', grace = '10 s', within = '1 day'");
  ASSERT_TRUE(out.ok()) << out.error();
  EXPECT_EQ(out->emit, Emit::final);
  EXPECT_EQ(out->grace_us, 10'000'000);
  EXPECT_EQ(out->within_us, 86'400'000'000);
  EXPECT_EQ(out->columns, std::vector<std::string>{"a"});
  EXPECT_EQ(optioned("emit = 'changes'")->emit, Emit::changes);
}

TEST(ViewOptions, AreRefused) {
  EXPECT_THAT(optioned("emit = 'now'").error().text(), HasSubstr("emit is 'changes' or 'final', not 'now'"));
  EXPECT_THAT(optioned("emti = 'final'").error().text(), HasSubstr("did you mean \"emit\"?"));
  EXPECT_THAT(optioned("grace = 'x'").error().text(), HasSubstr("grace: "));
  EXPECT_THAT(optioned("colour = 'x'").error().text(), HasSubstr("known are emit, grace, within"));
}

}  // namespace
}  // namespace sluice::flow
