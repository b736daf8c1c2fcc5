#pragma once
// What the `schema` commands ask of a registry, ours or any other that speaks Confluent's REST.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace sluice::cli {

// Makes a request with the registry's media type; `body` empty: none. The answer's JSON as text. Errors: as error_of()'s,
// `what` before the registry's words; corrupt, no JSON.
[[nodiscard]] Result<std::string> registry_request(const Globals& globals, const std::string& method, const std::string& target,
                                                   const std::string& body = "", const std::string& what = "");

// "/subjects/shop.public.orders-value", percent-encoded.
[[nodiscard]] std::string subject_path(const std::string& subject);

// A version of a subject, or a schema that is not registered yet (version 0).
struct SchemaVersion {
  std::string subject = {};
  std::int32_t version = 0;
  std::int32_t id = 0;
  std::string type = "AVRO";
  std::string text = {};
  std::vector<std::string> references = {};  // "name=subject:version"
};

// `version`: a number or "latest". Errors: not_found.
[[nodiscard]] Result<SchemaVersion> read_version(const Globals& globals, const std::string& subject, const std::string& version);
[[nodiscard]] Result<SchemaVersion> read_schema(const Globals& globals, std::int32_t id);
// From a file, or from standard input ("-"). The type is that of the file's name (.proto) if `type` is empty.
[[nodiscard]] Result<SchemaVersion> read_schema_file(const std::string& path, const std::string& type, const std::vector<std::string>& references);
// The JSON that registers, looks up or checks it. Errors: unsupported, a reference that is not written NAME=SUBJECT:VERSION.
[[nodiscard]] Result<std::string> request_body(const SchemaVersion& schema);
// JSON with line breaks, for people; a text that is no JSON as it is.
[[nodiscard]] std::string pretty_json(const std::string& text);

}  // namespace sluice::cli
