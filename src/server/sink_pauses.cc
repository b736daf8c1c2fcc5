#include "server/sink_pauses.h"

#include <boost/json.hpp>
#include <optional>
#include <vector>

namespace sluice::server {
namespace {

std::string key_of(const std::string& sink) {
  return boost::json::serialize(boost::json::object{{"owner", "sink:" + sink}});
}

}  // namespace

Result<bool> is_paused(pipeline::Log& log, const std::string& sink) {
  SLUICE_TRY(const auto value, pipeline::read_position(log, key_of(sink)));
  return value.has_value() && value->find("\"paused\":true") != std::string::npos;
}

Result<void> remember_pause(pipeline::Log& log, const std::string& sink, bool paused) {
  SLUICE_TRY(const bool was, is_paused(log, sink));
  if (was == paused) return {};
  SLUICE_TRY(const auto producer, log.producer("pause-" + sink));
  SLUICE_RETURN_IF_ERROR(producer->begin());
  const pipeline::PositionUpdate update{key_of(sink), paused ? std::optional<std::string>(R"({"version":1,"paused":true})") : std::nullopt};
  SLUICE_RETURN_IF_ERROR(producer->commit(std::vector{update}));
  return {};
}

}  // namespace sluice::server
