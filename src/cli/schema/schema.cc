// schema list, show, create, set, delete; schema check, diff and lint stand in schema_check.cc and its kin.
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "base/nearest.h"
#include "cli/avro/input.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/schema/registry_requests.h"
#include "cli/schema/schema_check.h"
#include "cli/schema/schema_migration.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string subject, version = "latest", file, type, ddl, source;
  std::vector<std::string> words, references, versions, skip;
  std::optional<std::int64_t> id;
  bool deleted = false, permanent = false, force = false, normalize = false;
};

Result<json::value> ask(const Globals& globals, const std::string& method, const std::string& target, const std::string& body = "", const std::string& what = "") {
  SLUICE_TRY(const auto text, registry_request(globals, method, target, body, what));
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) return Error{ErrorCode::corrupt, shown(globals.registry) + target + ": the answer is no JSON"};
  return value;
}

Result<int> list(const Globals& globals, const Options& options) {
  const std::string deleted = options.deleted ? "&deleted=true" : "";
  SLUICE_TRY(const auto newest, ask(globals, "GET", "/schemas?latestOnly=true&subjectPrefix=" + io::percent_encode(options.subject) + deleted));
  Table table({"SUBJECT", "VERSION", "ID", "TYPE"});
  json::array array;
  for (const auto& item : newest.as_array()) {
    const auto& object = item.as_object();
    const auto* type = object.if_contains("schemaType");
    const json::value kind = type != nullptr && type->is_string() ? *type : json::value("AVRO");
    table.add({std::string(object.at("subject").as_string()), json::serialize(object.at("version")), json::serialize(object.at("id")), std::string(kind.as_string())});
    array.push_back(json::object{{"subject", object.at("subject")}, {"version", object.at("version")}, {"id", object.at("id")}, {"schemaType", kind}});
  }
  std::cout << (globals.json ? json::serialize(array) + "\n" : table.text());
  return 0;
}

Result<int> show(const Globals& globals, const Options& options) {
  if (options.subject.empty() == !options.id) return wrong_usage("schema show takes a SUBJECT or --id", "sluice schemas lists the subjects");
  SLUICE_TRY(const auto found, options.id ? read_schema(globals, static_cast<std::int32_t>(*options.id)) : read_version(globals, options.subject, options.version));
  if (globals.json) {
    SLUICE_TRY(const auto body, request_body(found));
    auto object = json::parse(body).as_object();
    if (!found.subject.empty()) object["subject"] = found.subject;
    if (found.version > 0) object["version"] = found.version;
    object["id"] = found.id;
    std::cout << json::serialize(object) << "\n";
    return 0;
  }
  if (!found.subject.empty()) std::cerr << "subject " << found.subject << ", version " << found.version << ", ";
  std::cerr << "id " << found.id << ", " << found.type << "\n";
  for (const auto& reference : found.references) std::cerr << "refers to " << reference << "\n";
  std::cout << (found.type == "PROTOBUF" ? found.text : pretty_json(found.text)) << "\n";
  return 0;
}

Result<int> create(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto schema, read_schema_file(options.file, options.type, options.references));
  SLUICE_TRY(const auto body, request_body(schema));
  const auto target = subject_path(options.subject) + "/versions" + (options.normalize ? "?normalize=true" : "");
  SLUICE_TRY(const auto made, ask(globals, "POST", target, body, "subject " + options.subject));
  // What the registry kept may be spelled otherwise than what it was given: it is looked up by its id.
  const auto id = json::value_to<std::int32_t>(made.as_object().at("id"));
  SLUICE_TRY(const auto uses, ask(globals, "GET", "/schemas/ids/" + std::to_string(id) + "/versions?subject=" + io::percent_encode(options.subject)));
  std::int64_t version = 0;
  for (const auto& use : uses.as_array()) {
    if (use.as_object().at("subject").as_string() == options.subject) version = std::max(version, use.as_object().at("version").as_int64());
  }
  if (globals.json) {
    std::cout << json::serialize(json::object{{"subject", options.subject}, {"version", version}, {"id", id}}) << "\n";
  } else {
    std::cerr << options.subject << ": version " << version << ", id " << id << "\n";
  }
  return 0;
}

// `key` of /config, as PUT takes it, from a word's value.
Result<json::value> config_value(const std::string& key, const std::string& text) {
  if (key != "normalize" && key != "validateFields" && key != "compareLogicalTypes") return json::value(text);
  if (text == "true" || text == "false") return json::value(text == "true");
  return wrong_usage(key + "=" + text + ": it is true or false");
}

Result<void> set_mode(const Globals& globals, const std::string& at, const std::string& mode, bool force) {
  const auto body = json::serialize(json::object{{"mode", mode}});
  SLUICE_TRY(const auto answer, ask(globals, "PUT", "/mode" + at + (force ? "?force=true" : ""), body, "mode"));
  static_cast<void>(answer);
  return {};
}

