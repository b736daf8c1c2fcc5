// Container files that Java wrote, and damaged ones, as Java judges them.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "avro/json.h"
#include "avro/program.h"
#include "deliver/avro_file/container_reader.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::avro_file {
namespace {

namespace json = boost::json;

const std::string kFolder = "tests/golden/avro/ocf/";

struct Outcome {
  std::vector<std::string> records;  // JSON
  std::optional<Error> error;
};

// All rows until the end or the first error.
Result<void> read_rows(ContainerReader& reader, const avro::Program& program, std::vector<std::string>& out) {
  while (true) {
    SLUICE_TRY(auto block, reader.next());
    if (block.count == 0) return {};
    for (std::int64_t i = 0; i < block.count; ++i) {
      std::string text;
      SLUICE_RETURN_IF_ERROR(avro::to_json(program, block.bytes, text));
      out.push_back(text);
    }
    if (!block.bytes.empty()) return Error{ErrorCode::corrupt, "the block has more bytes than rows"};
  }
}

Outcome read_file(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  pipeline::MemoryStore store;
  store.plant(name, bytes.str());
  Outcome outcome;
  const auto done = [&]() -> Result<void> {
    SLUICE_TRY(auto reader, ContainerReader::open(store, name));
    SLUICE_TRY(auto schema, avro::Schema::parse(reader.schema(), {.validate_defaults = false}));
    return read_rows(reader, avro::Program(std::move(schema)), outcome.records);
  }();
  if (!done.ok()) outcome.error = done.error();
  return outcome;
}

// Numbers as Java prints them are not always the shortest form; maps have no order.
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    const auto x = a.to_number<double>();
    const auto y = b.to_number<double>();
    return x == y || static_cast<float>(x) == static_cast<float>(y) || std::abs(x - y) <= 1e-14 * std::abs(x);
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(), b.get_array().end(), same);
  if (!a.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  return std::all_of(a.get_object().begin(), a.get_object().end(), [&](const auto& item) {
    const auto* other = b.get_object().if_contains(item.key());
    return other != nullptr && same(item.value(), *other);
  });
}

json::value parsed(const std::string& text) {
  json::parse_options deep;
  deep.max_depth = 1000;
  return json::parse(text, {}, deep);
}

TEST(ContainerGolden, FilesOfJavaAreReadAsJavaReadsThem) {
  std::ifstream manifest(kFolder + "manifest.jsonl");
  int good = 0;
  int damaged = 0;
  for (std::string text; std::getline(manifest, text);) {
    const auto line = json::parse(text).as_object();
    const auto name = json::value_to<std::string>(line.at("file"));
    const auto codec = name.substr(0, name.find('-'));
    const auto outcome = read_file(name);
    if (codec == "snappy" || codec == "bzip2" || codec == "xz") {
      ASSERT_TRUE(outcome.error) << name;
      EXPECT_EQ(outcome.error->code, ErrorCode::unsupported) << name;
      continue;
    }
    const bool either = line.at("expect") == "either";
    EXPECT_TRUE(either || outcome.error.has_value() == (line.at("expect") == "error")) << name << (outcome.error ? ": " + outcome.error->text() : "");
    line.contains("damage") ? ++damaged : ++good;
    if (outcome.error && either) continue;
    const auto& expected = line.at("records").as_array();
    // Of a damaged block Java gives the rows before the damage; we may refuse it whole.
    if (outcome.error) {
      EXPECT_LE(outcome.records.size(), expected.size()) << name;
    } else {
      EXPECT_EQ(outcome.records.size(), expected.size()) << name;
    }
    for (std::size_t i = 0; i < std::min(expected.size(), outcome.records.size()); ++i) {
      const auto value = expected[i].is_string() ? parsed(json::value_to<std::string>(expected[i])) : expected[i];
      EXPECT_TRUE(same(parsed(outcome.records[i]), value)) << name << " record " << i << "\n" << outcome.records[i] << "\n" << json::serialize(value);
    }
  }
  EXPECT_EQ(good, 18);
  EXPECT_GE(damaged, 25);
}

}  // namespace
}  // namespace sluice::deliver::avro_file
