#include "json_schema/schema.h"

#include <optional>

#include "json_schema/json.h"
#include "json_schema/loader.h"
#include "json_schema/node.h"
#include "json_schema/validation.h"

namespace sluice::json_schema {
namespace {

std::optional<Draft> draft_of(const Json& json) {
  const auto* named = json.find("$schema");
  if (named == nullptr || !named->is(Json::Kind::string)) return std::nullopt;
  std::string_view uri = named->text;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri == "json-schema.org/draft-04/schema") return Draft::d4;
  if (uri == "json-schema.org/draft-06/schema") return Draft::d6;
  if (uri == "json-schema.org/draft/2019-09/schema") return Draft::d2019;
  if (uri == "json-schema.org/draft/2020-12/schema") return Draft::d2020;
  return Draft::d7;
}

}  // namespace

Result<Schema> Schema::parse(std::string_view text, std::span<const ReferencedText> references) {
  auto graph = std::make_shared<Graph>();
  auto& root = graph->documents.emplace_back();
  SLUICE_TRY(root.json, parse_json(text));
  root.draft = draft_of(root.json).value_or(Draft::d7);
  for (const auto& reference : references) {
    auto& document = graph->documents.emplace_back();
    document.name = reference.name;
    auto json = parse_json(reference.text);
    if (!json.ok()) return std::move(json).error().in("the referenced schema '" + reference.name + "'");
    document.json = std::move(json).value();
    document.draft = draft_of(document.json).value_or(root.draft);
  }
  SLUICE_RETURN_IF_ERROR(Loader(*graph).load());
  return Schema(std::move(graph));
}

std::string Schema::text() const { return print_json(graph_->documents.front().json); }

std::string Schema::normalized() const { return print_json(graph_->documents.front().json, true); }

Result<void> Schema::validate(std::string_view value) const {
  SLUICE_TRY(const auto json, parse_json(value));
  return json_schema::validate(*graph_, json);
}

bool Schema::has_property(std::string_view name) const {
  for (const auto* node = graph_->root; node != nullptr; node = node->reference) {
    if (node->object.property(name) != nullptr) return true;
  }
  return false;
}

}  // namespace sluice::json_schema
