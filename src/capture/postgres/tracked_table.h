#pragma once
// A table as the source tracks it: its version, what of its snapshot is read, whether it is parked. Kept in
// __sluice_tables by topic; the chunks that are read, in __sluice_positions (docs/formats/state_topics.md).

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/postgres/encode.h"
#include "capture/postgres/open_keys.h"
#include "capture/postgres/row_count.h"
#include "capture/postgres/table.h"
#include "capture/postgres/visibility.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::capture::postgres {

enum class TableState : std::uint8_t { snapshot, streaming, parked, dropped };
[[nodiscard]] std::string_view to_string(TableState state);

// A place in the order of the first key column: as a number, or as bytes.
struct KeyPlace {
  std::int64_t number = 0;
  std::string bytes;
  auto operator<=>(const KeyPlace&) const = default;
};
// None when Avro cannot hold the value. Of use for types that are ordered (Column).
[[nodiscard]] std::optional<KeyPlace> key_place(const ColumnType& type, std::string_view text);

// A range of the first key column, [low, high) as PostgreSQL's text; without bounds the whole table. Read under `snapshot`,
// once `done`.
struct Chunk {
  std::optional<std::string> low, high;
  bool done = false;
  Snapshot snapshot;
};

struct TrackedTable {
  Table table;
  std::string topic;
  TableState state = TableState::snapshot;
  std::string note;
  bool keyless = false;           // inserts only: so for the whole life of the topic, whatever the table becomes
  std::string key_schema_text;    // "" for keyless tables
  std::unique_ptr<RowEncoder> encoder;
  std::vector<Chunk> chunks;
  Lsn filter_until;               // the first commit LSN that no chunk's snapshot can see
  std::uint64_t published_before = 0;  // adopted while streaming: read only when all transactions below have ended
  std::vector<std::uint64_t> passed_over;  // transactions whose changes came before it was read: a snapshot must see them
  std::optional<Offset> fresh_from;    // the topic holds another life of the table, up to here: keys that are gone get tombstones
  bool has_unchanged = false;     // a value stood for an earlier one: the log's start is held
  Lsn truncated;                  // commit LSN of the last TRUNCATE
  Lsn ends_at;                    // past this LSN it is dropped (no ends_why) or parked: the catalog is ahead of the stream
  std::string ends_why;
  std::shared_ptr<RowCount> count = std::make_shared<RowCount>();  // of the topic, over all lives
  std::uint64_t snapshot_rows_expected = 0;
  bool relation_parked = false;   // its Relation stands in the parked topic already
  OpenKeys open_keys;             // written in the open log transaction, for TRUNCATE

  [[nodiscard]] bool begun() const;  // some chunk was read
  // The chunk that holds a row with these cells; that of a framed key.
  [[nodiscard]] const Chunk& chunk_of(std::span<const Cell> cells) const;
  [[nodiscard]] const Chunk& chunk_of_key(ByteView key) const;

  // For __sluice_tables.
  [[nodiscard]] std::string json(const std::string& source) const;

 private:
  [[nodiscard]] const Chunk& chunk_at(const KeyPlace& place) const;
};

// What __sluice_tables says of a table: no columns, no encoder, no chunk done.
[[nodiscard]] Result<std::unique_ptr<TrackedTable>> parse_tracked_table(const std::string& topic, std::string_view json);

// The keys of __sluice_positions.
[[nodiscard]] std::string position_key(const std::string& source);
[[nodiscard]] std::string chunk_key(const std::string& source, const std::string& topic, std::size_t chunk);
[[nodiscard]] std::string chunk_value(const Snapshot& snapshot, std::uint64_t rows);
[[nodiscard]] Result<Snapshot> parse_chunk_value(std::string_view json);

// The source's position.
struct Position {
  std::string system_identifier;
  std::int32_t timeline = 0;
  std::string slot;
  bool creating = false;  // the slot was about to be made; nothing is captured yet
  Lsn commit_lsn, end_lsn;
  std::uint32_t xid = 0;
  std::int64_t commit_time_us = 0;

  [[nodiscard]] std::string json() const;
  [[nodiscard]] static Result<Position> parse(std::string_view json);
};

// Registers the table's schemas and compiles its encoder. Errors: rejected, when the registry refuses, or the key is another
// than the topic's; the table is unchanged.
[[nodiscard]] Result<void> prepare_version(TrackedTable& tracked, const std::string& source, pipeline::SchemaCatalog& catalog);

}  // namespace sluice::capture::postgres
