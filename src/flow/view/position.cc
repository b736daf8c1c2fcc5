#include "flow/view/position.h"

#include <boost/json.hpp>
#include <cinttypes>
#include <cstdio>

namespace sluice::flow {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;

json::value time_json(std::int64_t time_us) { return time_us == kNoTime ? json::value(nullptr) : json::value(time_us); }
std::int64_t time_of(const json::value& value) { return value.is_int64() ? value.get_int64() : kNoTime; }

}  // namespace

std::string position_key(const std::string& view, std::uint32_t generation) {
  return json::serialize(json::object{{"owner", owner_name(view, generation)}});
}

std::string owner_name(const std::string& view, std::uint32_t generation) { return "view." + view + "." + std::to_string(generation); }

std::string state_topic(const std::string& view, std::uint32_t generation) {
  return state_topic_prefix(view) + std::to_string(generation);
}

std::string state_topic_prefix(const std::string& view) { return "__sluice_state." + view + "."; }

std::string Position::json() const {
  json::array list;
  for (const auto& input : inputs) list.push_back(json::array{input.relation, input.partition, input.next.value, time_json(input.watermark_us)});
  json::object ids;
  for (const auto& [topic, id] : topics) ids[topic] = id;
  return json::serialize(json::object{{"version", kVersion},
                                      {"published", published},
                                      {"watermarkUs", time_json(watermark_us)},
                                      {"rows", rows},
                                      {"topics", std::move(ids)},
                                      {"inputs", std::move(list)}});
}

Result<Position> Position::parse(std::string_view text) {
  const Error corrupt{ErrorCode::corrupt, "a view's record in __sluice_positions is no position: " + std::string(text.substr(0, 200))};
  boost::system::error_code error;
  const auto parsed = json::parse({text.data(), text.size()}, error);
  if (error || !parsed.is_object()) return corrupt;
  const auto& object = parsed.get_object();
  const auto* version = object.if_contains("version");
  const auto* inputs = object.if_contains("inputs");
  if (version == nullptr || !version->is_int64() || inputs == nullptr || !inputs->is_array()) return corrupt;
  if (version->get_int64() > kVersion) return Error{ErrorCode::unsupported, "a view's record in __sluice_positions is of a newer version of sluice"};
  Position position;
  if (const auto* published = object.if_contains("published"); published != nullptr && published->is_bool()) position.published = published->get_bool();
  if (const auto* watermark = object.if_contains("watermarkUs")) position.watermark_us = time_of(*watermark);
  if (const auto* rows = object.if_contains("rows"); rows != nullptr && rows->is_int64()) position.rows = static_cast<std::uint64_t>(rows->get_int64());
  if (const auto* topics = object.if_contains("topics"); topics != nullptr && topics->is_object()) {
    for (const auto& [topic, id] : topics->get_object()) {
      if (id.is_string()) position.topics[topic] = id.get_string();
    }
  }
  for (const auto& item : inputs->get_array()) {
    const auto* parts = item.if_array();
    if (parts == nullptr || parts->size() != 4 || !(*parts)[0].is_string() || !(*parts)[1].is_int64() || !(*parts)[2].is_int64()) return corrupt;
    position.inputs.push_back({std::string((*parts)[0].get_string()), static_cast<std::int32_t>((*parts)[1].get_int64()), Offset{(*parts)[2].get_int64()},
                               time_of((*parts)[3])});
  }
  return position;
}

std::string Applied::text() const { return std::to_string(state.value) + " " + std::to_string(rows.value) + " " + std::to_string(at_ms); }

Applied Applied::parse(const std::string& text) {
  Applied applied;
  if (std::sscanf(text.c_str(), "%" SCNd64 " %" SCNd64 " %" SCNd64, &applied.state.value, &applied.rows.value, &applied.at_ms) != 3) return {};
  return applied;
}

}  // namespace sluice::flow
