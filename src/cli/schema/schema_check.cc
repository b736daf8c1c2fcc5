#include "cli/schema/schema_check.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "avro/compatibility.h"
#include "avro/lint.h"
#include "base/nearest.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

// A checker's finding as a person would say it; its place is a pointer into the reader's schema.
std::string words_of(const avro::Incompatibility& found) {
  const auto at = found.location + ": ";
  if (found.type == "READER_FIELD_MISSING_DEFAULT_VALUE") return at + "field " + found.message + " is not in the records, and has no default";
  if (found.type == "MISSING_ENUM_SYMBOLS") return at + "symbols " + found.message + " are unknown, and the enum has no default";
  if (found.type == "NAME_MISMATCH") return at + "another name; " + found.message;
  return at + found.message;
}

Result<std::vector<std::string>> reasons(const avro::Schema& reader, const avro::Schema& writer, bool compare_logical_types) {
  const auto found = avro::check_compatibility(reader, writer, {.compare_logical_types = compare_logical_types});
  if (!found.ok()) return std::vector<std::string>{found.error().message};
  std::vector<std::string> words;
  for (const auto& one : *found) words.push_back(words_of(one));
  return words;
}

// Side by side, lines that are in both once: the longest common subsequence. For texts that have no words of ours.
std::string line_diff(const std::string& before, const std::string& after) {
  const auto split = [](const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from <= text.size();) {
      const auto end = std::min(text.find('\n', from), text.size());
      lines.push_back(text.substr(from, end - from));
      from = end + 1;
    }
    return lines;
  };
  const auto a = split(before), b = split(after);
  std::vector<std::vector<std::uint32_t>> common(a.size() + 1, std::vector<std::uint32_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  }
  std::string out;
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      out += "- " + a[i++] + "\n";
    } else {
      out += "+ " + b[j++] + "\n";
    }
  }
  return out;
}

