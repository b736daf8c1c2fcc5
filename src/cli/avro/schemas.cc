// `sluice avro canonical`, `fingerprint`, `compat`: what is known of schemas alone.
#include "cli/avro/schemas.h"

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "avro/compatibility.h"
#include "cli/avro/commands.h"
#include "cli/avro/input.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string schema, reader, writer;
  bool md5 = false, sha256 = false, strict = false;
};

int canonical(const Options& options) {
  const auto schema = read_schema(options.schema, true);
  if (!schema.ok()) return fail(schema.error());
  std::cout << schema->canonical() << "\n";
  return 0;
}

int fingerprint(const Globals& globals, const Options& options) {
  if (options.md5 && options.sha256) return misuse("--md5 and --sha256 are two fingerprints", "ask for one of them");
  const auto schema = read_schema(options.schema, true);
  if (!schema.ok()) return fail(schema.error());
  const auto form = schema->canonical();
  Bytes bytes;
  ByteWriter(bytes).u64(avro::rabin_fingerprint(form));
  const auto digits = hex(options.md5 ? avro::md5(form) : options.sha256 ? avro::sha256(form) : bytes);
  const auto* algorithm = options.md5 ? "MD5" : options.sha256 ? "SHA-256" : "CRC-64-AVRO";
  std::cout << (globals.json ? json::serialize(json::object{{"algorithm", algorithm}, {"fingerprint", digits}})
                             : digits)
            << "\n";
  return 0;
}

std::string verdict_json(const Result<std::vector<avro::Incompatibility>>& found) {
  json::object out{{"compatible", found.ok() && found->empty()}};
  auto& list = out["incompatibilities"].emplace_array();
  if (!found.ok()) {
    out["message"] = found.error().message;
    return json::serialize(out);
  }
  for (const auto& each : *found)
    list.push_back(json::object{{"type", each.type}, {"location", each.location}, {"message", each.message}});
  return json::serialize(out);
}

int compat(const Globals& globals, const Options& options) {
  if (options.reader == "-" && options.writer == "-")
    return misuse("--reader and --writer cannot both be standard input");
  const auto reader = read_schema(options.reader, false);
  if (!reader.ok()) return fail(reader.error());
  const auto writer = read_schema(options.writer, false);
  if (!writer.ok()) return fail(writer.error());
  const auto found = avro::check_compatibility(*reader, *writer, {.compare_logical_types = options.strict});
  const bool compatible = found.ok() && found->empty();
  if (globals.json) {
    std::cout << verdict_json(found) << "\n";
    return compatible ? 0 : kNo;
  }
  std::cout << options.reader << (compatible ? " reads what " : " does NOT read all that ") << options.writer
            << " writes\n";
  if (!found.ok()) std::cout << "  " << found.error().message << "\n";
  if (found.ok() && !compatible) {
    Table table({"IN THE READER", "WHAT", "WHY"});
    for (const auto& each : *found) table.add({each.location, each.type, each.message});
    std::cout << table.text();
  }
  return compatible ? 0 : kNo;
}

}  // namespace

Result<avro::Schema> read_schema(const std::string& path, bool strict) {
  SLUICE_TRY(const auto text, read_text(path));
  auto schema = avro::Schema::parse(text, {.validate_defaults = strict, .validate_names = strict});
  if (!schema.ok()) return wrong_usage((path == "-" ? "standard input" : path) + ": " + schema.error().message);
  return schema;
}

Command avro_canonical_command() {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "canonical",
          .help = "Prints a schema's Parsing Canonical Form",
          .arguments = {},
          .options = {{"--schema", "FILE", "The schema; - is standard input", &options->schema, true}},
          .run = [options] { return canonical(*options); }};
}

Command avro_fingerprint_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "fingerprint",
          .help = "Prints the fingerprint of a schema's canonical form: CRC-64-AVRO as a number of 16 hex digits",
          .arguments = {},
          .options = {{"--schema", "FILE", "The schema; - is standard input", &options->schema, true},
                      {"--md5", "", "MD5 instead", &options->md5},
                      {"--sha256", "", "SHA-256 instead", &options->sha256}},
          .run = [options, &globals] { return fingerprint(globals, *options); }};
}

Command avro_compat_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {
      .noun = "avro",
      .verb = "compat",
      .help = "Whether one schema reads what another writes; exits 1 when not, with the reasons",
      .arguments = {},
      .options = {{"--reader", "FILE", "The reader's schema; - is standard input", &options->reader, true},
                  {"--writer", "FILE", "The writer's schema; - is standard input", &options->writer, true},
                  {"--strict", "", "Logical types, decimal scales and precisions must fit as well", &options->strict}},
      .run = [options, &globals] { return compat(globals, *options); }};
}

}  // namespace sluice::cli
