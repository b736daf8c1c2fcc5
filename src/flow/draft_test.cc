#include "flow/draft.h"

#include <gtest/gtest.h>

#include <string>

#include "flow/rows/rows.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"

namespace sluice::flow {
namespace {

class Drafts : public testing::Test {
 protected:
  Drafts() {
    EXPECT_TRUE(log_.ensure_topic({.name = "shop.public.orders", .config = {{"cleanup.policy", "compact"}}}).ok());
    EXPECT_TRUE(catalog_.add("shop.public.orders-key", R"({"type":"record","name":"Key","fields":[{"name":"id","type":"int"}]})").ok());
    EXPECT_TRUE(catalog_.add("shop.public.orders-value", R"({"type":"record","name":"Value","fields":[
      {"name":"id","type":["null","int"],"default":null},{"name":"country","type":["null","string"],"default":null}]})").ok());
  }

  // Carries a text out, as far as definitions go; gives what was told, or the error's message.
  std::string say(const std::string& text) {
    const auto statements = sql::parse_statements(text);
    if (!statements.ok()) return statements.error().message;
    Draft draft(definitions_, log_, catalog_);
    for (const auto& statement : *statements) {
      if (const auto done = draft.apply(statement, text); !done.ok()) return done.error().text();
    }
    definitions_ = draft.definitions();
    for (const auto& [topic, shape] : draft.new_streams()) {
      streams_[topic] = shape;
      EXPECT_TRUE(log_.ensure_topic({.name = topic}).ok());
      EXPECT_TRUE(catalog_.add(topic + "-value", RowWriter::schema_of(shape.columns, "", "Value", false)->text()).ok());
    }
    constexpr const char* kWhat[] = {"created", "unchanged", "replaced", "building", "dropped"};
    std::string out;
    for (const auto& told : draft.told()) out += (out.empty() ? "" : ", ") + told.name + " " + kWhat[static_cast<int>(told.what)];
    return out;
  }

  pipeline::MemoryLog log_;
  pipeline::MemoryCatalog catalog_;
  Definitions definitions_;
  std::map<std::string, TopicShape> streams_;
};

constexpr const char* kClicks = "CREATE TABLE clicks (order_id int8, ts timestamptz) WITH (watermark = 'ts - interval ''5 s''');\n";
constexpr const char* kCounts =
    "CREATE MATERIALIZED VIEW counts AS SELECT o.country, count(*) AS n FROM clicks k JOIN shop.public.orders o ON o.id = k.order_id GROUP BY o.country";

TEST_F(Drafts, ATableNamesATopicThatIsNotThereYet) {
  EXPECT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  ASSERT_TRUE(streams_.contains("clicks"));
  EXPECT_EQ(streams_["clicks"].columns.size(), 2U);
  const auto& form = definitions_["counts"].form;
  EXPECT_TRUE(form.topics.contains("clicks"));
  EXPECT_EQ(form.topics.at("shop.public.orders").key, std::vector<std::size_t>{0});
  EXPECT_TRUE(form.tables.contains("clicks"));
  EXPECT_EQ(say(std::string(kClicks) + kCounts), "clicks unchanged, counts unchanged");
}

TEST_F(Drafts, AKeptDefinitionBindsAsItDid) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  const auto kept = parse_definition("counts", definition_text(definitions_["counts"]));
  ASSERT_TRUE(kept.ok()) << kept.error();
  // The table has another column now, and the stream another form.
  ASSERT_TRUE(catalog_.add("shop.public.orders-value", R"({"type":"record","name":"Value","fields":[
      {"name":"note","type":["null","string"],"default":null}]})").ok());
  const auto bound = bind_form(kept->form);
  ASSERT_TRUE(bound.ok()) << bound.error();
  EXPECT_EQ(plan_text(bound->plan), plan_text(bind_form(definitions_["counts"].form)->plan));
  EXPECT_EQ(bound->plan.root->columns[1].name, "n");
}

TEST_F(Drafts, AllIsCheckedBeforeTheFirst) {
  const auto told = say(std::string(kClicks) + "CREATE MATERIALIZED VIEW v AS\n  SELECT nope FROM clicks");
  EXPECT_NE(told.find("line 3, column 10"), std::string::npos) << told;
  EXPECT_TRUE(definitions_.empty());
}

TEST_F(Drafts, AnotherDefinitionIsBuiltBeside) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  const auto other = std::string(kCounts) + " HAVING count(*) > 1";
  EXPECT_EQ(say(other), "counts building");
  EXPECT_EQ(definitions_["counts"].building->generation, 2U);
  EXPECT_EQ(say(other), "counts unchanged");
  EXPECT_EQ(say(kCounts), "counts unchanged");  // and gives up what is built
  EXPECT_FALSE(definitions_["counts"].building);
  EXPECT_EQ(say(other), "counts building");
  EXPECT_EQ(definitions_["counts"].building->generation, 3U);  // what is left of 2 is not met again
}

TEST_F(Drafts, AnotherStreamBuildsItsReadersAnew) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  EXPECT_EQ(say("CREATE TABLE clicks (order_id int8, ts timestamptz) WITH (watermark = 'ts - interval ''9 s''')"), "clicks replaced, counts building");
  EXPECT_EQ(definitions_["counts"].building->sql, definitions_["counts"].form.sql);
}

