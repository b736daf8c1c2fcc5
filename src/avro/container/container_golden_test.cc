// Container files that Java wrote, and damaged ones, as Java judges them.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>

#include "avro/avro_testing.h"
#include "avro/container/container_reader.h"
#include "avro/container/container_writer.h"
#include "avro/json.h"
#include "avro/program.h"

namespace sluice::avro {
namespace {

namespace json = boost::json;

const std::string kFolder = "tests/golden/avro/ocf/";

struct Outcome {
  std::optional<ContainerReader> header;
  std::vector<std::string> records;  // JSON
  std::vector<Bytes> rows;
  std::optional<Error> error;
};

Result<void> read_rows(ContainerReader& reader, const Program& program, Outcome& out) {
  while (true) {
    SLUICE_TRY(auto block, reader.next());
    if (block.rows == 0) return {};
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const auto before = block.bytes;
      std::string text;
      if (const auto read = to_json(program, block.bytes, text); !read.ok()) return reader.not_its_rows(block, read.error().message);
      out.records.push_back(text);
      out.rows.emplace_back(before.substr(0, before.size() - block.bytes.size()));
    }
    if (!block.bytes.empty()) return reader.not_its_rows(block, "it has more bytes than rows");
  }
}

// All rows until the end or the first error.
Outcome read_all(ByteSource& source, const std::string& name) {
  Outcome outcome;
  const auto done = [&]() -> Result<void> {
    SLUICE_TRY(auto reader, ContainerReader::open(source, name));
    outcome.header = std::move(reader);
    SLUICE_TRY(auto schema, Schema::parse(outcome.header->schema(), {.validate_defaults = false}));
    return read_rows(*outcome.header, Program(std::move(schema)), outcome);
  }();
  if (!done.ok()) outcome.error = done.error();
  return outcome;
}

Outcome read_file(const std::string& name) {
  auto source = FileSource::open(kFolder + name);
  EXPECT_TRUE(source.ok()) << name;
  return read_all(*source, name);
}

void expect_header(const json::object& line, const ContainerReader& reader, const std::string& name) {
  EXPECT_EQ(hex(reader.sync()), text_of(line, "sync")) << name;
  EXPECT_EQ(reader.codec().value_or(""), line.contains("codec") ? text_of(line, "codec") : "") << name;
  const auto& meta = line.at("meta_hex").as_object();
  EXPECT_EQ(reader.metadata().size(), meta.size()) << name;
  for (const auto& [key, value] : reader.metadata()) EXPECT_EQ(hex(value), text_of(meta, key.c_str())) << name << " " << key;
}

void expect_records(const json::object& line, const Outcome& outcome, const std::string& name) {
  const auto& expected = line.at("records").as_array();
  // Of a damaged block Java gives the rows before the damage; we may refuse it whole.
  if (outcome.error) {
    EXPECT_LE(outcome.records.size(), expected.size()) << name;
  } else {
    EXPECT_EQ(outcome.records.size(), expected.size()) << name;
  }
  for (std::size_t i = 0; i < std::min(expected.size(), outcome.records.size()); ++i) {
    const auto value = json::value_to<std::string>(expected[i]);
    EXPECT_TRUE(same_json(outcome.records[i], value)) << name << " record " << i << "\n" << outcome.records[i] << "\n" << value;
  }
}

TEST(ContainerGolden, FilesOfJavaAreReadAsJavaReadsThem) {
  std::size_t good = 0;
  std::size_t damaged = 0;
  for (const auto& line : golden_lines("ocf/manifest.jsonl")) {
    const auto name = text_of(line, "file");
    const auto outcome = read_file(name);
    const bool either = line.at("expect") == "either";
    EXPECT_TRUE(either || outcome.error.has_value() == (line.at("expect") == "error")) << name << (outcome.error ? ": " + outcome.error->text() : "");
    line.contains("damage") ? ++damaged : ++good;
    if (outcome.header && line.contains("meta_hex")) expect_header(line, *outcome.header, name);
    if (!outcome.error || !either) expect_records(line, outcome, name);
  }
  EXPECT_EQ(good, 6 * codec_names().size());
  EXPECT_EQ(damaged, 81 - good);
}

// What we write of Java's rows, with every codec, reads back: header, rows, blocks.
TEST(ContainerGolden, RowsOfJavaAreWrittenWithEveryCodec) {
  for (const auto& line : golden_lines("ocf/manifest.jsonl")) {
    if (line.at("expect") != "ok") continue;
    const auto name = text_of(line, "file");
    const auto original = read_file(name);
    for (const auto codec : codec_names()) {
      MemorySink sink;
      auto writer = ContainerWriter::begin(sink, original.header->schema(), {.codec = std::string(codec), .metadata = original.header->metadata(), .block_bytes = 300});
      ASSERT_TRUE(writer.ok()) << writer.error();
      for (const auto& row : original.rows) ASSERT_TRUE(writer->append(row).ok()) << name;
      ASSERT_TRUE(writer->finish().ok());
      MemorySource source(sink.bytes());
      const auto again = read_all(source, name);
      ASSERT_FALSE(again.error) << name << " " << codec << ": " << again.error->text();
      EXPECT_EQ(again.rows, original.rows) << name << " " << codec;
      EXPECT_EQ(again.header->metadata(), original.header->metadata()) << name;
      EXPECT_EQ(again.header->codec(), codec) << name;
      EXPECT_EQ(again.header->schema(), original.header->schema()) << name;
    }
  }
}

}  // namespace
}  // namespace sluice::avro
