#include "server/source_stage.h"

#include <utility>

namespace sluice::server {

using capture::postgres::PostgresSource;
using capture::postgres::SourceOptions;

SourceStage::SourceStage(SourceConfig config, const Environment& environment, pipeline::Log& log,
                         pipeline::SchemaCatalog& catalog, io::Clock& clock)
    : config_(std::move(config)), environment_(environment), log_(log), catalog_(catalog), clock_(clock) {}

Result<SourceOptions> SourceStage::options() const {
  SourceOptions options;
  options.name = config_.name;
  options.url = config_.from;
  options.tables = config_.tables;
  options.exclude = config_.exclude;
  SLUICE_TRY(options.password, read_secret(config_.password, environment_));
  return options;
}

std::shared_ptr<PostgresSource> SourceStage::current() const {
  const std::lock_guard lock(mutex_);
  return source_;
}

Result<void> SourceStage::run(std::stop_token stop) {
  auto options = this->options();
  if (!options.ok()) {
    // The file may be there in a moment: whoever changes a secret removes the old one first.
    auto error = std::move(options).error();
    error.code = ErrorCode::back_off;
    return error;
  }
  if (!current() || options->password != password_) {
    password_ = options->password;
    SLUICE_TRY(std::shared_ptr<PostgresSource> made, PostgresSource::create(*std::move(options), log_, catalog_, clock_));
    const std::lock_guard lock(mutex_);
    source_ = std::move(made);
  }
  return current()->run(std::move(stop));
}

pipeline::StageStatus SourceStage::status() const {
  if (const auto source = current()) return source->status();
  pipeline::StageStatus status;
  status.kind = "source";
  status.name = config_.name;
  status.state = "starting";
  return status;
}

Lsn SourceStage::captured_until() const {
  const auto source = current();
  return source ? source->captured_until() : Lsn{};
}

}  // namespace sluice::server
