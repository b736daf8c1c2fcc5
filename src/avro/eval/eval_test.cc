// A line in, a line out: that nothing a line says goes unanswered, is answered twice or takes for ever.

#include "avro/eval/eval.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "avro/eval/request.h"

namespace sluice::avro::eval {
namespace {

namespace json = boost::json;

std::string code_of(const std::string& line) {
  const auto answered = json::parse(answer(line)).as_object();
  if (answered.at("ok").as_bool()) return "ok";
  return json::value_to<std::string>(answered.at("error").at("code"));
}

std::string question(json::object members) { return json::serialize(members); }

TEST(Eval, AnswersTheExamples) {
  EXPECT_EQ(answer(R"({"id":1,"op":"encode","schema":"[\"null\",\"int\"]","json":"{\"int\":-1}"})"),
            R"({"id":1,"ok":true,"hex":"0201"})");
  EXPECT_EQ(answer(R"({"id":2,"op":"resolve","writer":"\"int\"","reader":"[\"null\",\"double\"]","hex":"06"})"),
            R"({"id":2,"ok":true,"json":"{\"double\":3.0}","rest":0})");
  EXPECT_EQ(
      answer(R"({"id":3,"op":"compat","reader":"\"int\"","writer":"\"long\""})"),
      R"({"id":3,"ok":true,"result":"INCOMPATIBLE","incompatibilities":[{"type":"TYPE_MISMATCH","location":"/","message":"reader type: INT not compatible with writer type: LONG"}]})");
  EXPECT_EQ(code_of(R"({"id":4,"op":"decode","schema":"\"string\"","hex":"0a61"})"), "bad_data");
}

TEST(Eval, TheIdComesBackAsItWasWritten) {
  for (const std::string id : {"0", "-1.50e+3", "123456789012345678901234567890", "null", "[ 1,{\"a\" : []} ]",
                               R"("\ud800\u0041é")", "{\"id\":1,\"id\":2}"}) {
    EXPECT_EQ(answer("{\"op\":\"parse\",\"id\":" + id + ",\"schema\":\"\\\"int\\\"\"}"),
              "{\"id\":" + id + ",\"ok\":true,\"text\":\"\\\"int\\\"\"}");
    // Also when the rest is wrong, or no JSON, or too long.
    EXPECT_TRUE(answer("{\"id\":" + id + ",\"op\":\"\xff\"}").starts_with("{\"id\":" + id + ",\"ok\":false"));
    EXPECT_TRUE(answer("{\"id\":" + id + ",\"op\":").starts_with("{\"id\":" + id + ",\"ok\":false"));
    EXPECT_TRUE(answer_to_longer("{\"id\":" + id + ",\"schema\":\"aaa")
                    .starts_with("{\"id\":" + id + ",\"ok\":false,\"error\":{\"code\":\"limit\""));
  }
  const std::string deep(1'000'000, '[');
  const auto id = deep + std::string(deep.size(), ']');
  EXPECT_TRUE(answer("{\"id\":" + id + ",\"op\":\"none\"}").starts_with("{\"id\":" + id + ","));
}

