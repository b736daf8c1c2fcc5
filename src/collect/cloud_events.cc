#include "collect/cloud_events.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "collect/json_members.h"

namespace sluice::collect {
namespace {

using Attributes = std::map<std::string, std::string>;

std::string missing(const Attributes& attributes) {
  for (const auto* name : {"specversion", "id", "source", "type"}) {
    const auto found = attributes.find(name);
    if (found == attributes.end() || found->second.empty()) return std::string("the CloudEvent has no ") + name;
  }
  if (attributes.at("specversion") != "1.0") return "specversion " + attributes.at("specversion") + " is not 1.0";
  return "";
}

bool is_json(const std::string& type) { return type.empty() || type.find("json") != std::string::npos; }

void describe(Event& event, const Attributes& attributes, const Rule& rule) {
  event.wrong = missing(attributes);
  for (const auto& [name, value] : attributes) event.headers.emplace_back(name == "datacontenttype" ? "content-type" : "ce_" + name, value);
  if (const auto key = attributes.find("partitionkey"); key != attributes.end()) event.key = key->second;
  if (!rule.dedupe_by.empty() && event.wrong.empty()) event.id = attributes.at("source") + "\n" + attributes.at("id");
  if (event.key || rule.key.empty() || !event.value) return;
  if (const auto members = members_of(*event.value); members.ok()) {
    if (const auto raw = find_member(*members, rule.key)) event.key = scalar_text(*raw);
  }
}

Event structured(std::string_view text, const Rule& rule) {
  Event event;
  const auto members = members_of(text);
  if (!members.ok()) {
    event.value = std::string(text);
    event.wrong = "a CloudEvent is a JSON object";
    return event;
  }
  Attributes attributes;
  for (const auto& [name, raw] : *members) {
    if (name == "data") event.value = std::string(raw);
    else if (const auto value = scalar_text(raw); value && name != "data_base64") attributes[name] = *value;
  }
  describe(event, attributes, rule);
  const auto type = attributes.find("datacontenttype");
  if (event.wrong.empty() && find_member(*members, "data_base64")) event.wrong = "data_base64 has no place in a topic with a schema: send data as JSON";
  if (event.wrong.empty() && type != attributes.end() && !is_json(type->second)) event.wrong = "datacontenttype " + type->second + " is not JSON";
  if (!event.wrong.empty()) event.value = std::string(text);  // whole, for the dead letters
  return event;
}

// "ce-id: 7" is attribute id; values are percent-encoded.
Event binary(const io::HttpRequest& request, const std::string& type, const std::string& body, const Rule& rule) {
  Attributes attributes;
  for (const auto& [name, value] : request.headers) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.starts_with("ce-")) attributes[lower.substr(3)] = io::percent_decode(value);
  }
  Event event{.value = body};
  describe(event, attributes, rule);
  event.headers.emplace_back("content-type", type);
  if (event.wrong.empty() && !is_json(type)) event.wrong = "Content-Type " + type + " is not JSON";
  return event;
}

}  // namespace

Result<Batch> parse_cloud_events(const io::HttpRequest& request, const std::string& media_type, const std::string& body, const Rule& rule) {
  Batch batch{.format = Format::cloudevents};
  if (media_type == "application/cloudevents-batch+json") {
    const auto items = items_of(body);
    if (!items.ok()) return failure(40001, "a batch of CloudEvents is a JSON array: " + items.error().message);
    for (const auto item : *items) batch.events.push_back(structured(item, rule));
  } else if (media_type == "application/cloudevents+json") {
    batch.events.push_back(structured(body, rule));
  } else if (media_type.starts_with("application/cloudevents")) {
    return failure(41501, "Content-Type " + media_type + ": of CloudEvents' formats JSON is taken");
  } else {
    batch.events.push_back(binary(request, media_type, body, rule));
  }
  return batch;
}

}  // namespace sluice::collect
