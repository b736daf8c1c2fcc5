#pragma once
// A PostgreSQL database as a source: its tables become topics, row by row, with their schemas (docs/capture.md).
//
// What it promises, and how, is in decided.md's words "Capture from PostgreSQL": whole source transactions in one
// log transaction with the position; a snapshot by visibility in restartable chunks; nothing is captured over a gap.

#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/stage.h"

namespace sluice::capture::postgres {

struct SourceOptions {
  std::string name;                  // the key in the configuration: first part of the topics' names
  std::string url;                   // postgres://user@host:port/db?…; libpq's conventions hold
  std::string password;              // empty: by PGPASSFILE, the URL or trust
  std::vector<std::string> tables;   // globs of schema.table; empty: all of public
  std::vector<std::string> exclude;
  std::string slot;                  // empty: sluice_<name>
  std::string publication;           // empty: sluice_<name>, and <it>_inserts for tables without a key
  std::int64_t chunk_rows = 200'000; // about so many rows a snapshot chunk
};

class PostgresSource final : public pipeline::Stage {
 public:
  // All references outlive the source. Errors: rejected, when a name is too long or of the wrong characters.
  [[nodiscard]] static Result<std::unique_ptr<PostgresSource>> create(SourceOptions options, pipeline::Log& log,
                                                                      pipeline::SchemaCatalog& catalog, io::Clock& clock);
  ~PostgresSource() override;

  [[nodiscard]] Result<void> run(std::stop_token stop) override;
  [[nodiscard]] pipeline::StageStatus status() const override;
  // Everything up to here is in the log.
  [[nodiscard]] Lsn captured_until() const;

 private:
  struct State;
  explicit PostgresSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether an earlier life of the source has left a position in the log: then it goes on by itself once its database answers.
[[nodiscard]] Result<bool> has_position(pipeline::Log& log, const std::string& source);
// What an earlier run of the source holds in the log, held again. Call before the log's housekeeping begins.
[[nodiscard]] Result<void> set_holds(const std::string& source, pipeline::Log& log);

// Names of what a source leaves in the database.
[[nodiscard]] Result<std::string> slot_name(const SourceOptions& options);
[[nodiscard]] std::string publication_name(const SourceOptions& options);
[[nodiscard]] std::string inserts_publication_name(const SourceOptions& options);

}  // namespace sluice::capture::postgres