TEST(Eval, WhatIsNoQuestionIsABadRequest) {
  for (const std::string line :
       {"", " ", "null", "[]", "{}", "{", "{\"op\":1}", "{\"op\":\"parse\"}", "{\"op\":\"parse\",\"schema\":1}",
        "{\"op\":\"x\"}", "{\"op\":\"parse\",\"schema\":\"\\\"int\\\"\",}",
        "{\"op\":\"parse\",\"schema\":\"\\\"int\\\"\"} x",
        "{\"op\":\"parse\",\"schema\":\"\\\"int\\\"\",\"lenient\":1}",
        "{\"op\":\"decode\",\"schema\":\"\\\"int\\\"\",\"hex\":\"0\"}",
        "{\"op\":\"decode\",\"schema\":\"\\\"int\\\"\",\"hex\":\"0g\"}", "{'op':'parse'}",
        "{\"op\":\"parse\",\"schema\":\"\t\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(code_of(line), "bad_request") << line;
  }
  // A member that is there twice counts the last time.
  EXPECT_EQ(code_of(R"({"op":"none","op":"parse","schema":"\"int\""})"), "ok");
}

TEST(Eval, EachErrorHasItsCode) {
  EXPECT_EQ(code_of(question({{"op", "parse"}, {"schema", "\"strnig\""}})), "bad_schema");
  EXPECT_EQ(code_of(question({{"op", "encode"}, {"schema", "\"int\""}, {"json", "\"x\""}})), "bad_json");
  EXPECT_EQ(code_of(question({{"op", "encode"}, {"schema", "\"int\""}, {"json", "1 2"}})), "bad_json");
  EXPECT_EQ(code_of(question({{"op", "encode"}, {"schema", "\"string\""}, {"json", R"("\ud800")"}})), "bad_json");
  EXPECT_EQ(code_of(question({{"op", "decode"}, {"schema", "[\"null\"]"}, {"hex", "02"}})), "bad_data");
  EXPECT_EQ(
      code_of(question(
          {{"op", "decode"}, {"schema", R"({"type":"array","items":"null"})"}, {"hex", "feffffffffffffffff0100"}})),
      "limit");
  EXPECT_EQ(code_of(question({{"op", "resolve"}, {"writer", "\"string\""}, {"reader", "\"int\""}, {"hex", "00"}})),
            "no_match");
  EXPECT_EQ(code_of(question({{"op", "read_file"}, {"path", "/nowhere/at/all"}})), "io");
  EXPECT_EQ(code_of(question({{"op", "read_file"}, {"path", "/dev/zero"}})), "io");
}

TEST(Eval, ADatumFailsOnlyWhereItMeetsWhatDoesNotFit) {
  const auto resolve = [](const char* writer, const char* reader, const char* hex) {
    return code_of(question({{"op", "resolve"}, {"writer", writer}, {"reader", reader}, {"hex", hex}}));
  };
  const auto* writer =
      R"({"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"string"}]})";
  const auto* other =
      R"({"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"int"}]})";
  EXPECT_EQ(resolve(writer, other, "02610261"), "no_match");
  EXPECT_EQ(resolve(writer, other, "0a61"), "bad_data");  // it ends before
  const auto* lacking =
      R"({"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"c","type":"int"}]})";
  EXPECT_EQ(resolve(writer, lacking, "0a61"), "no_match");  // known before a byte is read
  EXPECT_EQ(resolve(R"({"type":"array","items":"string"})", R"({"type":"array","items":"int"})", "00"), "ok");
  EXPECT_EQ(resolve(R"({"type":"array","items":"string"})", R"({"type":"array","items":"int"})", "0202610000"),
            "no_match");
}

TEST(Eval, HalfASurrogatePairOfASchemaIsKept) {
  EXPECT_EQ(answer(R"({"op":"parse","schema":"{\"type\":\"int\",\"p\":\"\\ud800\"}"})"),
            R"({"ok":true,"text":"{\"type\":\"int\",\"p\":\"\ud800\"}"})");
  EXPECT_EQ(answer(R"({"op":"parse","schema":"{\"type\":\"int\",\"p\":\"\udc00 \ud83d\ude00\"}"})"),
            "{\"ok\":true,\"text\":\"{\\\"type\\\":\\\"int\\\",\\\"p\\\":\\\"\\udc00 \xf0\x9f\x98\x80\\\"}\"}");
}

