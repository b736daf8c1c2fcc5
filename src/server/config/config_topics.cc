#include "server/config/config_topics.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "io/file_system.h"
#include "registry/languages.h"
#include "server/config/config_values.h"
#include "server/config/scalars.h"

namespace sluice::server {
namespace {

// By the file's name, as the registry calls it; empty: none of these.
std::string language_of(std::string_view path) {
  constexpr auto kEndings = std::to_array<std::pair<std::string_view, std::string_view>>({{".avsc", "AVRO"}, {".json", "JSON"}, {".proto", "PROTOBUF"}});
  const auto* const found = std::ranges::find_if(kEndings, [&](const auto& each) { return path.ends_with(each.first); });
  return found == kEndings.end() ? std::string() : std::string(found->second);
}

Result<SchemaFile> schema_of(const Value& value) {
  SchemaFile out{.file = beside(value, value.text), .type = language_of(value.text)};
  if (out.type.empty()) return wrong(value, "the name of a schema file ends with .avsc, .json (JSON Schema) or .proto");
  auto text = io::real_file_system().read_file(out.file);
  if (!text.ok()) return wrong(value, text.error().message);
  out.text = *std::move(text);
  for (const auto& language : registry::all_languages()) {
    if (language->name() != out.type) continue;
    const auto parsed = language->parse(out.text, {}, true);
    if (!parsed.ok()) return wrong(value, out.file + ": " + parsed.error().message);
  }
  return out;
}

Result<TopicConfig> topic_of(const Value::Entry& entry) {
  TopicConfig topic{.name = entry.key};
  SLUICE_TRY(const auto partitions, parsed_at(entry.value, "partitions", parse_integer, "6"));
  if (partitions.value_or(1) < 1 || partitions.value_or(1) > 10'000) {
    return wrong(*entry.value.find("partitions"), "a topic has 1 to 10000 partitions");
  }
  topic.partitions = static_cast<std::int32_t>(partitions.value_or(1));
  SLUICE_TRY(topic.retention_ms, parsed_at(entry.value, "retention", parse_duration_ms, "30d"));
  SLUICE_TRY(const auto schema, text_at(entry.value, "schema"));
  if (!schema.empty()) {
    SLUICE_TRY(topic.schema, schema_of(*entry.value.find("schema")));
  }
  return topic;
}

}  // namespace

Result<std::vector<TopicConfig>> read_topics(const Value& root) { return each<TopicConfig>(section_of(root, "topics"), topic_of); }

}  // namespace sluice::server
