#pragma once
// A JSON text as a tree that keeps what a schema's text must keep: the order of members, and numbers as they are written.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json_schema/number.h"

namespace sluice::json_schema {

struct JsonMember;

struct Json {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool truth = false;
  std::string text;  // a string's characters; a number as it is written
  std::vector<Json> items;
  std::vector<JsonMember> members;  // no name twice

  [[nodiscard]] bool is(Kind other) const { return kind == other; }
  // Null without such a member, and for what is no object.
  [[nodiscard]] const Json* find(std::string_view name) const;
  // Precondition: a number.
  [[nodiscard]] Number number() const { return Number(text); }
};

struct JsonMember {
  std::string name;
  Json value;
};

constexpr int kJsonDepthMax = 400;

// A name that stands twice has its last value, at its first place. Errors: rejected, with line and column: no JSON, not
// UTF-8, deeper than kJsonDepthMax.
[[nodiscard]] Result<Json> parse_json(std::string_view text);
// As Java's Jackson prints it, with decimal numbers as BigDecimal does; with members in the order of their names' UTF-16
// code units when `sorted`.
[[nodiscard]] std::string print_json(const Json& value, bool sorted = false);
// A text that two values share when they are the same to JSON Schema: 1 is 1.0, members have no order.
[[nodiscard]] std::string identity(const Json& value);

}  // namespace sluice::json_schema
