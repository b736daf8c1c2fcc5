#include "collect/event.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "collect/cloud_events.h"
#include "collect/json_members.h"
#include "collect/kafka_rest.h"
#include "record/compression.h"

namespace sluice::collect {
namespace {

// "Application/JSON; charset=utf-8" is {"application/json"}.
std::string media_type(const io::HttpRequest& request) {
  auto text = std::string(request.header("content-type").value_or("application/json"));
  text.resize(std::min(text.find(';'), text.size()));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void describe(Event& event, const Rule& rule) {
  if (rule.key.empty() && rule.dedupe_by.empty()) return;
  const auto members = members_of(*event.value);
  if (!members.ok()) return;  // the schema will say what is wrong
  if (const auto raw = rule.key.empty() ? std::nullopt : find_member(*members, rule.key)) event.key = scalar_text(*raw);
  if (const auto raw = rule.dedupe_by.empty() ? std::nullopt : find_member(*members, rule.dedupe_by)) event.id = scalar_text(*raw).value_or("");
}

Event json_event(std::string_view text, const Rule& rule) {
  Event event{.value = std::string(text)};
  describe(event, rule);
  return event;
}

Result<Batch> json_batch(const std::string& body, const Rule& rule) {
  auto values = values_of(body);
  if (!values.ok()) return failure(40001, "the body is no JSON: " + values.error().message, "send an object, an array of objects, or a line an object");
  Batch batch{.format = Format::json};
  for (const auto value : *values) batch.events.push_back(json_event(value, rule));
  return batch;
}

// A line that is no JSON is one event that is wrong; the others go on.
Batch lines_batch(std::string_view body, const Rule& rule) {
  Batch batch{.format = Format::json};
  while (!body.empty()) {
    auto line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) batch.events.push_back(json_event(line, rule));
  }
  return batch;
}

bool is_one_of(const std::string& type, std::initializer_list<std::string_view> types) { return std::ranges::find(types, type) != types.end(); }

Error not_taken(const std::string& type, const Rule& rule) {
  return failure(41501, "Content-Type " + type + " is not taken" + (rule.name.empty() ? "" : " by collect." + rule.name),
                 "send application/json, application/x-ndjson, application/cloudevents+json or application/vnd.kafka.json.v2+json");
}

}  // namespace

Error failure(std::uint16_t code, std::string message, std::string hint) {
  return {.code = code / 100 == 404 ? ErrorCode::not_found : code / 100 == 503 ? ErrorCode::back_off : ErrorCode::rejected,
          .message = std::move(message), .hint = std::move(hint), .reason = code};
}

Result<std::string> decoded_body(const io::HttpRequest& request, std::size_t max_bytes) {
  const auto coding = request.header("content-encoding").value_or("identity");
  if (coding == "identity" || coding.empty()) return request.body;
  if (coding != "gzip" && coding != "zstd") return failure(41502, "Content-Encoding " + std::string(coding) + " is not known here", "send gzip, zstd, or no Content-Encoding");
  auto plain = record::decompress(coding == "gzip" ? record::Compression::gzip : record::Compression::zstd, request.body, max_bytes + 1);
  if (!plain.ok()) return failure(40002, "the body is damaged, or more than " + std::to_string(max_bytes) + " bytes when inflated: " + plain.error().message);
  if (plain->size() > max_bytes) return failure(41301, "the body is more than " + std::to_string(max_bytes) + " bytes when inflated", "send fewer events a request");
  return std::move(*plain);
}

Result<Batch> parse_batch(const io::HttpRequest& request, const std::string& body, const Rule& rule) {
  const auto type = media_type(request);
  if (type.starts_with("application/vnd.kafka.")) {
    if (!rule.takes("kafka")) return not_taken(type, rule);
    return parse_kafka_rest(type, body, rule);
  }
  if (type.starts_with("application/cloudevents") || request.header("ce-specversion")) {
    if (!rule.takes("cloudevents")) return not_taken(type, rule);
    return parse_cloud_events(request, type, body, rule);
  }
  if (!rule.takes("json")) return not_taken(type, rule);
  if (is_one_of(type, {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})) return lines_batch(body, rule);
  // text/plain is what navigator.sendBeacon() sends for a string.
  if (is_one_of(type, {"application/json", "text/plain", "text/json"})) return json_batch(body, rule);
  return not_taken(type, rule);
}

}  // namespace sluice::collect