TEST_F(Drafts, ReadersHoldOnToWhatTheyRead) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  ASSERT_EQ(say("CREATE MATERIALIZED VIEW many AS SELECT country, n FROM counts WHERE n > 2"), "many created");
  EXPECT_NE(say("DROP MATERIALIZED VIEW counts").find("counts is read by many"), std::string::npos);
  EXPECT_NE(say("DROP TABLE clicks").find("clicks is read by counts"), std::string::npos);
  EXPECT_NE(say("CREATE MATERIALIZED VIEW counts AS SELECT country, count(*) AS other FROM shop.public.orders GROUP BY country").find("view many reads columns"),
            std::string::npos);
  EXPECT_EQ(say("CREATE MATERIALIZED VIEW counts AS SELECT country, count(*) AS n, max(id) AS top FROM shop.public.orders GROUP BY country"), "counts building");
  EXPECT_EQ(say(kCounts), "counts unchanged");
  ASSERT_EQ(say("DROP MATERIALIZED VIEW many; CREATE MATERIALIZED VIEW many AS SELECT country FROM counts"), "many dropped, many created");
  EXPECT_EQ(say("CREATE MATERIALIZED VIEW counts AS SELECT country, max(id) AS top FROM shop.public.orders GROUP BY country"), "counts building");  // n is not read
  EXPECT_NE(say("CREATE MATERIALIZED VIEW counts AS SELECT country FROM many GROUP BY country").find("would read itself, through many"), std::string::npos);
  EXPECT_EQ(say("DROP MATERIALIZED VIEW many, counts; DROP TABLE clicks"), "many dropped, counts dropped, clicks dropped");
}

TEST_F(Drafts, ADroppedViewsTopicIsTakenOver) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  ASSERT_EQ(say("DROP MATERIALIZED VIEW counts"), "counts dropped");
  ASSERT_TRUE(log_.ensure_topic({.name = "counts"}).ok());  // as the view had made it
  EXPECT_NE(say("DROP MATERIALIZED VIEW counts").find("there is no view counts"), std::string::npos);
  EXPECT_EQ(say("DROP MATERIALIZED VIEW IF EXISTS counts"), "counts unchanged");
  EXPECT_EQ(say(kCounts), "counts created");
  EXPECT_EQ(definitions_["counts"].building->generation, 2U);
}

TEST_F(Drafts, ANameMayBecomeAStreamsAndAViewsAgain) {
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  EXPECT_EQ(say("DROP MATERIALIZED VIEW counts; CREATE TABLE counts (a int4)"), "counts dropped, counts created");
  EXPECT_FALSE(definitions_["counts"].is_view);
  log_.remove_topic("counts");
  EXPECT_EQ(say(std::string("DROP TABLE counts; ") + kCounts), "counts dropped, counts created");
  EXPECT_TRUE(definitions_["counts"].is_view);
  EXPECT_FALSE(definitions_["counts"].building);
}

TEST_F(Drafts, NamesThatAreTakenOrUnknownAreRefused) {
  EXPECT_NE(say("CREATE MATERIALIZED VIEW \"shop.public.orders\" AS SELECT id FROM shop.public.orders").find("there is a topic shop.public.orders already"),
            std::string::npos);
  EXPECT_NE(say("CREATE MATERIALIZED VIEW _v AS SELECT id FROM shop.public.orders").find("cannot be a topic's name"), std::string::npos);
  EXPECT_NE(say("CREATE MATERIALIZED VIEW v AS SELECT id FROM orders").find("did you mean shop.public.orders?"), std::string::npos);
  EXPECT_NE(say("SELECT 1").find("a SELECT defines nothing"), std::string::npos);
  ASSERT_EQ(say(std::string(kClicks) + kCounts), "clicks created, counts created");
  EXPECT_NE(say("CREATE MATERIALIZED VIEW clicks AS SELECT id FROM shop.public.orders").find("clicks is a stream"), std::string::npos);
  EXPECT_NE(say("CREATE TABLE counts (a int)").find("counts is a view"), std::string::npos);
  EXPECT_NE(say("CREATE MATERIALIZED VIEW v AS SELECT id FROM public.orders").find("did you mean shop.public.orders?"), std::string::npos);
  EXPECT_NE(say("CREATE MATERIALIZED VIEW \"counts.late\" AS SELECT id FROM shop.public.orders").find("late rows"), std::string::npos);
}

// A group may be of nulls, and who reads the view must not take its key for one that cannot be.
TEST_F(Drafts, AKeyOfAViewMayBeNull) {
  ASSERT_EQ(say("CREATE MATERIALIZED VIEW a AS SELECT country, count(*) AS n FROM shop.public.orders GROUP BY country;"
                "CREATE MATERIALIZED VIEW b AS SELECT id, count(*) AS n FROM shop.public.orders GROUP BY id;"
                "CREATE MATERIALIZED VIEW c AS SELECT country FROM a; CREATE MATERIALIZED VIEW d AS SELECT id FROM b"), "a created, b created, c created, d created");
  EXPECT_TRUE(definitions_["c"].form.topics.at("a").null_keys);
  EXPECT_FALSE(definitions_["d"].form.topics.at("b").null_keys);
  EXPECT_TRUE(shape_of_plan(bind_form(definitions_["c"].form)->plan).null_keys);
}

TEST_F(Drafts, ColumnsOfTheViewAreNamed) {
  ASSERT_EQ(say("CREATE MATERIALIZED VIEW v (a, b) AS SELECT id, country, 1 AS c FROM shop.public.orders"), "v created");
  const auto bound = bind_form(definitions_["v"].form);
  ASSERT_TRUE(bound.ok()) << bound.error();
  EXPECT_EQ(bound->plan.root->columns[0].name + bound->plan.root->columns[1].name + bound->plan.root->columns[2].name, "abc");
  EXPECT_NE(say("CREATE MATERIALIZED VIEW w (a, b) AS SELECT id FROM shop.public.orders").find("too many column names"), std::string::npos);
}

}  // namespace
}  // namespace sluice::flow
