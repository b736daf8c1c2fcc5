#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "avro/schema.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string subject, version = "latest", file;
};

Result<json::value> ask(const Globals& globals, const std::string& target) {
  SLUICE_TRY(const auto text, get_json(globals.registry, target));
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) return Error{ErrorCode::corrupt, globals.registry + target + ": the answer is no JSON"};
  return value;
}

std::string subject_path(const std::string& subject) { return "/subjects/" + io::percent_encode(subject); }

Result<int> list(const Globals& globals) {
  SLUICE_TRY(const auto subjects, ask(globals, "/subjects"));
  Table table({"SUBJECT", "VERSION", "ID"});
  json::array array;
  if (!subjects.is_array()) return Error{ErrorCode::corrupt, globals.registry + "/subjects: the answer is no list"};
  for (const auto& subject : subjects.as_array()) {
    const auto name = std::string(subject.is_string() ? std::string_view(subject.as_string()) : "");
    SLUICE_TRY(const auto latest, ask(globals, subject_path(name) + "/versions/latest"));
    const auto& object = latest.as_object();
    table.add({name, json::serialize(object.at("version")), json::serialize(object.at("id"))});
    array.push_back(json::object{{"subject", name}, {"version", object.at("version")}, {"id", object.at("id")}});
  }
  std::cout << (globals.json ? json::serialize(array) + "\n" : table.text());
  return 0;
}

// JSON with line breaks, for people. Boost.JSON prints none.
void pretty(const json::value& value, int indent, std::string& out) {
  const std::string space(static_cast<std::size_t>(indent) * 2, ' ');
  if (const auto* object = value.if_object(); object != nullptr && json::serialize(value).size() > 100) {
    out += "{\n";
    std::size_t left = object->size();
    for (const auto& [key, each] : *object) {
      out += space + "  " + json::serialize(json::string(key)) + ": ";
      pretty(each, indent + 1, out);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += space + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && json::serialize(value).size() > 100) {
    out += "[\n";
    std::size_t left = array->size();
    for (const auto& each : *array) {
      out += space + "  ";
      pretty(each, indent + 1, out);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += space + "]";
  } else {
    out += json::serialize(value);
  }
}

Result<int> show(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto found, ask(globals, subject_path(options.subject) + "/versions/" + io::percent_encode(options.version)));
  if (globals.json) {
    std::cout << json::serialize(found) << "\n";
    return 0;
  }
  const auto& object = found.as_object();
  boost::system::error_code error;
  const auto schema = json::parse(object.at("schema").as_string(), error);
  std::string text;
  pretty(error ? object.at("schema") : schema, 0, text);
  std::cerr << "subject " << options.subject << ", version " << json::serialize(object.at("version")) << ", id "
            << json::serialize(object.at("id")) << "\n";
  std::cout << text << "\n";
  return 0;
}

Result<std::string> read_text(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong_usage(path + ": there is no such file, or it may not be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Exit status 0 when the registry would take the schema, 1 when not: for CI.
Result<int> check(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto text, read_text(options.file));
  const auto schema = avro::Schema::parse(text);
  if (!schema.ok()) {
    std::cout << options.file << ": no valid schema: " << schema.error().message << "\n";
    return kNo;
  }
  SLUICE_TRY(auto url, io::parse_http_url(globals.registry));
  const auto target = "/compatibility" + subject_path(options.subject) + "/versions/latest?verbose=true";
  SLUICE_TRY(const auto answer, io::HttpClient(std::move(url)).post(target, json::serialize(json::object{{"schema", text}}),
                                                                    "application/vnd.schemaregistry.v1+json"));
  if (answer.status == 404) {
    std::cout << options.subject << ": a new subject, anything is compatible\n";
    return 0;
  }
  if (answer.status != 200) return error_of(answer, "subject " + options.subject);
  boost::system::error_code error;
  const auto parsed = json::parse(answer.body, error);
  const auto* object = parsed.if_object();
  if (error || object == nullptr) return Error{ErrorCode::corrupt, "the registry's answer is no JSON object"};
  if (globals.json) std::cout << answer.body << "\n";
  const auto* verdict = object->if_contains("is_compatible");
  const bool compatible = verdict != nullptr && verdict->is_bool() && verdict->as_bool();
  if (!globals.json) {
    std::cout << options.subject << ": " << (compatible ? "compatible" : "NOT compatible") << "\n";
    if (const auto* messages = object->if_contains("messages"); messages != nullptr && messages->is_array()) {
      for (const auto& message : messages->as_array()) {
        if (message.is_string()) std::cout << "  " << std::string_view(message.as_string()) << "\n";
      }
    }
  }
  return compatible ? 0 : kNo;
}

int finish(const Result<int>& done) { return done.ok() ? *done : fail(done.error()); }

// Boost.JSON's at() and as_…() throw when an answer has another shape: somebody else's server, perhaps.
template <typename F>
int guarded(F&& run) {
  try {
    return finish(run());
  } catch (const std::exception& error) {
    return fail({ErrorCode::corrupt, std::string("the registry's answer has another form than expected: ") + error.what()});
  }
}

}  // namespace

std::vector<Command> schema_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  return {
      {.noun = "schema", .verb = "list", .help = "Subjects of the registry, with their newest version",
       .arguments = {},
       .options = {},
       .run = [options, &globals] { return guarded([&] { return list(globals); }); }},
      {.noun = "schema", .verb = "show", .help = "A subject's schema",
       .arguments = {{"SUBJECT", "As shop.public.orders-value", &o.subject}},
       .options = {{"-v,--version", "N", "Another version than the newest", &o.version}},
       .run = [options, &globals] { return guarded([&] { return show(globals, *options); }); }},
      {.noun = "schema", .verb = "check", .help = "Whether a schema could be registered; exits 1 when not, for CI",
       .arguments = {{"SUBJECT", "As shop.public.orders-value", &o.subject}, {"FILE", "The schema; - is standard input", &o.file}},
       .options = {},
       .run = [options, &globals] { return guarded([&] { return check(globals, *options); }); }},
  };
}

}  // namespace sluice::cli
