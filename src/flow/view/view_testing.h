#pragma once
// A log with Avro topics and a registry, statements bound over them, and views that run until they have taken everything.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow/rows/rows.h"
#include "flow/view/view.h"
#include "pipeline/log.h"
#include "pipeline/memory_catalog_testing.h"

namespace sluice::flow {

// A temporary folder, gone with this object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  void clear() const;

 private:
  std::string path_;
};

// A row's values as PostgreSQL's texts; "null" is null.
using Texts = std::vector<std::string>;

// Topics of rows, and what is written to them. One transaction is open at a time.
class Topics {
 public:
  Topics(pipeline::Log& log, pipeline::MemoryCatalog& catalog) : log_(log), catalog_(catalog) {}

  // "id int8, name text". With a key ("id") the topic is compacted and its rows are a table's. `captured`: __sluice_tables has it.
  void make(const std::string& topic, const std::string& columns, const std::string& key = "", bool captured = false, std::int32_t partitions = 1);

  void begin();
  void commit();
  // Into the open transaction. Without an LSN, and of a captured table, a row of its snapshot.
  void put(const std::string& topic, const Texts& row, std::uint64_t lsn = 0, std::int32_t partition = 0, std::int64_t timestamp_ms = 1'700'000'000'000);
  // An update that left some columns where they are: those are null in `row`, and named, in JSON.
  void put_unchanged(const std::string& topic, const Texts& row, std::uint64_t lsn, const std::string& names);
  void remove(const std::string& topic, const Texts& row, std::uint64_t lsn = 0, std::int32_t partition = 0);
  void put_bytes(const std::string& topic, std::optional<std::string> key, std::optional<std::string> value);
  // In one of its own.
  void put_alone(const std::string& topic, const Texts& row, std::int32_t partition = 0, std::int64_t timestamp_ms = 1'700'000'000'000);

  // Rows of a topic as texts, "a|b", in order; a tombstone is "-" and its key.
  [[nodiscard]] std::vector<std::string> records(const std::string& topic, std::int32_t partition = 0);
  // Its newest row of each key, sorted; without a key all of them, sorted.
  [[nodiscard]] std::vector<std::string> image(const std::string& topic);
  [[nodiscard]] std::size_t count(const std::string& topic);

  [[nodiscard]] Plan bind(const std::string& sql);  // streams' CREATE TABLE, then one SELECT

 private:
  struct Topic {
    std::vector<Column> columns;
    std::vector<std::size_t> key;
    bool captured = false;
    std::int32_t key_id = 0;
    std::int32_t value_id = 0;
    std::unique_ptr<RowWriter> key_writer;
    std::unique_ptr<RowWriter> value_writer;
  };
  void append(const std::string& topic, const Texts& row, bool deleted, std::uint64_t lsn, std::int32_t partition, std::int64_t timestamp_ms,
              const std::string& unchanged = "");
  [[nodiscard]] std::string text_of(std::string_view framed);

  pipeline::Log& log_;
  pipeline::MemoryCatalog& catalog_;
  std::map<std::string, Topic> topics_;
  std::unique_ptr<pipeline::Producer> producer_;
};

// Runs it until it has taken all that its inputs have (and, if asked for, has taken its topic over), or ends by itself; gives how it ended.
[[nodiscard]] Result<void> run_until_done(View& view, bool take_over = false);

}  // namespace sluice::flow
