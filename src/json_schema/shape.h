#pragma once
// A schema as compatibility sees it: of one kind each. A node that says several things is the product of them:
// {"type": "string", "enum": […]} is all of (a string, an enumeration); {"type": ["string", "null"]} any of two kinds.

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "json_schema/node.h"

namespace sluice::json_schema {

enum class Rule : std::uint8_t { all, any, one };

struct Shape {
  enum class Kind : std::uint8_t {
    nothing,
    anything,
    null,
    boolean,
    string,
    number,
    array,
    object,
    enumeration,
    constant,
    negation,
    combined,
    conditional,
  };
  // Either: a schema of its own, or one more thing that the same node says.
  struct Part {
    const Node* node = nullptr;
    const Shape* shape = nullptr;
  };

  Kind kind = Kind::anything;
  const Node* node = nullptr;  // where its rules stand
  bool integer = false;        // a number without fraction
  Rule rule = Rule::all;       // of `combined`
  std::vector<Part> parts;     // of `combined`; what stands there twice is there once
};

// The shapes of schemas, made when they are asked for; they live as long as this does.
class Shapes {
 public:
  // A reference's is that of what it refers to.
  [[nodiscard]] const Shape& of(const Node& node);
  [[nodiscard]] const Shape& of(const Shape::Part& part) { return part.shape != nullptr ? *part.shape : of(*part.node); }

 private:
  const Shape* make(const Node& node);
  const Shape* combine(const Node& node, Rule rule, const std::vector<Shape::Part>& parts);
  const Shape* typed(const Node& node, Type type);
  Shape* plain(const Node& node, Shape::Kind kind);
  void rules_without_type(const Node& node, std::vector<Shape::Part>& parts);

  std::deque<Shape> shapes_;
  std::unordered_map<const Node*, const Shape*> made_;
};

}  // namespace sluice::json_schema
