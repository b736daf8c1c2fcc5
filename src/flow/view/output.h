#pragma once
// What a view writes: the rows of its topic, late records, dead letters, the changes of its state, its position; all in the open
// transaction of its producer.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "flow/operators/execution.h"
#include "flow/plan/plan.h"
#include "flow/rows/rows.h"
#include "flow/state/state.h"
#include "flow/view/inputs.h"
#include "pipeline/log.h"

namespace sluice::flow {

// How rows are records of the topic.
struct OutputSchema {
  SchemaId key;
  SchemaId value;
  bool keyed = true;
  std::vector<std::size_t> key_columns;  // of the plan's; none: there is one row
  std::shared_ptr<const RowWriter> key_writer;
  std::shared_ptr<const RowWriter> value_writer;
};

struct OutputCounts {
  std::uint64_t rows = 0;
  std::uint64_t given = 0;
  std::uint64_t late = 0;
  std::uint64_t failed = 0;
};

// Of one thread. Between two calls of begin() there is one batch.
class Output final : public Results {
 public:
  struct Setting {
    std::string view;
    bool published = true;   // false: rows go to the state alone, and late and failed ones are only counted
    bool append_only = false;
    OutputSchema schema;
  };
  // All outlive it.
  Output(Setting setting, pipeline::Log& log, State& state, OutputCounts counts);

  // `producer` has begun a transaction.
  void begin(pipeline::Producer& producer);
  // The records that origins are numbers of, from now on; none: what comes is of the whole batch.
  void piece(std::span<const Taken> records);
  Result<void> row(const Delta& delta) override;
  Result<void> late(std::uint32_t origin) override;
  Result<void> failed(std::uint32_t origin, const Error& why) override;
  // Writes what is new of the rows that came: the newest of each key, unless it is what the state has.
  [[nodiscard]] Result<void> write_rows();
  // Whether so much waits for write_rows() that it should not wait longer.
  [[nodiscard]] bool heavy() const;

  [[nodiscard]] const OutputCounts& counts() const { return counts_; }
  void publish() { setting_.published = true; }

 private:
  // A value that some key had during the batch, and how often it came less how often it went.
  struct Version {
    std::string_view value;
    std::int64_t weight = 0;
    std::uint32_t next = 0;  // of the same key: its index and 1; 0: none
  };
  struct Change {
    std::string_view key;
    std::int64_t timestamp_ms = 0;
    std::uint32_t versions = 0;  // as Version::next
  };

  [[nodiscard]] std::int64_t timestamp_of(std::uint32_t origin);
  [[nodiscard]] Result<void> encode(Row row);
  [[nodiscard]] Result<void> add(std::int64_t weight, std::int64_t timestamp_ms);
  [[nodiscard]] Result<void> note(std::int64_t weight, std::int64_t timestamp_ms);
  [[nodiscard]] Result<void> settle(const Change& change);
  [[nodiscard]] Result<void> append(std::optional<ByteView> key, std::optional<ByteView> value, std::int64_t timestamp_ms);
  [[nodiscard]] Result<void> dead_letter(const Taken& taken, const Error& why);

  Setting setting_;
  pipeline::Log& log_;
  State& state_;
  OutputCounts counts_;
  pipeline::Producer* producer_ = nullptr;
  std::span<const Taken> records_;
  std::vector<bool> failed_;  // of records_: it is in the dead letters
  std::vector<bool> late_;    // of records_: it is told
  std::int64_t newest_ms_ = 0;  // of the batch's records
  bool has_late_topic_ = false;
  bool has_dead_letters_ = false;

  Bytes key_;  // of the row at hand: kRowsPrefix, then the framed key
  Bytes value_;
  std::vector<Value> key_row_;

  Arena arena_;  // of what follows
  std::vector<Change> changes_;
  std::vector<Version> versions_;
  std::unordered_map<std::string_view, std::uint32_t> by_key_;
};

}  // namespace sluice::flow
