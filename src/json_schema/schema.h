#pragma once
// JSON Schema, drafts 4, 6, 7, 2019-09 and 2020-12. A text's `$schema` names its draft; without, or with an unknown
// one, it is draft 7, as Confluent's registry has it.
//
// Dynamic references ($recursiveRef, $dynamicRef) are taken as plain ones. `format` and the content… keywords say
// nothing about which values are valid.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::json_schema {

struct Graph;

// A schema that others refer to, by this name (resolved against their `$id`) or by its own `$id`.
struct ReferencedText {
  std::string name;
  std::string text;
};

// Immutable, cheap to copy, shared freely between threads.
class Schema {
 public:
  // Every schema in the text is checked, those under `definitions` and `$defs` too. Errors: rejected: no JSON, neither an
  // object nor a boolean, a keyword of the draft with a value that it cannot have, a pattern that does not compile, a
  // reference to what is not there or to itself; the message names the place ("#/properties/a/minLength").
  [[nodiscard]] static Result<Schema> parse(std::string_view text, std::span<const ReferencedText> references = {});

  // As Confluent's registry stores it: without white space, members in their order, numbers as Java's BigDecimal prints.
  [[nodiscard]] std::string text() const;
  // The same with the members of every object sorted.
  [[nodiscard]] std::string normalized() const;
  // Is a JSON text a value of this schema? Errors: rejected; the message names the place in the value
  // ("#/items/3/price"), the detail the place in the schema.
  [[nodiscard]] Result<void> validate(std::string_view value) const;

  // Is there a property of this name at the top, behind `$ref` too?
  [[nodiscard]] bool has_property(std::string_view name) const;

  [[nodiscard]] const Graph& graph() const { return *graph_; }

 private:
  explicit Schema(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}
  std::shared_ptr<const Graph> graph_;
};

}  // namespace sluice::json_schema