// `schema set [SUBJECT] key=value… key-…`; without a subject for all that have no setting of their own.
Result<int> set(const Globals& globals, const Options& options) {
  static const std::vector<std::string_view> kKeys{"compatibility", "mode", "normalize", "compatibilityGroup", "compatibilityPolicy", "alias", "validateFields", "compareLogicalTypes"};
  auto words = options.words;
  std::string subject;
  if (!words.empty() && words[0].find('=') == std::string::npos && !words[0].ends_with('-')) {
    subject = words[0];
    words.erase(words.begin());
  }
  if (words.empty()) return wrong_usage("nothing to set", "write key=value, as compatibility=FULL, or key- to unset");
  const auto at = subject.empty() ? std::string() : "/" + io::percent_encode(subject);
  json::object config;
  for (const auto& word : words) {
    const auto key = word.substr(0, std::min(word.find('='), word.size() - (word.ends_with('-') ? 1 : 0)));
    if (std::ranges::find(kKeys, key) == kKeys.end()) {
      const auto near = nearest(key, kKeys);
      return wrong_usage("'" + key + "' is nothing that can be set", near.empty() ? "compatibility, mode, normalize and others can: sluice schema set --help" : "did you mean " + std::string(near) + "?");
    }
    if (word.find('=') == std::string::npos) {
      if (key != "mode" && key != "compatibility") config[key] = nullptr;
      else SLUICE_RETURN_IF_ERROR(registry_request(globals, "DELETE", (key == "mode" ? "/mode" : "/config") + at, "", word));
      continue;
    }
    const auto value = word.substr(key.size() + 1);
    if (key == "mode") {
      SLUICE_RETURN_IF_ERROR(set_mode(globals, at, value, options.force));
      continue;
    }
    SLUICE_TRY(config[key], config_value(key, value));
  }
  if (!config.empty()) SLUICE_RETURN_IF_ERROR(registry_request(globals, "PUT", "/config" + at, json::serialize(config), subject.empty() ? "all subjects" : "subject " + subject));
  std::cerr << "set " << (subject.empty() ? "for all subjects without a setting of their own" : subject) << "\n";
  return 0;
}

Result<int> remove(const Globals& globals, const Options& options) {
  const bool one = options.version != "latest";
  const auto what = options.subject + (one ? " version " + options.version : " with all its versions");
  if (!confirmed(globals, "Delete " + what + (options.permanent ? " for good?" : "?"))) return kRefused;
  const auto target = subject_path(options.subject) + (one ? "/versions/" + io::percent_encode(options.version) : "");
  const auto soft = registry_request(globals, "DELETE", target, "", what);
  // Gone softly before: that is the first of the two steps.
  if (!soft.ok() && !(options.permanent && soft.error().code == ErrorCode::not_found)) return soft.error();
  if (options.permanent) {
    SLUICE_RETURN_IF_ERROR(registry_request(globals, "DELETE", target + "?permanent=true" + (options.force ? "&force=true" : ""), "", what));
  }
  std::cerr << "deleted " << what << (options.permanent ? " for good\n" : "; its ids go on to be answered\n");
  return 0;
}

Result<int> check(const Globals& globals, const Options& options) {
  if (!options.ddl.empty()) {
    if (!options.subject.empty()) return wrong_usage("schema check takes a SUBJECT and a FILE, or --ddl", "sluice schema check --ddl migration.sql --source shop");
    return check_migration(globals, options.source, options.ddl);
  }
  if (options.subject.empty() || options.file.empty()) return wrong_usage("schema check takes a SUBJECT and a FILE, or --ddl", "sluice schema check orders-value order.avsc");
  SLUICE_TRY(const auto schema, read_schema_file(options.file, options.type, options.references));
  return check_schema(globals, options.subject, options.file, schema);
}

Result<int> diff(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto before, read_version(globals, options.subject, options.versions.at(0)));
  const auto second = options.versions.size() > 1 ? options.versions[1] : "latest";
  const bool number = second == "latest" || second.find_first_not_of("0123456789") == std::string::npos;
  SLUICE_TRY(const auto after, number ? read_version(globals, options.subject, second) : read_schema_file(second, options.type, options.references));
  return diff_schemas(globals, before, after);
}

Result<int> lint(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto text, read_text(options.file));
  return lint_schema(globals, options.file, text, options.skip);
}

int finish(const Result<int>& done) { return done.ok() ? *done : fail(done.error()); }

// Boost.JSON's at() and as_…() throw when an answer has another shape: somebody else's server, perhaps.
template <typename F>
std::function<int()> guarded(F run) {
  return [run] {
    try {
      return finish(run());
    } catch (const std::exception& error) {
      return fail({ErrorCode::corrupt, std::string("the registry's answer has another form than expected: ") + error.what()});
    }
  };
}

