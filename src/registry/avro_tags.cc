#include "registry/avro_tags.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "avro/json_text.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr const char* kTags = "confluent:tags";

std::vector<std::string> strings_of(const json::value* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

class Collector {
 public:
  void visit(const avro::Node& node) {
    for (const auto* branch : node.branches) visit(*branch);
    if (node.items != nullptr) visit(*node.items);
    if (node.type != avro::Type::record || !seen_.insert(node.full_name()).second) return;
    note(node.full_name(), "sr_record", node.properties);
    for (const auto& field : node.fields) {
      note(node.full_name() + "." + field.name, "sr_field", field.properties);
      visit(*field.type);
    }
  }

  std::vector<EntityTags> found;

 private:
  void note(std::string path, const char* kind, const avro::Properties& properties) {
    const auto property = std::ranges::find(properties, kTags, &avro::Properties::value_type::first);
    if (property == properties.end()) return;
    const auto list = avro::parse_json(property->second);
    if (!list.ok()) return;
    if (auto tags = strings_of(&*list); !tags.empty()) found.push_back({std::move(path), kind, std::move(tags)});
  }

  std::set<std::string> seen_;
};

// The object of a record or field in a schema's JSON; none when it is not there.
class Finder {
 public:
  explicit Finder(const EntityTags& entity) : record_(entity.path), is_field_(entity.kind == "sr_field") {
    if (!is_field_) return;
    const auto dot = std::min(record_.rfind('.'), record_.size());
    field_ = record_.substr(std::min(dot + 1, record_.size()));
    record_.resize(dot);
  }

  json::object* find(json::value& node, const std::string& space) {
    if (auto* list = node.if_array()) {
      for (auto& item : *list) {
        if (auto* found = find(item, space)) return found;
      }
    }
    auto* object = node.if_object();
    if (object == nullptr) return nullptr;
    const auto own = space_of(*object, space);
    if (auto* fields = object->if_contains("fields"); fields != nullptr && fields->is_array())
      return in_record(*object, fields->get_array(), own);
    for (const auto* key : {"items", "values", "type"}) {
      auto* inner = object->if_contains(key);
      if (inner == nullptr) continue;
      if (auto* found = find(*inner, own)) return found;
    }
    return nullptr;
  }

 private:
  static std::string text_in(const json::object& object, const char* key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  }

  static std::string space_of(const json::object& object, const std::string& outer) {
    const auto name = text_in(object, "name");
    if (const auto dot = name.rfind('.'); dot != std::string::npos) return name.substr(0, dot);
    return object.contains("namespace") ? text_in(object, "namespace") : outer;
  }

  json::object* in_record(json::object& record, json::array& fields, const std::string& space) {
    auto name = text_in(record, "name");
    if (!space.empty() && name.find('.') == std::string::npos) name = space + "." + name;
    if (name == record_ && !is_field_) return &record;
    for (auto& field : fields) {
      if (!field.is_object()) continue;
      if (name == record_ && text_in(field.get_object(), "name") == field_) return &field.get_object();
      auto* type = field.get_object().if_contains("type");
      if (auto* found = type == nullptr ? nullptr : find(*type, space)) return found;
    }
    return nullptr;
  }

  std::string record_;
  std::string field_;
  bool is_field_;
};

Result<void> change(json::value& schema, const EntityTags& entity, bool add) {
  auto* object = Finder(entity).find(schema, "");
  if (object == nullptr)
    return Error{ErrorCode::rejected, "the schema has no " + std::string(entity.kind == "sr_field" ? "field" : "record") + " '" + entity.path + "'"};
  auto tags = strings_of(object->if_contains(kTags));
  for (const auto& tag : entity.tags) {
    std::erase_if(tags, [&](const std::string& there) { return !add && there == tag; });
    if (add && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  if (tags.empty()) {
    object->stable_erase(kTags);
  } else {
    (*object)[kTags] = json::array(tags.begin(), tags.end());
  }
  return {};
}

}  // namespace

std::vector<EntityTags> avro_tags(const avro::Node& root) {
  Collector collector;
  collector.visit(root);
  return std::move(collector.found);
}

Result<std::string> avro_with_tags(std::string_view text, std::span<const EntityTags> add,
                                   std::span<const EntityTags> remove) {
  SLUICE_TRY(auto schema, avro::parse_json(text));
  for (const auto& entity : add) SLUICE_RETURN_IF_ERROR(change(schema, entity, true));
  for (const auto& entity : remove) SLUICE_RETURN_IF_ERROR(change(schema, entity, false));
  return avro::json_text(schema);
}

}  // namespace sluice::registry
