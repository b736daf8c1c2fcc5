#include "avro/compiled.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "avro/avro_testing.h"
#include "avro/single_object.h"

namespace sluice::avro {
namespace {

std::string record(int fields) {
  std::string out = R"({"type":"record","name":"R","fields":[)";
  for (int i = 0; i < fields; ++i) out += (i > 0 ? "," : "") + std::string(R"({"name":"f)") + std::to_string(i) + R"(","type":"int","default":0})";
  return out + "]}";
}

TEST(Compiled, EachIsMadeOnce) {
  Compiled compiled;
  const auto one = compiled.schema(record(1)).value();
  const auto same = compiled.schema(record(1)).value();
  EXPECT_EQ(&one.root(), &same.root());
  EXPECT_EQ(compiled.program(one), compiled.program(same));
  const auto two = compiled.schema(record(2)).value();
  EXPECT_NE(compiled.program(one), compiled.program(two));
  EXPECT_FALSE(compiled.resolution(one, two)->is_identity());
  EXPECT_TRUE(compiled.resolution(one, same)->is_identity());
  EXPECT_EQ(&compiled.program(one, two)->code(), &compiled.program(same, two)->code());
  EXPECT_NE(&compiled.program(one, two)->code(), &compiled.program(two, one)->code());
  EXPECT_FALSE(compiled.schema("no schema").ok());
}

TEST(Compiled, BeyondItsCapacityTheOldestGo) {
  Compiled compiled(3);
  std::vector<Schema> schemas;
  for (int i = 0; i < 4; ++i) schemas.push_back(compiled.schema(record(i)).value());
  const auto first = compiled.program(schemas[0]);
  const auto second = compiled.program(schemas[1]);
  EXPECT_EQ(compiled.program(schemas[0]), first);
  static_cast<void>(compiled.program(schemas[2]));
  EXPECT_EQ(compiled.program(schemas[0]), first);
  static_cast<void>(compiled.program(schemas[3]));  // the second goes
  EXPECT_EQ(compiled.program(schemas[0]), first);
  EXPECT_NE(compiled.program(schemas[1]), second);
  EXPECT_EQ(second->root().children, 1U);  // and is still good
}

TEST(Compiled, ThreadsShareIt) {
  Compiled compiled(8);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto writer = compiled.schema(record((i + t) % 10)).value();
        const auto reader = compiled.schema(record(i % 7)).value();
        const auto resolution = compiled.resolution(writer, reader);
        Bytes out;
        const bool fits = resolution.ok() && resolution->resolve(Bytes(static_cast<std::size_t>((i + t) % 10), '\2'), out).ok();
        if (!fits || out.size() != static_cast<std::size_t>(i % 7) || compiled.program(reader)->root().children != out.size()) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(SingleObject, HasTheFingerprintInItsHeader) {
  int compared = 0;
  for (const auto& line : golden_lines("canonical.jsonl")) {
    const auto fingerprint = fingerprint_of(Schema::parse(text_of(line, "input")).value());
    Bytes out;
    append_single_object_header(fingerprint, out);
    EXPECT_EQ(hex(out), "c301" + text_of(line, "rabin64_le"));
    const auto whole = out + "datum";
    const auto parsed = parse_single_object(whole);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->fingerprint, fingerprint);
    EXPECT_EQ(parsed->datum, "datum");
    EXPECT_FALSE(parse_single_object(ByteView(out).substr(0, 9)).ok());
    ++compared;
  }
  EXPECT_GE(compared, 130);
  EXPECT_FALSE(parse_single_object("\xc3\x02........").ok());
}

TEST(Schema, NamesAreTakenAsTheyAreWhenAsked) {
  const auto* old = R"({"type":"record","name":"9-to-5","namespace":"my org.x","fields":[{"name":"first name","type":{"type":"enum","name":"e!","symbols":["in-progress","\"q\""]}},{"name":"again","type":"e!"}]})";
  EXPECT_FALSE(Schema::parse(old).ok());
  const auto taken = Schema::parse(old, {.validate_names = false});
  ASSERT_TRUE(taken.ok()) << taken.error();
  const auto again = Schema::parse(taken->text(), {.validate_names = false});
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->text(), taken->text());
  const auto canonical = Schema::parse(taken->canonical(), {.validate_names = false});
  ASSERT_TRUE(canonical.ok()) << canonical.error() << taken->canonical();
  EXPECT_EQ(canonical->canonical(), taken->canonical());
  EXPECT_FALSE(Schema::parse(R"({"type":"record","name":"","fields":[]})", {.validate_names = false}).ok());
  EXPECT_FALSE(Schema::parse(R"({"type":"record","name":"a..b","fields":[]})", {.validate_names = false}).ok());
}

}  // namespace
}  // namespace sluice::avro