Argument subject_argument(Options& o) { return {"SUBJECT", "As shop.public.orders-value", &o.subject}; }
Option type_option(Options& o) { return {"--type", "TYPE", "AVRO, JSON or PROTOBUF (by the file's name: .proto; else AVRO)", &o.type}; }
Option reference_option(Options& o) { return {"--ref", "NAME=SUBJECT:VERSION", "A schema that this one refers to; may be repeated", &o.references}; }

std::vector<Command> changing_commands(const Globals& globals, const std::shared_ptr<Options>& options) {
  auto& o = *options;
  return {
      {.noun = "schema", .verb = "create", .help = "Register a schema under a subject",
       .arguments = {subject_argument(o), {"FILE", "The schema; - is standard input", &o.file}},
       .options = {type_option(o), reference_option(o), {"--normalize", "", "One spelling for one meaning", &o.normalize}},
       .run = guarded([options, &globals] { return create(globals, *options); })},
      {.noun = "schema", .verb = "set", .help = "Set a subject's compatibility, mode and more",
       .arguments = {{"WORD", "[SUBJECT] KEY=VALUE…; KEY- unsets; without a SUBJECT for all that have no setting of their own", &o.words}},
       .options = {{"--force", "", "Enter mode IMPORT although there are subjects", &o.force}},
       .run = guarded([options, &globals] { return set(globals, *options); }),
       .more = "Keys: compatibility (NONE, BACKWARD, FORWARD, FULL and their _TRANSITIVE forms), mode (READWRITE, READONLY,\n"
               "READONLY_OVERRIDE, IMPORT), normalize, compatibilityGroup, compatibilityPolicy, alias, validateFields,\n"
               "compareLogicalTypes (a changed logical type or decimal scale is incompatible)."},
      {.noun = "schema", .verb = "delete", .help = "Delete a subject, or one of its versions",
       .arguments = {subject_argument(o)},
       .options = {{"-v,--version", "N", "That version only", &o.version},
                   {"--permanent", "", "For good: the ids are not answered any more", &o.permanent},
                   {"--force", "", "For good, although the topic may hold records of the schema", &o.force}},
       .run = guarded([options, &globals] { return remove(globals, *options); })},
  };
}

std::vector<Command> judging_commands(const Globals& globals, const std::shared_ptr<Options>& options) {
  auto& o = *options;
  return {
      {.noun = "schema", .verb = "check", .help = "What a new schema, or a migration, will do to readers and writers; exits 1 when it would be refused",
       .arguments = {{"SUBJECT", "As shop.public.orders-value", &o.subject, false}, {"FILE", "The schema; - is standard input", &o.file, false}},
       .options = {type_option(o), reference_option(o),
                   {"--ddl", "FILE", "A migration in SQL, before it is run: what it does to the topics of captured tables", &o.ddl},
                   {"--source", "NAME", "The source whose tables the migration changes", &o.source}},
       .run = guarded([options, &globals] { return check(globals, *options); })},
      {.noun = "schema", .verb = "diff", .help = "What changed between two versions, or from a version to a file",
       .arguments = {subject_argument(o), {"VERSION", "Two versions, or one and a file (one: and the latest)", &o.versions}},
       .options = {type_option(o)},
       .run = guarded([options, &globals] { return diff(globals, *options); })},
      {.noun = "schema", .verb = "lint", .help = "What a schema could do better for those who read it in five years; exits 1 when there is something",
       .arguments = {{"FILE", "An Avro schema; - is standard input", &o.file}},
       .options = {{"--skip", "RULE", "Leave a rule out; may be repeated", &o.skip}},
       .run = guarded([options, &globals] { return lint(globals, *options); }),
       .more = lint_help()},
  };
}

}  // namespace

std::vector<Command> schema_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  std::vector<Command> commands{
      {.noun = "schema", .verb = "list", .help = "Subjects of the registry, with their newest version",
       .arguments = {{"PREFIX", "Those that begin so", &o.subject, false}},
       .options = {{"--deleted", "", "With those that are deleted, but not for good", &o.deleted}},
       .run = guarded([options, &globals] { return list(globals, *options); })},
      {.noun = "schema", .verb = "show", .help = "A subject's schema",
       .arguments = {{"SUBJECT", "As shop.public.orders-value", &o.subject, false}},
       .options = {{"-v,--version", "N", "Another version than the newest", &o.version}, {"--id", "N", "By its id, instead of a subject", &o.id}},
       .run = guarded([options, &globals] { return show(globals, *options); })},
  };
  for (auto& command : changing_commands(globals, options)) commands.push_back(std::move(command));
  for (auto& command : judging_commands(globals, options)) commands.push_back(std::move(command));
  return commands;
}

}  // namespace sluice::cli
