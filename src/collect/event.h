#pragma once
// A request's body as events: JSON (one value, an array, lines), CloudEvents 1.0 (binary, structured, batch), and the bodies
// of Kafka's REST proxy (v2).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "collect/rule.h"
#include "io/http.h"

namespace sluice::collect {

// What a value is.
enum class Form : std::uint8_t {
  json,       // plain JSON, to be written by the topic's schema
  avro_json,  // Avro's own JSON encoding, by the request's or the topic's schema
  bytes,      // written as they are
};

struct Event {
  Form form = Form::json;
  std::optional<std::string> value = {};    // JSON text, or bytes; none: a tombstone
  std::optional<std::string> key = {};
  std::optional<std::int32_t> partition = {};
  std::string id = {};                      // what tells it from others; empty: nothing does
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string wrong = {};                   // why it cannot be written, whatever the schema; empty: it may
};

enum class Format : std::uint8_t { json, cloudevents, kafka };

struct Batch {
  Format format = Format::json;
  std::vector<Event> events = {};
  std::string value_schema = {};            // kafka: Avro schema of the values; to be registered
  std::optional<std::int32_t> value_schema_id = {};
  std::string key_schema = {};
  std::optional<std::int32_t> key_schema_id = {};
};

// Errors of a whole request carry a code of Kafka's REST proxy in Error::reason, whose first three digits are the status:
// 40001 (no JSON), 41501 (media type), 422xx. An event that is wrong alone says so in `wrong`.
[[nodiscard]] Result<Batch> parse_batch(const io::HttpRequest& request, const std::string& body, const Rule& rule);

// The body without its Content-Encoding: gzip, zstd, identity. Errors: 41502 (another coding), 40002 (damaged), 41301 (too
// much when inflated).
[[nodiscard]] Result<std::string> decoded_body(const io::HttpRequest& request, std::size_t max_bytes);

// An error whose HTTP status is `code` / 100.
[[nodiscard]] Error failure(std::uint16_t code, std::string message, std::string hint = {});

}  // namespace sluice::collect
