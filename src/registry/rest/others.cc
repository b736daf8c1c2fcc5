#include <boost/json.hpp>

#include "registry/rest/handlers.h"
#include "registry/subject_name.h"

namespace sluice::registry::handlers {
namespace json = boost::json;

namespace {

// The release whose interface this is.
constexpr const char* kVersion = "7.9.0";

// A line of a backup as kafka-console-consumer prints it: the key, a tab, the value or "null".
Result<ForeignRecord> record_of(std::string_view line, std::size_t number) {
  const auto tab = line.find('\t');
  if (tab == std::string_view::npos) {
    return failed(Code::invalid_schema, "line " + std::to_string(number) +
                                            " has no tab between a key and a value; kafka-console-consumer --topic "
                                            "_schemas --from-beginning --property print.key=true prints such lines");
  }
  const auto value = line.substr(tab + 1);
  return ForeignRecord{std::string(line.substr(0, tab)),
                       value == "null" || value.empty() ? std::nullopt : std::optional(std::string(value))};
}

Result<std::vector<ForeignRecord>> records_of(std::string_view text) {
  std::vector<ForeignRecord> records;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    SLUICE_TRY(auto record, record_of(line, number));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

io::HttpResponse get_root(const Call& call) { return call.answer(json::object{}); }

io::HttpResponse list_contexts(const Call& call) {
  const auto names = call.registry().contexts();
  return call.page(json::array(names.begin(), names.end()));
}

io::HttpResponse delete_context(const Call& call) {
  const auto name = context_name(call.piece(1));
  const auto deleted = call.registry().delete_context(name);
  return deleted.ok() ? call.answer(json::value(name)) : failure(deleted.error());
}

io::HttpResponse get_cluster_id(const Call& call) {
  const json::object clusters{{"kafka-cluster", call.cluster_id()}, {"schema-registry-cluster", "schema-registry"}};
  return call.answer(
      json::object{{"scope", json::object{{"path", json::array{}}, {"clusters", clusters}}}, {"id", ""}});
}

io::HttpResponse get_server_version(const Call& call) {
  return call.answer(json::object{{"version", kVersion}, {"commitId", ""}});
}

io::HttpResponse import_topic(const Call& call) {
  const auto records = records_of(call.raw_body());
  if (!records.ok()) return failure(records.error());
  const auto done = call.registry().import(*records);
  if (!done.ok()) return failure(done.error());
  const auto subjects = call.registry().subjects(":*:", Which::with_deleted).size();
  return call.answer(json::object{{"records", records->size()}, {"subjects", subjects}});
}

}  // namespace sluice::registry::handlers
