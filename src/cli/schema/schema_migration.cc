// The tables are those whose topics have subjects in the registry: no database is asked. Each table that the migration
// touches is told as: what becomes of its topic, its key, its value's schema, and of the readers.
#include "cli/avro/input.h"
#include "cli/schema/schema_migration.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <map>
#include <set>

#include "base/escape.h"
#include "capture/postgres/migration.h"
#include "cli/report.h"
#include "cli/schema/registry_requests.h"
#include "cli/schema/schema_check.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
namespace postgres = capture::postgres;

constexpr std::string_view kValueSuffix = "-value", kKeySuffix = "-key";

struct CapturedTables {
  std::vector<postgres::Table> tables;
  std::map<std::string, SchemaVersion> values;  // by topic
  std::map<std::string, std::string> keys;
};

// What one table comes to.
struct Outcome {
  std::string topic;
  bool parks = false;
  std::vector<std::string> words = {};
  std::string value_schema = {};  // the new one; empty: none comes
  SchemaImpact impact = {};
};

// "shop.public.orders" of "shop.public.orders-value".
std::optional<std::string> topic_of(const std::string& subject, std::string_view suffix) {
  if (!subject.ends_with(suffix)) return std::nullopt;
  auto topic = subject.substr(0, subject.size() - suffix.size());
  return std::ranges::count(topic, '.') == 2 ? std::optional(topic) : std::nullopt;
}

Result<CapturedTables> captured(const Globals& globals, std::string& source) {
  const auto prefix = source.empty() ? std::string() : escape_topic_part(source) + ".";
  SLUICE_TRY(const auto answer, registry_request(globals, "GET", "/schemas?latestOnly=true&subjectPrefix=" + io::percent_encode(prefix)));
  CapturedTables out;
  std::set<std::string> sources;
  const auto newest = json::parse(answer);
  for (const auto& item : newest.as_array()) {
    const auto& object = item.as_object();
    const std::string subject(object.at("subject").as_string()), text(object.at("schema").as_string());
    if (const auto topic = topic_of(subject, kKeySuffix)) out.keys[*topic] = text;
    if (const auto topic = topic_of(subject, kValueSuffix); topic && text.find("\"sqlType\"") != std::string::npos) {
      out.values[*topic] = {.subject = subject, .version = static_cast<std::int32_t>(object.at("version").as_int64()), .text = text};
      sources.insert(topic->substr(0, topic->find('.')));
    }
  }
  if (sources.empty()) {
    return Error{ErrorCode::not_found, source.empty() ? "the registry has no subject of a captured table" : "the registry has no subject of source " + source, "", "sluice schemas lists the subjects"};
  }
  if (sources.size() > 1) {
    std::string names;
    for (const auto& name : sources) names += (names.empty() ? "" : ", ") + name;
    return wrong_usage("there are several sources: " + names, "say whose tables the migration changes: --source NAME");
  }
  source = *sources.begin();
  for (const auto& [topic, value] : out.values) {
    SLUICE_TRY(auto table, postgres::table_of_topic(topic, value.text, out.keys[topic]));
    out.tables.push_back(std::move(table));
  }
  return out;
}

Result<void> judge_value(const Globals& globals, const CapturedTables& captured, Outcome& outcome) {
  const auto& newest = captured.values.at(outcome.topic);
  const SchemaVersion schema{.text = outcome.value_schema};
  SLUICE_TRY(const auto verdict, ask_verdict(globals, newest.subject, schema));
  SLUICE_TRY(const auto before, avro::Schema::parse(newest.text, {.validate_defaults = false}));
  SLUICE_TRY(const auto after, avro::Schema::parse(schema.text));
  SLUICE_TRY(outcome.impact, impact_of(before, after, true));
  if (verdict.compatible) return {};
  outcome.parks = true;
  outcome.words.push_back("PARKED: the new schema is not compatible (" + verdict.level + "); changes from then on wait in " + postgres::parked_topic_name(outcome.topic));
  return {};
}

Result<Outcome> outcome_of(const Globals& globals, const std::string& source, const CapturedTables& captured,
                           const postgres::MigratedTable& table) {
  SLUICE_TRY(auto topic, postgres::topic_name(source, table.after ? *table.after : *table.before));
  Outcome outcome{.topic = std::move(topic), .words = table.notes};
  if (!table.before) {
    outcome.words.push_back("a new topic, if the source's globs take " + table.after->full_name() + (table.after->keyless() ? "; without a primary key: inserts only" : ""));
    return outcome;
  }
  if (!table.after) {
    outcome.words.push_back("nothing more is written; the topic stays as it is");
    return outcome;
  }
  const auto key_of = [&](const postgres::Table& of) { return of.keyless() ? std::string() : postgres::key_schema(source, of); };
  if (const auto old_key = key_of(*table.before), new_key = key_of(*table.after); old_key != new_key && !postgres::same_key_schema(old_key, new_key)) {
    outcome.parks = true;
    outcome.words.push_back("PARKED: the key changes; changes from then on wait in " + postgres::parked_topic_name(outcome.topic));
  }
  outcome.value_schema = postgres::value_schema(source, *table.after);
  SLUICE_RETURN_IF_ERROR(judge_value(globals, captured, outcome));
  return outcome;
}

void print(const Outcome& outcome) {
  std::cout << outcome.topic << "\n";
  for (const auto& words : outcome.words) std::cout << "  " << words << "\n";
  if (!outcome.impact.differences.empty()) std::cout << impact_text(outcome.impact);
}

json::object json_of(const Outcome& outcome) {
  json::array differences;
  for (const auto& each : outcome.impact.differences) differences.push_back(json::object{{"path", each.path}, {"change", each.change}});
  return {{"topic", outcome.topic}, {"parked", outcome.parks}, {"valueSchema", outcome.value_schema.empty() ? json::value() : json::value(outcome.value_schema)}, {"notes", json::array(outcome.words.begin(), outcome.words.end())}, {"differences", std::move(differences)},
          {"newReadsOld", outcome.impact.new_reads_old.empty()}, {"oldReadsNew", outcome.impact.old_reads_new.empty()}};
}

}  // namespace

Result<int> check_migration(const Globals& globals, const std::string& given, const std::string& file) {
  SLUICE_TRY(const auto text, read_text(file));
  auto source = given;
  SLUICE_TRY(const auto tables, captured(globals, source));
  auto migration = postgres::migrate(tables.tables, text);
  if (!migration.ok()) {
    std::cout << file << ": " << migration.error().message << "\n";
    return kNo;
  }
  json::array array;
  bool parks = false;
  for (const auto& table : migration->tables) {
    SLUICE_TRY(const auto outcome, outcome_of(globals, source, tables, table));
    parks = parks || outcome.parks;
    array.push_back(json_of(outcome));
    if (!globals.json) print(outcome);
  }
  if (globals.json) {
    std::cout << json::serialize(json::object{{"source", source}, {"tables", std::move(array)}, {"unknown", json::array(migration->unknown.begin(), migration->unknown.end())}}) << "\n";
  } else {
    for (const auto& statement : migration->unknown) std::cout << file << ", " << statement << ": what this does to tables is not known\n";
    if (migration->tables.empty() && migration->unknown.empty()) std::cout << "no table of " << source << " changes\n";
  }
  return parks || !migration->unknown.empty() ? kNo : 0;
}

}  // namespace sluice::cli
