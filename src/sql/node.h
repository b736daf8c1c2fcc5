#pragma once
// A node of the parse tree as JSON, and where it stands in the text. For this module's readers.
//
// A node in a list or a place of any kind is {"ItsKind": {…}}: opened() gives both. Members that are zero, negative or false are left
// out: a location that is missing is 0.

#include <boost/json.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::sql {

using Node = boost::json::object;
using NodeList = boost::json::array;
using NodeValue = boost::json::value;

[[nodiscard]] std::string text_of(const Node& node, std::string_view key);        // empty: not there
[[nodiscard]] const Node* object_of(const Node& node, std::string_view key);      // null: not there
[[nodiscard]] const NodeList& list_of(const Node& node, std::string_view key);    // empty: not there
[[nodiscard]] bool truth_of(const Node& node, std::string_view key);
[[nodiscard]] std::pair<std::string_view, const Node*> opened(const NodeValue& value);
// Of this kind, or null.
[[nodiscard]] const Node* node_of(const NodeValue& value, std::string_view kind);
[[nodiscard]] std::vector<std::string> names_of(const NodeList& strings);

// The statements of a text's tree: [{"stmt": …}, …]. Errors: rejected, without a place: too deep, no UTF-8.
[[nodiscard]] Result<NodeValue> tree_of_json(std::string_view json, std::size_t deepest);

// The text that a person wrote, of which `before` bytes stand before it in what was parsed. Characters count from 1, and errors tell line and column.
class Places {
 public:
  Places(std::string_view text, std::size_t before);

  [[nodiscard]] std::string_view text() const { return text_; }
  // The byte where the node begins; npos: the node does not tell.
  [[nodiscard]] std::size_t byte_of(const Node& node) const;
  [[nodiscard]] std::size_t character_at(std::size_t byte) const;
  // Where it, or the first within it that tells, begins.
  [[nodiscard]] std::size_t character_of(const Node& node) const;

  [[nodiscard]] Error rejected(std::size_t character, const std::string& why) const;
  [[nodiscard]] Error unsupported(std::size_t character, const std::string& why, std::string hint = {}) const;
  // An integer with its sign that stands at `byte`; empty when there is something else.
  [[nodiscard]] std::string integer_at(std::size_t byte) const;

 private:
  static constexpr std::size_t kBlock = 256;

  std::string_view text_;
  std::size_t before_;
  std::vector<std::size_t> characters_;  // before each block of the text
};

}  // namespace sluice::sql
