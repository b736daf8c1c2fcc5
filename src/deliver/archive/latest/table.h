#pragma once
// The table as it is, out of a topic: of each key the newest record, unless that removed it; records without a key are all
// rows.
//
//   1. read() takes the end of every partition and reads each from its start to there. It keeps, per key, the offset of the
//      newest record (newest_records.h), and learns the schemas of the values.
//   2. write() reads once more and gives the rows whose records are the newest: exactly the table at those ends.
//
// While it lives, a hold keeps what it will read again from the cleaner. Rows have one schema, with the columns that the
// topic's newest schema has: a column that the table has lost is not in it. Columns that PostgreSQL did not send are filled
// (unchanged_columns.h); what cannot be a row is counted, and told with its offset.
//
// Memory: 32 to 64 bytes a key, and a poll; rows are not held. Of one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/filter/filter.h"
#include "deliver/archive/latest/newest_records.h"
#include "deliver/archive/row_encoder.h"
#include "deliver/archive/topic_schema.h"
#include "deliver/archive/latest/unchanged_columns.h"
#include "io/file_system.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::deliver::archive {

struct TableOptions {
  std::string topic;
  ColumnChoice columns = nullptr;
  const Filter* filter = nullptr;  // outlives the table; none: every row
  std::string scratch_folder;  // for rows that wait for columns that were not sent
  std::size_t poll_bytes = std::size_t{4} << 20;
};

// What is in use to read a table. The references outlive it.
struct TableSource {
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  io::FileSystem& local;
};

class Table {
 public:
  // Errors: not_found (topic), cancelled (by `stop`), those of log, catalog and local disk.
  [[nodiscard]] static Result<std::unique_ptr<Table>> read(TableSource source, TableOptions options,
                                                           const std::stop_token& stop);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // By partition: the table is the state at these offsets, exclusive.
  [[nodiscard]] const std::vector<Offset>& ends() const { return ends_; }
  [[nodiscard]] const RowSchema& schema() const { return *schema_->current(); }
  // Once: gives each row. Errors: cancelled, back_off (the log lost records meanwhile), those of RowFilter, of `take`, log
  // and disk.
  [[nodiscard]] Result<void> write(const std::function<Result<void>(ByteView row)>& take, const std::stop_token& stop);
  // After write(): rows that the filter left out; records that cannot be rows, or for which the filter fails, and
  // why of the first of them.
  [[nodiscard]] std::uint64_t filtered() const { return filtered_; }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }
  [[nodiscard]] const std::string& why_unreadable() const { return why_unreadable_; }

 private:
  struct Partition {
    Partition(const Table& table, std::int32_t number);
    NewestRecords newest;
    std::uint64_t keyless = 0;
    UnchangedColumns unchanged;
    RowEncoder encoder;
  };

  Table(TableSource source, TableOptions options);
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> begin_schema();
  [[nodiscard]] Result<void> index(std::int32_t partition, const std::stop_token& stop);
  [[nodiscard]] Result<void> learn_schema(Partition& into, const pipeline::ReadRecord& record);
  using TakeRow = std::function<Result<void>(ByteView row)>;
  [[nodiscard]] Result<void> give(Partition& from, const RowParts& fields, const pipeline::ReadRecord& record,
                                  const TakeRow& take);
  [[nodiscard]] Result<void> give_row(Offset offset, const TakeRow& take);
  void count_unreadable(Offset offset, const std::string& why);
  [[nodiscard]] Result<bool> encode(Partition& from, const pipeline::ReadRecord& record, bool wanted);
  using TakeRecord = std::function<Result<void>(const pipeline::ReadRecord&)>;
  [[nodiscard]] Result<void> each_record(std::int32_t partition, const TakeRecord& take, const std::stop_token& stop) const;
  [[nodiscard]] Hash128 hash(ByteView key) const { return hash128(key, seed_); }
  [[nodiscard]] std::optional<Hash128> hash_before(const pipeline::ReadRecord& record) const;

  TableSource source_;
  TableOptions options_;
  ColumnChoice columns_;  // of the sink, and of the topic's newest schema
  std::unique_ptr<TopicSchema> schema_;
  std::uint64_t seed_;
  std::string hold_;      // its name
  std::vector<Offset> starts_;
  std::vector<Offset> ends_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::set<std::int32_t> schemas_met_;
  std::optional<RowFilter> filter_;  // compiled for the first row
  std::uint64_t rows_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t unreadable_ = 0;
  std::string why_unreadable_;
  Bytes row_;
};

}  // namespace sluice::deliver::archive
