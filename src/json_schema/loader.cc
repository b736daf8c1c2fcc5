// 1. Every document is walked along the keywords that hold schemas; each place becomes a node, `$id` and anchors are
// noted
//    with the base URI that holds there, references are put aside.
// 2. Each reference is looked up: the resource of its URI, then the fragment: a JSON pointer or an anchor. A pointer
// may
//    lead to where no keyword leads ("#/components/schemas/A"); what stands there is walked like a document.
// 3. A reference that leads, over nothing but references, to itself is refused: it has no meaning.

#include "json_schema/loader.h"

#include "json_schema/keywords.h"
#include "json_schema/uri.h"

namespace sluice::json_schema {
namespace {

// Of a schema that has no `$id`. Relative references need some base; nobody sees it.
constexpr std::string_view kNoBase = "schema:///";

std::string_view without_fragment(std::string_view uri) { return uri.substr(0, uri.find('#')); }

std::string_view fragment_of(std::string_view uri) {
  const auto hash = uri.find('#');
  return hash == std::string_view::npos ? std::string_view{} : uri.substr(hash + 1);
}

const std::string* text_member(const Json& json, std::string_view keyword) {
  const auto* value = json.find(keyword);
  return value != nullptr && value->is(Json::Kind::string) ? &value->text : nullptr;
}

Error unresolved(const std::string& at, const std::string& text, std::string why, std::string hint = {}) {
  return {.code = ErrorCode::rejected,
          .message = "not a valid JSON Schema: " + at + ": the reference '" + text + "' leads nowhere: " + std::move(why),
          .hint = std::move(hint)};
}

}  // namespace

Loader::Scope Loader::Scope::below(std::string_view token) const {
  return {document, base, at + "/" + pointer_token(token)};
}

Result<void> Loader::load() {
  for (const auto& document : graph_.documents) {
    Scope scope{&document, std::string(kNoBase), document.name + "#"};
    if (&document != &graph_.documents.front()) {
      // By its name as the schema itself would refer to it, and by the name alone.
      scope.base = without_fragment(resolve_uri(resources_.at("").scope.base, document.name));
      resources_.emplace(document.name, Resource{&document.json, scope});
      resources_.emplace(scope.base, Resource{&document.json, scope});
    } else {
      const auto* id = text_member(document.json, document.draft == Draft::d4 ? "id" : "$id");
      const Scope own{&document, id == nullptr ? scope.base : std::string(without_fragment(resolve_uri(kNoBase, *id))),
                      scope.at};
      resources_.emplace("", Resource{&document.json, own});
      resources_.emplace(own.base, Resource{&document.json, own});
    }
    SLUICE_TRY(const auto* node, schema(document.json, scope, true));
    if (graph_.root == nullptr) graph_.root = node;
  }
  // Resolving may find more.
  for (std::size_t i = 0; i < open_.size(); ++i) SLUICE_RETURN_IF_ERROR(resolve(OpenReference(open_[i])));
  return refuse_circles();
}

Result<const Node*> Loader::schema(const Json& json, const Scope& scope) {
  return schema(json, scope, scope.document->draft != Draft::d4);
}

Result<const Node*> Loader::schema(const Json& json, Scope scope, bool boolean_allowed) {
  const auto known = nodes_.find(&json);
  if (known != nodes_.end()) return static_cast<const Node*>(known->second);
  if (!json.is(Json::Kind::object) && !(json.is(Json::Kind::boolean) && boolean_allowed)) {
    return Error{.code = ErrorCode::rejected,
                 .message = "not a valid JSON Schema: " + scope.at +
                            (boolean_allowed ? " must be an object or a boolean" : " must be an object")};
  }
  auto& node = graph_.nodes.emplace_back();
  nodes_.emplace(&json, &node);
  node.json = &json;
  node.at = scope.at;
  if (json.is(Json::Kind::boolean)) {
    node.truth = json.truth;
    return static_cast<const Node*>(&node);
  }
  SLUICE_RETURN_IF_ERROR(fill(node, json, scope));
  return static_cast<const Node*>(&node);
}

Result<void> Loader::fill(Node& node, const Json& json, Scope& scope) {
  const auto draft = scope.document->draft;
  const bool alone = draft <= Draft::d7 && text_member(json, "$ref") != nullptr;
  if (!alone) name(json, scope);
  SLUICE_TRY(const bool refers, reference(node, json, scope));
  if (refers && alone) return {};
  SLUICE_RETURN_IF_ERROR(annotations(node, json, scope));
  SLUICE_RETURN_IF_ERROR(types(node, json, scope));
  SLUICE_RETURN_IF_ERROR(strings(node, json, scope));
  SLUICE_RETURN_IF_ERROR(numbers(node, json, scope));
  SLUICE_RETURN_IF_ERROR(arrays(node, json, scope));
  SLUICE_RETURN_IF_ERROR(objects(node, json, scope));
  SLUICE_RETURN_IF_ERROR(logic(node, json, scope));
  return definitions(json, scope);
}

// `$id` opens a resource of its own; with a fragment alone it is draft 4 to 7's way to write an anchor.
void Loader::name(const Json& json, Scope& scope) {
  const auto draft = scope.document->draft;
  if (const auto* id = text_member(json, draft == Draft::d4 ? "id" : "$id"); id != nullptr) {
    const auto uri = resolve_uri(scope.base, *id);
    if (!id->starts_with('#')) {
      scope.base = without_fragment(uri);
      resources_.emplace(scope.base, Resource{&json, scope});
    }
    if (draft <= Draft::d7 && !fragment_of(uri).empty()) resources_.emplace(uri, Resource{&json, scope});
  }
  if (draft < Draft::d2019) return;
  for (const auto* keyword : {"$anchor", "$dynamicAnchor"}) {
    if (const auto* anchor = text_member(json, keyword)) {
      resources_.emplace(scope.base + "#" + *anchor, Resource{&json, scope});
    }
  }
}

Result<bool> Loader::reference(Node& node, const Json& json, const Scope& scope) {
  const auto draft = scope.document->draft;
  std::optional<std::string> text;
  if (draft == Draft::d2020) SLUICE_RETURN_IF_ERROR(read_text(json, "$dynamicRef", scope.at, text));
  if (draft == Draft::d2019) SLUICE_RETURN_IF_ERROR(read_text(json, "$recursiveRef", scope.at, text));
  SLUICE_RETURN_IF_ERROR(read_text(json, "$ref", scope.at, text));
  if (text) open_.push_back({&node, *text, scope});
  return text.has_value();
}

Result<void> Loader::resolve(const OpenReference& open) {
  const auto& [from, text, scope] = open;
  const auto uri = resolve_uri(scope.base, text);
  const auto fragment = percent_decoded(fragment_of(uri));
  if (!fragment.empty() && !fragment.starts_with('/')) {
    const auto anchor = resources_.find(std::string(without_fragment(uri)) + "#" + fragment);
    if (anchor == resources_.end()) return unresolved(scope.at, text, "there is no such anchor");
    SLUICE_TRY(from->reference, schema(*anchor->second.json, anchor->second.scope));
    return {};
  }
  SLUICE_TRY(const auto* target, resource(open, without_fragment(uri)));
  const auto* json = target->json;
  auto place = target->scope;
  for (const auto& token : pointer_tokens(fragment)) {
    const auto* outer = json;
    json = outer->find(token);
    if (outer->is(Json::Kind::array) && !token.empty() && token.size() < 10 &&
        token.find_first_not_of("0123456789") == std::string::npos) {
      const auto index = std::stoul(token);
      json = index < outer->items.size() ? &outer->items[index] : nullptr;
    }
    if (json == nullptr) return unresolved(scope.at, text, place.at + " has no '" + token + "'");
    place = place.below(token);
  }
  SLUICE_TRY(from->reference, schema(*json, place));
  return {};
}

Result<const Loader::Resource*> Loader::resource(const OpenReference& open, std::string_view uri) const {
  // By its URI; else by the text as it stands, for references whose names are no URIs of the schema's own base.
  for (const std::string_view key : {uri, without_fragment(open.text)}) {
    const auto found = resources_.find(key);
    if (found != resources_.end()) return &found->second;
  }
  return unresolved(open.scope.at, open.text, "no schema is called '" + std::string(without_fragment(open.text)) + "'",
                    "register that schema, and name it in `references`");
}

Result<void> Loader::refuse_circles() const {
  for (const auto& open : open_) {
    // Beside a reference of 2019-09 may stand more, which does not end the circle.
    const Node* slow = open.from;
    for (const Node* fast = open.from; fast != nullptr && fast->reference != nullptr;) {
      fast = fast->reference->reference;
      slow = slow->reference;
      if (fast != nullptr && fast == slow) return unresolved(open.scope.at, open.text, "it refers to itself");
    }
  }
  return {};
}

}  // namespace sluice::json_schema