// Small questions with large answers, or none within a life.
TEST(Eval, NoLineTakesForEver) {
  std::string fields;
  for (int i = 0; i < 100; ++i)
    fields += (i > 0 ? "," : "") + std::string(R"({"name":"f)") + std::to_string(i) + R"(","type":"R@"})";
  std::string types;
  for (int level = 1; level <= 20; ++level) {
    auto own = fields;
    for (auto at = own.find('@'); at != std::string::npos; at = own.find('@'))
      own.replace(at, 1, std::to_string(level - 1));
    types += R"(,{"type":"record","name":"R)" + std::to_string(level) + R"(","fields":[)" + own + "]}";
  }
  const auto all = R"([{"type":"record","name":"R0","fields":[]})" + types + "]";
  EXPECT_EQ(code_of(question({{"op", "decode"}, {"schema", all}, {"hex", "28"}})), "limit");
  EXPECT_EQ(code_of(question({{"op", "resolve"}, {"writer", all}, {"reader", all}, {"hex", "28"}})), "limit");
  EXPECT_EQ(code_of(question({{"op", "compat"}, {"writer", all}, {"reader", all}})), "limit");
  const std::string open(100'000, '[');
  EXPECT_EQ(code_of(question({{"op", "parse"}, {"schema", open}})), "limit");
  EXPECT_EQ(
      code_of(question(
          {{"op", "encode"},
           {"schema", R"({"type":"record","name":"L","fields":[{"name":"n","type":{"type":"array","items":"L"}}]})"},
           {"json",
            [] {
              std::string deep;
              for (int i = 0; i < 100'000; ++i) deep += "{\"n\":[";
              return deep;
            }()}})),
      "limit");
}

TEST(Eval, AChainOfTypesIsNoStack) {
  std::string chain = R"([{"type":"fixed","name":"R0","size":1})";
  for (int i = 1; i < 50'000; ++i)
    chain += R"(,{"type":"record","name":"R)" + std::to_string(i) + R"(","fields":[{"name":"a","type":"R)" +
             std::to_string(i - 1) + "\"}]}";
  chain += "]";
  const auto reversed =
      R"({"type":"record","name":"Z","fields":[{"name":"a","type":"R49999"},{"name":"b","type":)" + chain + "}]}";
  for (const auto& schema : {chain, reversed}) {
    EXPECT_NE(code_of(question({{"op", "canonical"}, {"schema", schema}})), "internal");
    EXPECT_NE(code_of(question({{"op", "decode"}, {"schema", schema}, {"hex", "00"}})), "internal");
    EXPECT_NE(code_of(question({{"op", "compat"}, {"reader", schema}, {"writer", schema}})), "internal");
    EXPECT_NE(code_of(question({{"op", "resolve"}, {"reader", schema}, {"writer", schema}, {"hex", "00"}})),
              "internal");
  }
}

TEST(Eval, FilesAreWrittenAndReadAgain) {
  const auto path =
      (std::filesystem::temp_directory_path() / ("sluice-eval-" + std::to_string(::getpid()) + ".avro")).string();
  json::object asked{{"op", "write_file"},          {"path", path},
                     {"schema", "\"long\""},        {"codec", "deflate"},
                     {"meta_hex", {{"k", "00ff"}}}, {"records", {"1", "2", "3"}},
                     {"block_records", 2}};
  ASSERT_EQ(answer(question(asked)), "{\"ok\":true}");
  const auto read = json::parse(answer(question({{"op", "read_file"}, {"path", path}}))).as_object();
  EXPECT_EQ(json::serialize(read.at("records")), R"(["1","2","3"])");
  EXPECT_EQ(json::serialize(read.at("meta_hex")), R"({"k":"00ff"})");
  EXPECT_EQ(read.at("codec").as_string(), "deflate");
  asked["records"] = {"1", "x"};
  EXPECT_EQ(code_of(question(asked)), "bad_json");  // and the file is as it was
  EXPECT_EQ(code_of(question({{"op", "read_file"}, {"path", path}})), "ok");
  asked["codec"] = "lzo";
  EXPECT_EQ(code_of(question(asked)), "bad_request");
  asked["codec"] = "null";
  asked["block_records"] = 0;
  EXPECT_EQ(code_of(question(asked)), "bad_request");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  const auto cut = json::parse(answer(question({{"op", "read_file"}, {"path", path}}))).as_object();
  EXPECT_EQ(cut.at("error").at("code").as_string(), "corrupt");
  EXPECT_EQ(json::serialize(cut.at("records")), R"(["1","2"])");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::avro::eval
