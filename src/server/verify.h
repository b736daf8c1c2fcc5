#pragma once
// source = topic = archive: three counts per table that must be equal.
//
//   1. Count the source's tables under one repeatable-read snapshot S, and take S and the end of WAL after it.
//   2. Wait until the captured stream has passed that end: what S can see is in the topics.
//   3. Roll the sinks: what is in the topics is in the archives.
//   4. In topic and archive, count the keys whose newest change visible in S is no delete; of a table without a key,
//      the visible inserts. In a place of latest states: the rows of the newest version, and the live keys of the topic at
//      its offsets.
//
// An archive with a filter lacks rows by intention: its count is told, and is no difference.
//
// Writes may go on meanwhile: they are not visible in S. Memory: 16 bytes or so for each key of the largest table.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/sink.h"
#include "deliver/archive/verify/verify.h"
#include "pipeline/log.h"
#include "pipeline/store.h"

namespace sluice::server {

// What a PostgreSQL snapshot can see: pg_current_snapshot(), 64-bit transaction ids.
struct SourceSnapshot {
  std::uint64_t xmin = 0;
  std::uint64_t xmax = 0;
  std::vector<std::uint64_t> in_progress;  // ascending

  [[nodiscard]] bool sees(std::uint64_t txid) const;
};

struct SourceTable {
  std::string topic;
  std::string name;      // as people know it: "orders"
  bool keyless = false;  // its inserts are counted
  std::optional<std::uint64_t> rows;  // none: they cannot be counted
  std::string note;      // why it cannot be equal ("parked: …"); else empty
};

struct SourceAudit {
  SourceSnapshot snapshot;
  Lsn end_of_wal;  // after the snapshot was taken
  std::vector<SourceTable> tables;
};

struct VerifySource {
  std::string name;
  std::function<Result<SourceAudit>()> audit;
  // Returns when everything up to this LSN is in the log. Errors: back_off, when that takes longer than it may.
  std::function<Result<void>(Lsn, std::chrono::milliseconds)> wait_until_captured;
};

struct VerifySink {
  std::string name;
  deliver::archive::Sink* sink = nullptr;  // none: the archive is looked at as it is
  pipeline::Store* store = nullptr;
  std::vector<std::string> topics;           // globs, as the sink's
  deliver::archive::LatestSink* latest = nullptr;  // in place of `sink`, of mode latest
  bool of_latest = latest != nullptr;              // whether the place is of latest states
};

struct VerifyRequest {
  std::vector<VerifySource> sources;
  std::vector<VerifySink> sinks;
  pipeline::Log* log = nullptr;
  std::chrono::milliseconds wait{60'000};  // for the stream, and for the roll
};

// A table in a place of latest states: the rows of its newest version, and the keys that live in the topic at its offsets.
struct LatestRows {
  std::string sink;
  std::uint64_t rows = 0;
  std::uint64_t in_topic = 0;
  std::uint64_t filtered = 0;  // rows that the sink's filter left out
  [[nodiscard]] bool equal() const { return rows + filtered == in_topic; }
};

struct VerifiedTable {
  std::string source;
  std::string topic;
  std::string name;
  bool keyless = false;
  std::optional<std::uint64_t> in_source;  // none: they cannot be counted; that is never equal
  std::uint64_t in_topic = 0;
  std::vector<std::pair<std::string, std::uint64_t>> in_archives;  // by the sink's name; none when no sink has the topic
  std::vector<LatestRows> in_latest = {};
  std::string note;
  std::map<std::string, std::string> filters = {};  // by the sink's name; its archive lacks rows that did not pass

  [[nodiscard]] bool equal() const;
};

struct VerifyReport {
  std::vector<VerifiedTable> tables;
  std::vector<deliver::archive::ArchiveProblem> problems;  // `file` begins with the place of the archive
  [[nodiscard]] bool ok() const;
};

// Errors: those of the parts; a difference is no error.
[[nodiscard]] Result<VerifyReport> verify(const VerifyRequest& request);

// Returns when `captured_until` has reached `target`; asks every 20 ms. Errors: back_off, when `wait` is over.
[[nodiscard]] Result<void> wait_for_lsn(const std::function<Lsn()>& captured_until, Lsn target,
                                        std::chrono::milliseconds wait);

// "orders  412,007 = 412,007 = 412,007" a line, problems after; and the same as JSON.
[[nodiscard]] std::string to_text(const VerifyReport& report);
[[nodiscard]] std::string to_json(const VerifyReport& report);

}  // namespace sluice::server
