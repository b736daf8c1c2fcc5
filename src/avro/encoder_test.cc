#include "avro/encoder.h"

#include <gtest/gtest.h>

#include "avro/avro_testing.h"

namespace sluice::avro {
namespace {

Program program(std::string_view schema) { return Program(Schema::parse(schema, {.validate_defaults = false}).value()); }

constexpr const char* kRow = R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"u","type":["null","string"]},
    {"name":"list","type":{"type":"array","items":{"type":"record","name":"I","fields":[{"name":"x","type":"double"}]}}},
    {"name":"m","type":{"type":"map","values":"long"}},{"name":"f","type":{"type":"fixed","name":"F","size":2}},
    {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"nothing","type":{"type":"record","name":"N","fields":[]}}]})";

TEST(Encoder, WritesTheBytesOfJava) {
  int compared = 0;
  for (const auto& line : golden_lines("binary.jsonl")) {
    const auto by = program(text_of(line, "schema"));
    for (const auto* key : {"hex", "hex_blocked"}) {
      if (!line.contains(key)) continue;
      Bytes out;
      {
        Encoder encoder(by, out);
        ASSERT_TRUE(decode(by, unhex(text_of(line, key)), encoder).ok());
        const auto datum = encoder.finish();
        ASSERT_TRUE(datum.ok()) << datum.error() << line;
        EXPECT_EQ(hex(*datum), text_of(line, "hex")) << line;
      }
      EXPECT_EQ(hex(out), text_of(line, "hex")) << line;
      ++compared;
    }
  }
  EXPECT_GE(compared, 380);
}

void push_row(Encoder& encoder, std::size_t items) {
  encoder.begin_record();
  encoder.integer(-1);
  encoder.branch(1);
  encoder.string("x");
  encoder.begin_array();
  for (std::size_t i = 0; i < items; ++i) {
    encoder.item();
    encoder.begin_record();
    encoder.double_number(0.5);
    encoder.end_record();
  }
  encoder.end_array();
  encoder.begin_map();
  encoder.key("k");
  encoder.integer(1);
  encoder.end_map();
  encoder.bytes("ff");
  encoder.symbol(1);
  encoder.begin_record();
  encoder.end_record();
  encoder.end_record();
}

TEST(Encoder, CountsOfAnySizeStandBeforeTheirItems) {
  const auto by = program(kRow);
  for (const std::size_t items : {0, 1, 63, 64, 8191, 8192, 100'000}) {
    Bytes out;
    Encoder encoder(by, out);
    push_row(encoder, items);
    const auto datum = encoder.finish();
    ASSERT_TRUE(datum.ok()) << datum.error();
    EXPECT_TRUE(check(by, *datum).ok()) << items;
    ByteReader in(datum->substr(4));  // behind "a" and "u"
    EXPECT_EQ(in.zigzag(), static_cast<std::int64_t>(items));
    EXPECT_EQ(datum->size(), 4 + (items == 0 ? 0 : static_cast<std::size_t>(varint_size(2 * items))) + 8 * items + 1 + 5 + 3);
  }
}

TEST(Encoder, DataFollowEachOther) {
  const auto by = program(kRow);
  Bytes out = "kept";
  Bytes one;
  {
    Encoder encoder(by, out);
    push_row(encoder, 3);
    one = *encoder.finish();
    push_row(encoder, 3);
    ASSERT_TRUE(encoder.finish().ok());
    encoder.begin_record();  // a third that is left unfinished
  }
  EXPECT_EQ(out, "kept" + one + one);
  Encoder again(by, out);
  again.rewind();
  push_row(again, 3);
  EXPECT_EQ(*again.finish(), one);
}

// Pushes what does not fit; then a good datum must come out as if nothing had been.
template <typename Push>
std::string refusal(Push push) {
  const auto by = program(kRow);
  Bytes good;
  {
    Encoder encoder(by, good);
    push_row(encoder, 2);
    EXPECT_TRUE(encoder.finish().ok());
  }
  Bytes out;
  std::string message;
  {
    Encoder encoder(by, out);
    push(encoder);
    const auto done = encoder.finish();
    if (done.ok()) return "taken";
    EXPECT_EQ(done.error().code, ErrorCode::rejected);
    message = done.error().message;
    push_row(encoder, 2);
    EXPECT_TRUE(encoder.finish().ok());
  }
  EXPECT_EQ(out, good);
  return message;
}

TEST(Encoder, WhatDoesNotFitIsRefusedWithItsPath) {
  const auto at_list = [](Encoder& e) { e.begin_record(), e.integer(1), e.branch(0), e.null(); };
  const auto at_map = [&](Encoder& e) { at_list(e), e.begin_array(), e.end_array(); };
  EXPECT_NE(refusal([](Encoder&) {}).find("at /:"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.integer(1); }).find("at /:"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.begin_record(), e.integer(std::int64_t{1} << 31); }).find("at /a: an integer"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.begin_record(), e.end_record(); }).find("at /a: the end of a record"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.begin_record(), e.integer(1), e.string("x"); }).find("at /u: a string"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.begin_record(), e.integer(1), e.branch(2); }).find("at /u: the index of a branch"), std::string::npos);
  EXPECT_NE(refusal([](Encoder& e) { e.begin_record(), e.integer(1), e.branch(1), e.end_record(); }).find("at /u: the end"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_list(e), e.begin_array(), e.begin_record(); }).find("at /list/0: a record"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_list(e), e.begin_array(), e.item(), e.begin_record(), e.null(); }).find("at /list/0/x: null"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_list(e), e.begin_array(), e.item(), e.end_array(); }).find("at /list/0: the end of an array"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_list(e), e.begin_array(), e.end_map(); }).find("at /list/0: the end of a map"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_list(e), e.item(); }).find("at /list: an array's item"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_map(e), e.begin_map(), e.key("a"), e.key("b"); }).find("at /m/0: a map's key"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_map(e), e.begin_map(), e.end_map(), e.bytes("three"); }).find("at /f: bytes of another size"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { at_map(e), e.begin_map(), e.end_map(), e.bytes("ff"), e.symbol(2); }).find("at /e: the index of a symbol"), std::string::npos);
  EXPECT_NE(refusal([&](Encoder& e) { push_row(e, 0), e.null(); }).find("at /: null"), std::string::npos);
}

TEST(Encoder, DepthHasALimit) {
  const auto list = program(R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})");
  const auto depth = [&](std::size_t levels) {
    Bytes out;
    Encoder encoder(list, out);
    for (std::size_t i = 0; i < levels; ++i) encoder.begin_record(), encoder.branch(i + 1 < levels ? 1 : 0);
    encoder.null();
    for (std::size_t i = 0; i < levels; ++i) encoder.end_record();
    return encoder.finish().ok();
  };
  EXPECT_TRUE(depth(Encoder::kDepth));
  EXPECT_FALSE(depth(Encoder::kDepth + 1));
}

}  // namespace
}  // namespace sluice::avro
