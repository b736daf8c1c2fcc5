#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cli/export/export_archive.h"
#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/rows/row_columns.h"
#include "deliver/store/local/local_store.h"
#include "io/file_system.h"

namespace sluice::cli {
namespace {

namespace archive = deliver::archive;

class ExportArchiveTest : public testing::Test {
 protected:
  ExportArchiveTest() {
    std::string pattern = testing::TempDir() + "sluice-export-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    store_.emplace(io::real_file_system(), folder_);
    put("_sluice/format.json", R"({"format":"sluice-archive","version":1})");
  }
  ~ExportArchiveTest() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(store_->put("_sluice/tmp-" + std::to_string(++count_), name, text).ok());
  }

  // A commit record of one file of rows; the file is there when it is published.
  void commit(std::int32_t partition, std::int64_t first, std::int64_t end, const std::string& file, bool published = true) {
    archive::CommitRecord record;
    record.topic = "shop.public.orders";
    record.partition = partition;
    record.first = Offset{first};
    record.end = Offset{end};
    record.time_ms = ++count_;
    if (!file.empty()) {
      archive::ArchivedFile rows;
      rows.name = "shop.public.orders/" + file;
      rows.rows = record.rows = static_cast<std::uint64_t>(end - first);
      rows.first_offset = Offset{first};
      rows.last_offset = Offset{end - 1};
      rows.schema_version = 1;
      record.files.push_back(rows);
    }
    put(archive::record_name(record.topic, partition, record.first), archive::to_json(record));
    if (published && !file.empty()) put("shop.public.orders/" + file, "rows");
  }

  void schema(int version, const std::string& fields) {
    const auto own = *avro::Schema::parse(R"({"type":"record","name":"Value","fields":[)" + fields + "]}", {.validate_defaults = false});
    put(archive::schema_name("shop.public.orders", version), archive::row_text(own));
  }

  std::string folder_;
  std::optional<deliver::store::local::LocalStore> store_;
  int count_ = 0;
};

TEST_F(ExportArchiveTest, FormatFoldersSchemaAndEndsAreThoseOfTheArchive) {
  schema(1, R"({"name":"id","type":["null","int"]})");
  schema(2, R"({"name":"id","type":["null","int"]},{"name":"new","type":["null","string"]})");
  commit(0, 0, 10, "dt=2026-01-01/0-00000000000000000000-0.avro");
  commit(0, 10, 20, "dt=2026-01-01/hour=05/0-00000000000000000010-0.parquet");
  commit(0, 20, 25, "");
  commit(1, 0, 7, "dt=2026-01-01/hour=04/1-00000000000000000000-0.parquet");
  const auto topic = read_exported(*store_, "shop.public.orders");
  ASSERT_TRUE(topic.ok()) << topic.error().message;
  EXPECT_EQ(topic->format, "parquet");
  EXPECT_EQ(topic->older_format, "avro");
  EXPECT_EQ(topic->levels, (std::vector<std::string>{"dt", "hour"}));
  EXPECT_EQ(topic->version, 2);
  EXPECT_EQ(topic->own.root().fields.size(), 2U);
  EXPECT_EQ(topic->row.root().fields.size(), 13U);
  EXPECT_EQ(topic->ends, (std::map<std::int32_t, std::int64_t>{{0, 25}, {1, 7}}));
}

TEST_F(ExportArchiveTest, ARollWhoseFilesHaveNoNamesYetDoesNotCount) {
  schema(1, R"({"name":"id","type":["null","int"]})");
  commit(0, 0, 10, "dt=2026-01-01/0-00000000000000000000-0.avro");
  commit(0, 10, 20, "dt=2026-01-01/0-00000000000000000010-0.avro", false);
  EXPECT_EQ(read_exported(*store_, "shop.public.orders")->ends.at(0), 10);
}

TEST_F(ExportArchiveTest, WhatIsNotThereIsSaid) {
  EXPECT_EQ(read_exported(*store_, "shop.public.orders").error().code, ErrorCode::not_found);
  commit(0, 0, 10, "");
  EXPECT_NE(read_exported(*store_, "shop.public.orders").error().message.find("no file"), std::string::npos);
  EXPECT_NE(read_exported(*store_, "shop.public.order").error().hint.find("shop.public.orders"), std::string::npos);
  EXPECT_NE(read_exported(*store_, "orders").error().hint.find("shop.public.orders"), std::string::npos);
  deliver::store::local::LocalStore nothing(io::real_file_system(), folder_ + "/nothing");
  EXPECT_NE(read_exported(nothing, "orders").error().message.find("no archive"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
