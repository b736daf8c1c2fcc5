#pragma once
// A source of the configuration as a stage. Each run reads the password's secret anew, so that a changed one needs no
// restart.

#include <memory>
#include <mutex>

#include "capture/postgres/source.h"
#include "io/clock.h"
#include "pipeline/stage.h"
#include "server/config/config.h"

namespace sluice::server {

class SourceStage final : public pipeline::Stage {
 public:
  // All references outlive it.
  SourceStage(SourceConfig config, const Environment& environment, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
              io::Clock& clock);

  [[nodiscard]] const SourceConfig& config() const { return config_; }
  // What capture is told, the password read now. Errors: not_found (the secret).
  [[nodiscard]] Result<capture::postgres::SourceOptions> options() const;

  [[nodiscard]] Result<void> run(std::stop_token stop) override;
  [[nodiscard]] pipeline::StageStatus status() const override;
  // Everything up to here is in the log; 0 before the first run.
  [[nodiscard]] Lsn captured_until() const;

 private:
  [[nodiscard]] std::shared_ptr<capture::postgres::PostgresSource> current() const;

  const SourceConfig config_;
  const Environment& environment_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  io::Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<capture::postgres::PostgresSource> source_;  // guarded by mutex_; of the newest password
  std::string password_;                                       // that source_ was made with; of the stage's thread
};

}  // namespace sluice::server
