// The configured topics: made where they are missing, each with the schema of its values registered.
#include <utility>

#include "pipeline/log.h"
#include "server/server_parts.h"

namespace sluice::server {
namespace {

registry::SchemaRequest request_of(const SchemaFile& file) {
  registry::SchemaRequest request;
  request.content.type = file.type;
  request.content.text = file.text;
  return request;
}

std::string subject_of(const TopicConfig& topic) { return topic.name + "-value"; }

Error refused(const TopicConfig& topic, std::string why) {
  return {.code = ErrorCode::rejected,
          .message = "topics." + topic.name + ".schema: " + topic.schema->file + " cannot follow what is registered under " + subject_of(topic),
          .detail = std::move(why),
          .hint = "change the file so that `sluice schema check " + subject_of(topic) + " " + topic.schema->file +
                  "` passes, or set the subject another compatibility level"};
}

}  // namespace

// Before anything is made. A version that the subject has is taken, be it an old one.
Result<void> Server::Parts::check_topics(const std::vector<TopicConfig>& topics) {
  for (const auto& topic : topics) {
    if (!topic.schema || registry->find(subject_of(topic), request_of(*topic.schema), false).ok()) continue;
    auto verdict = registry->check(subject_of(topic), request_of(*topic.schema), std::nullopt);
    if (!verdict.ok()) return refused(topic, verdict.error().message);
    if (!verdict->compatible) return refused(topic, registry::list_text(verdict->messages));
  }
  return {};
}

Result<void> Server::Parts::make_topics(const std::vector<TopicConfig>& topics) {
  for (const auto& topic : topics) {
    pipeline::TopicSpec spec;
    spec.name = topic.name;
    spec.partitions = topic.partitions;
    if (topic.retention_ms) spec.config["retention.ms"] = std::to_string(*topic.retention_ms);
    SLUICE_TRY(const auto made, log->ensure_topic(spec));
    static_cast<void>(made);
    if (!topic.schema) continue;
    const auto registered = registry->add_version(subject_of(topic), request_of(*topic.schema));
    if (!registered.ok()) return refused(topic, registered.error().message);
  }
  return {};
}

}  // namespace sluice::server