json::array list_of(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::array differences_json(const std::vector<avro::Difference>& differences) {
  json::array out;
  for (const auto& each : differences) {
    json::object one{{"path", each.path}, {"change", each.change}};
    if (!each.new_reads_old.empty()) one["newReadsOld"] = each.new_reads_old;
    if (!each.old_reads_new.empty()) one["oldReadsNew"] = each.old_reads_new;
    out.push_back(std::move(one));
  }
  return out;
}

std::string difference_lines(const std::vector<avro::Difference>& differences) {
  std::string out;
  for (const auto& each : differences) {
    out += "  " + (each.path.empty() ? std::string("(the schema)") : each.path) + "  " + each.change + "\n";
    if (!each.new_reads_old.empty()) out += "      readers with the new schema, in old records: " + each.new_reads_old + "\n";
    if (!each.old_reads_new.empty()) out += "      readers with the old schema, in new records: " + each.old_reads_new + "\n";
  }
  return out;
}

bool is_true(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

int say_new(const Globals& globals, const std::string& subject) {
  if (globals.json) {
    std::cout << json::serialize(json::object{{"subject", subject}, {"is_compatible", true}, {"new_subject", true}}) << "\n";
  } else {
    std::cout << subject << ": a new subject, anything is compatible\n";
  }
  return 0;
}

std::string order_of(const SchemaImpact& impact) {
  if (impact.new_reads_old.empty() && impact.old_reads_new.empty()) return "deploy readers and writers in any order";
  if (impact.new_reads_old.empty()) return "deploy readers first, then writers";
  if (impact.old_reads_new.empty()) return "deploy writers first, then readers; but readers that start from the beginning will fail";
  return "no order of deployment works: take a new subject, or several steps";
}

}  // namespace

Result<SchemaImpact> impact_of(const avro::Schema& before, const avro::Schema& after, bool compare_logical_types) {
  SchemaImpact impact{.differences = avro::differences(before, after)};
  SLUICE_TRY(impact.new_reads_old, reasons(after, before, compare_logical_types));
  SLUICE_TRY(impact.old_reads_new, reasons(before, after, compare_logical_types));
  return impact;
}

std::string impact_text(const SchemaImpact& impact) {
  if (impact.differences.empty()) return "  nothing changes\n";
  auto out = difference_lines(impact.differences);
  const auto verdict = [&](const char* who, const std::vector<std::string>& reasons) {
    out += std::string("  ") + who + (reasons.empty() ? ": yes\n" : ": NO\n");
    for (const auto& reason : reasons) out += "      " + reason + "\n";
  };
  verdict("the new schema reads the records that are there", impact.new_reads_old);
  verdict("the old schema reads the records that will come", impact.old_reads_new);
  return out + "  " + order_of(impact) + "\n";
}

Result<RegistryVerdict> ask_verdict(const Globals& globals, const std::string& subject, const SchemaVersion& schema) {
  SLUICE_RETURN_IF_ERROR(registry_request(globals, "GET", subject_path(subject) + "/versions"));  // 404: it is new
  SLUICE_TRY(const auto body, request_body(schema));
  SLUICE_TRY(const auto answer, registry_request(globals, "POST", "/compatibility" + subject_path(subject) + "/versions?verbose=true", body, "subject " + subject));
  SLUICE_TRY(const auto config, registry_request(globals, "GET", "/config/" + io::percent_encode(subject) + "?defaultToGlobal=true"));
  const auto verdict = json::parse(answer).as_object(), set = json::parse(config).as_object();
  RegistryVerdict out;
  out.compatible = is_true(verdict, "is_compatible");
  out.compare_logical_types = is_true(set, "compareLogicalTypes");
  if (const auto* level = set.if_contains("compatibilityLevel"); level != nullptr && level->is_string()) out.level = level->get_string();
  const auto* messages = verdict.if_contains("messages");
  if (messages == nullptr || !messages->is_array()) return out;
  for (const auto& message : messages->get_array()) {
    if (message.is_string()) out.messages.emplace_back(message.get_string());
  }
  return out;
}

Result<int> check_schema(const Globals& globals, const std::string& subject, const std::string& file, const SchemaVersion& schema) {
  std::optional<avro::Schema> after;
  if (schema.type == "AVRO" && schema.references.empty()) {
    auto parsed = avro::Schema::parse(schema.text);
    if (!parsed.ok()) {
      std::cout << file << ": no valid schema: " << parsed.error().message << "\n";
      return kNo;
    }
    after = *std::move(parsed);
  }
  const auto verdict = ask_verdict(globals, subject, schema);
  if (!verdict.ok() && verdict.error().code == ErrorCode::not_found) return say_new(globals, subject);
  if (!verdict.ok()) return verdict.error();
  SLUICE_TRY(const auto newest, read_version(globals, subject, "latest"));
  SchemaImpact impact;
  if (after && newest.type == "AVRO" && newest.references.empty()) {
    SLUICE_TRY(const auto before, avro::Schema::parse(newest.text, {.validate_defaults = false}));
    SLUICE_TRY(impact, impact_of(before, *after, verdict->compare_logical_types));
  }
  if (globals.json) {
    std::cout << json::serialize(json::object{{"subject", subject}, {"is_compatible", verdict->compatible}, {"level", verdict->level}, {"version", newest.version},
                                              {"messages", list_of(verdict->messages)}, {"differences", differences_json(impact.differences)},
                                              {"newReadsOld", impact.new_reads_old.empty()}, {"oldReadsNew", impact.old_reads_new.empty()}})
              << "\n";
    return verdict->compatible ? 0 : kNo;
  }
  std::cout << subject << ": " << (verdict->compatible ? "compatible" : "NOT compatible") << " (" << verdict->level << "), against version " << newest.version << "\n";
  if (after) std::cout << impact_text(impact);
  if (!verdict->compatible) {
    for (const auto& message : verdict->messages) std::cout << "  the registry: " << message << "\n";
  }
  return verdict->compatible ? 0 : kNo;
}

Result<int> diff_schemas(const Globals& globals, const SchemaVersion& before, const SchemaVersion& after) {
  const bool avro = before.type == "AVRO" && after.type == "AVRO" && before.references.empty() && after.references.empty();
  if (!avro) {
    const auto lines = line_diff(pretty_json(before.text), pretty_json(after.text));
    std::cout << lines;
    return lines.empty() ? 0 : kNo;
  }
  SLUICE_TRY(const auto old_schema, avro::Schema::parse(before.text, {.validate_defaults = false}));
  SLUICE_TRY(const auto new_schema, avro::Schema::parse(after.text, {.validate_defaults = false}));
  const auto found = avro::differences(old_schema, new_schema);
  if (globals.json) {
    std::cout << json::serialize(differences_json(found)) << "\n";
  } else {
    std::cout << (found.empty() ? "  nothing changes\n" : difference_lines(found));
  }
  return found.empty() ? 0 : kNo;
}

Result<int> lint_schema(const Globals& globals, const std::string& file, const std::string& text, const std::vector<std::string>& skip) {
  std::vector<std::string_view> names;
  for (const auto& rule : avro::lint_rules()) names.push_back(rule.name);
  for (const auto& name : skip) {
    if (std::ranges::find(names, name) == names.end()) {
      const auto near = nearest(name, names);
      return wrong_usage("--skip " + name + ": there is no such rule", near.empty() ? "sluice schema lint --help lists them" : "did you mean " + std::string(near) + "?");
    }
  }
  const auto schema = avro::Schema::parse(text);
  if (!schema.ok()) {
    std::cout << file << ": no valid schema: " << schema.error().message << "\n";
    return kNo;
  }
  json::array array;
  int count = 0;
  for (const auto& finding : avro::lint(*schema)) {
    if (std::ranges::find(skip, finding.rule) != skip.end()) continue;
    ++count;
    array.push_back(json::object{{"rule", finding.rule}, {"path", finding.path}, {"message", finding.words}});
    if (!globals.json) std::cout << file << ": " << (finding.path.empty() ? "" : finding.path + " ") << finding.words << " [" << finding.rule << "]\n";
  }
  if (globals.json) std::cout << json::serialize(array) << "\n";
  return count == 0 ? 0 : kNo;
}

std::string lint_help() {
  std::string text = "Rules:\n";
  for (const auto& rule : avro::lint_rules()) text += "  " + std::string(rule.name) + ": " + std::string(rule.help) + "\n";
  return text;
}

}  // namespace sluice::cli
