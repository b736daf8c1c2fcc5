#pragma once
// Builds a Graph's nodes from its documents.

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "json_schema/node.h"

namespace sluice::json_schema {

class Loader {
 public:
  explicit Loader(Graph& graph) : graph_(graph) {}
  // Precondition: the graph's documents are there, and nothing else. Errors as Schema::parse.
  [[nodiscard]] Result<void> load();

 private:
  // Where a schema stands.
  struct Scope {
    const Document* document;
    std::string base;  // the URI that references are resolved against
    std::string at;    // for messages

    [[nodiscard]] Scope below(std::string_view token) const;
  };
  struct Resource {
    const Json* json;
    Scope scope;
  };
  struct OpenReference {
    Node* from;
    std::string text;
    Scope scope;
  };
  using Nodes = std::vector<const Node*>;

  Result<const Node*> schema(const Json& json, Scope scope, bool boolean_allowed);
  Result<const Node*> schema(const Json& json, const Scope& scope);
  Result<void> fill(Node& node, const Json& json, Scope& scope);
  void name(const Json& json, Scope& scope);
  Result<bool> reference(Node& node, const Json& json, const Scope& scope);
  Result<void> annotations(Node& node, const Json& json, const Scope& scope);
  Result<void> types(Node& node, const Json& json, const Scope& scope);
  Result<void> strings(Node& node, const Json& json, const Scope& scope);
  Result<void> numbers(Node& node, const Json& json, const Scope& scope);
  Result<void> exclusive_limits(NumberRules& rules, const Json& json, const Scope& scope);
  Result<void> arrays(Node& node, const Json& json, const Scope& scope);
  Result<void> items(ArrayRules& rules, const Json& json, const Scope& scope);
  Result<void> objects(Node& node, const Json& json, const Scope& scope);
  Result<void> properties(ObjectRules& rules, const Json& json, const Scope& scope);
  Result<void> dependencies(ObjectRules& rules, const Json& json, const Scope& scope);
  Result<void> logic(Node& node, const Json& json, const Scope& scope);
  Result<void> definitions(const Json& json, const Scope& scope);

  // A keyword's value: unset when it is absent.
  Result<void> child(const Json& json, std::string_view keyword, const Scope& scope, const Node*& to,
                     bool boolean_allowed = true);
  Result<void> children(const Json& json, std::string_view keyword, const Scope& scope, std::optional<Nodes>& to);
  Result<Nodes> list(const Json& json, const Scope& scope);

  Result<void> resolve(const OpenReference& open);
  Result<const Resource*> resource(const OpenReference& open, std::string_view uri) const;
  Result<void> refuse_circles() const;

  Graph& graph_;
  std::unordered_map<const Json*, Node*> nodes_;
  std::map<std::string, Resource, std::less<>> resources_;  // by URI, and by URI#anchor
  std::vector<OpenReference> open_;
};

}  // namespace sluice::json_schema
