// Decoding by another schema must show what resolving the bytes, and decoding those, shows.

#include "avro/resolved_program.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "avro/avro_testing.h"
#include "avro/encoder.h"
#include "avro/json.h"
#include "avro/random_testing.h"
#include "avro/resolution.h"

namespace sluice::avro {
namespace {

// What a visitor saw, as text; fields sorted by their place, as their order may differ.
class Seen : public NoVisitor {
 public:
  void null() { add("null"); }
  void boolean(bool value) { add(value ? "true" : "false"); }
  void integer(const Node& node, std::int64_t value) { add(std::string(type_name(node.type)) + " " + std::to_string(value)); }
  void float_number(float value) { add("float " + hex({reinterpret_cast<const char*>(&value), sizeof value})); }
  void double_number(double value) { add("double " + hex({reinterpret_cast<const char*>(&value), sizeof value})); }
  void string(ByteView text) { add("string " + hex(text)); }
  void bytes(const Node& node, ByteView bytes) { add(std::string(type_name(node.type)) + " " + hex(bytes)); }
  void symbol(const Node& node, std::size_t index) { add(node.symbols.at(index)); }
  void begin_branch(const Node& node, std::size_t index) { add("as " + std::string(type_name(node.branches.at(index)->type))); }
  void begin_record(const Node& node) { open(node.full_name()); }
  void field(const Node& node, std::size_t index) { levels_.back().at = index, levels_.back().parts[index] = node.fields.at(index).name + ": "; }
  void end_record(const Node&) { close(); }
  void begin_array() { open("array"); }
  void item() { next(); }
  void end_array() { close(); }
  void begin_map() { open("map"); }
  void key(ByteView key) { next(), add(hex(key) + ": "); }
  void end_map() { close(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Level {
    std::string name;
    std::map<std::size_t, std::string> parts;
    std::size_t at = 0;
  };
  void add(const std::string& text) { (levels_.empty() ? text_ : levels_.back().parts[levels_.back().at]) += text + " "; }
  void next() { levels_.back().at = levels_.back().parts.size(), levels_.back().parts[levels_.back().at]; }
  void open(const std::string& name) { levels_.emplace_back().name = name; }
  void close() {
    auto text = levels_.back().name + "(";
    for (const auto& [at, part] : levels_.back().parts) text += part + ", ";
    levels_.pop_back();
    add(text + ")");
  }
  std::vector<Level> levels_;
  std::string text_;
};

// By the one way and the other. Gives whether there was something to see.
bool expect_the_same(const Schema& writer, const Schema& reader, ByteView datum) {
  const auto resolution = Resolution::compile(writer, reader);
  const auto program = ResolvedProgram::compile(writer, reader);
  EXPECT_EQ(program.ok(), resolution.ok());
  if (!program.ok() || !resolution.ok()) return false;
  Bytes bytes;
  Seen seen;
  const auto resolved = resolution->resolve(datum, bytes);
  const auto decoded = decode(*program, datum, seen);
  EXPECT_EQ(decoded.ok(), resolved.ok()) << (decoded.ok() ? resolved.error() : decoded.error());
  if (!decoded.ok() || !resolved.ok()) {
    if (!decoded.ok() && !resolved.ok()) {
      EXPECT_EQ(decoded.error().code, resolved.error().code) << decoded.error() << resolved.error();
    }
    return false;
  }
  Seen expected;
  EXPECT_TRUE(decode(Program(reader), bytes, expected).ok());
  EXPECT_EQ(seen.text(), expected.text());
  return true;
}

TEST(ResolvedProgram, ShowsWhatResolvingWrites) {
  int compared = 0;
  for (const auto& line : golden_lines("resolve.jsonl")) {
    SCOPED_TRACE(text_of(line, "name") + "\nW " + text_of(line, "writer") + "\nR " + text_of(line, "reader") + "\n" + text_of(line, "hex"));
    const auto writer = Schema::parse(text_of(line, "writer"), {.validate_defaults = false}).value();
    const auto reader = Schema::parse(text_of(line, "reader"), {.validate_defaults = false}).value();
    if (expect_the_same(writer, reader, unhex(text_of(line, "hex")))) ++compared;
  }
  EXPECT_GE(compared, 100);
}

TEST(ResolvedProgram, OfHostileBytesToo) {
  int compared = 0;
  for (const auto& line : golden_lines("hostile.jsonl")) {
    SCOPED_TRACE(text_of(line, "name"));
    const auto schema = Schema::parse(text_of(line, "schema"), {.validate_defaults = false}).value();
    const auto program = ResolvedProgram::compile(schema, schema).value();
    const auto bytes = unhex(text_of(line, "hex"));
    ByteView rest = bytes;
    ByteView plain = bytes;
    Seen seen;
    Seen expected;
    constexpr DecodeLimits kLimits{.items_of_no_bytes = 10'000};
    const auto done = decode_front(program, rest, seen, kLimits);
    EXPECT_EQ(done.ok(), decode_front(Program(schema), plain, expected, kLimits).ok());
    if (!done.ok()) continue;
    EXPECT_EQ(rest.size(), plain.size());
    EXPECT_EQ(seen.text(), expected.text());
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(ResolvedProgram, OfRandomSchemasAndData) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomAvro random(seed);
  int compared = 0;
  for (int i = 0; i < 150; ++i) {
    const auto writer = Schema::parse(random.schema(true)).value();
    const auto reader = Schema::parse(random.schema(random.below(4) != 0), {.validate_defaults = false}).value();
    for (int j = 0; j < 5; ++j) {
      const auto json = random.datum(writer.root());
      Bytes datum;
      ASSERT_TRUE(from_json(writer, json, datum).ok());
      for (const auto* by : {&writer, &reader}) {
        if (expect_the_same(writer, *by, datum)) ++compared;
        if (HasFailure()) FAIL() << writer.text() << "\n" << by->text() << "\n" << json;
      }
    }
  }
  EXPECT_GE(compared, 750);
}

TEST(ResolvedProgram, FieldsComeInTheWritersOrderAndDefaultsLast) {
  const auto writer = Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"gone","type":"string"},{"name":"b","type":"string"}]})").value();
  const auto reader = Schema::parse(R"({"type":"record","name":"R","fields":[{"name":"new","type":{"type":"array","items":"string"},"default":["x"]},{"name":"b","type":["null","bytes"]},{"name":"a","type":"double"}]})").value();
  struct Order : NoVisitor {
    std::string text;
    void field(const Node& node, std::size_t i) { text += node.fields[i].name + " "; }
    void string(ByteView value) { text += std::string(value) + " "; }
  } order;
  const auto program = ResolvedProgram::compile(writer, reader).value();
  ASSERT_TRUE(decode(program, unhex("0a" "0474747474"
                                    "0262"), order).ok() == false);  // "gone" is cut off
  order.text.clear();
  const auto done = decode(program, unhex("0a" "047474" "0262"), order);
  ASSERT_TRUE(done.ok()) << done.error();
  EXPECT_EQ(order.text, "a b new x ");
  const auto wrong = decode(program, unhex("0a" "ff"), order);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("/gone"), std::string::npos) << wrong.error();
}

}  // namespace
}  // namespace sluice::avro
