#include "server/record_schemas.h"

#include <boost/json.hpp>
#include <mutex>

namespace sluice::server {
namespace {

namespace json = boost::json;
using node::SubjectNames;

constexpr std::size_t kMostFound = 100'000;

std::string text_at(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

// The full name of an Avro schema, the title of a JSON Schema; empty when it has none.
std::string record_name(const std::string& schema) {
  boost::system::error_code error;
  const auto parsed = json::parse(schema, error);
  if (error || !parsed.is_object()) return "";
  const auto& object = parsed.get_object();
  const auto name = text_at(object, "name");
  const auto space = text_at(object, "namespace");
  if (name.empty()) return text_at(object, "title");
  return space.empty() || name.find('.') != std::string::npos ? name : space + "." + name;
}

}  // namespace

Result<std::string> RecordSchemas::why_not(const std::string& topic, bool key, SubjectNames names, const broker::SchemaName& schema) {
  const Found wanted{topic, key, names, schema};
  const auto changes = catalog_.changes();  // before has(): what changes meanwhile is forgotten by the next question
  if (remembers(wanted)) return std::string();
  const auto id = id_of(schema);
  if (!id.ok() && id.error().code != ErrorCode::not_found && id.error().code != ErrorCode::unsupported) return id.error();
  if (!id.ok()) return "schema is not known: " + id.error().message;
  const auto subject = subject_of(topic, key, names, *id);
  if (!subject.ok() && subject.error().code != ErrorCode::not_found && subject.error().code != ErrorCode::rejected) return subject.error();
  if (!subject.ok()) return "schema " + to_string(*id) + " is not registered: " + subject.error().message;
  SLUICE_TRY(const bool registered, catalog_.has(*subject, *id));
  if (!registered) return "schema " + to_string(*id) + " is not registered under subject '" + *subject + "'";
  const std::lock_guard lock(mutex_);
  if (changes == changes_ && found_.size() < kMostFound) found_.insert(wanted);
  return std::string();
}

bool RecordSchemas::remembers(const Found& found) {
  {
    const std::shared_lock lock(mutex_);
    if (changes_ == catalog_.changes()) return found_.contains(found);
  }
  const std::lock_guard lock(mutex_);
  found_.clear();
  changes_ = catalog_.changes();
  return false;
}

Result<SchemaId> RecordSchemas::id_of(const broker::SchemaName& schema) const {
  if (const auto* id = std::get_if<SchemaId>(&schema)) return *id;
  return catalog_.by_guid(std::get<Bytes>(schema));
}

Result<std::string> RecordSchemas::subject_of(const std::string& topic, bool key, SubjectNames names, SchemaId id) const {
  if (names == SubjectNames::topic_name) return topic + (key ? "-key" : "-value");
  SLUICE_TRY(const auto text, catalog_.schema(id));
  const auto name = record_name(text);
  if (name.empty()) return Error{ErrorCode::rejected, "it has no name, and the topic's subjects are named by records"};
  return names == SubjectNames::record_name ? name : topic + "-" + name;
}

}  // namespace sluice::server
