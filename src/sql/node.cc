#include "sql/node.h"

#include <algorithm>

#include "sql/statement.h"

namespace sluice::sql {

namespace json = boost::json;

std::string text_of(const Node& node, std::string_view key) {
  const auto* value = node.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const Node* object_of(const Node& node, std::string_view key) {
  const auto* value = node.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

const NodeList& list_of(const Node& node, std::string_view key) {
  static const NodeList kNone;
  const auto* value = node.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

bool truth_of(const Node& node, std::string_view key) {
  const auto* value = node.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::pair<std::string_view, const Node*> opened(const NodeValue& value) {
  const auto* node = value.if_object();
  if (node == nullptr || node->empty()) return {{}, nullptr};
  const auto& entry = *node->begin();
  return {{entry.key().data(), entry.key().size()}, entry.value().if_object()};
}

const Node* node_of(const NodeValue& value, std::string_view kind) {
  const auto [found, node] = opened(value);
  return found == kind ? node : nullptr;
}

std::vector<std::string> names_of(const NodeList& strings) {
  std::vector<std::string> names;
  for (const auto& item : strings) {
    if (const auto* name = node_of(item, "String")) names.push_back(text_of(*name, "sval"));
  }
  return names;
}

Result<NodeValue> tree_of_json(std::string_view text, std::size_t deepest) {
  json::parse_options options;
  options.max_depth = deepest;
  json::error_code failed;
  auto tree = json::parse(text, failed, {}, options);
  if (!failed) return tree;
  const bool deep = failed == json::error::too_deep;
  return Error{.code = ErrorCode::rejected, .message = deep ? "it is nested too deep" : "it is no UTF-8 text"};
}

Places::Places(std::string_view text, std::size_t before) : text_(text), before_(before) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % kBlock == 0) characters_.push_back(seen);
    if ((text[i] & 0xC0) != 0x80) ++seen;
  }
  if (text.size() % kBlock == 0) characters_.push_back(seen);  // of the end
}

std::size_t Places::byte_of(const Node& node) const {
  const auto* value = node.if_contains("location");
  const auto location = value != nullptr && value->is_int64() ? value->get_int64() : 0;
  if (location < 0) return std::string_view::npos;
  const auto at = static_cast<std::size_t>(location);
  return std::min(at - std::min(at, before_), text_.size());
}

std::size_t Places::character_at(std::size_t byte) const {
  byte = std::min(byte, text_.size());
  const auto block = byte / kBlock;
  const auto rest = text_.substr(block * kBlock, byte - block * kBlock);
  return 1 + characters_[block] + static_cast<std::size_t>(std::ranges::count_if(rest, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::size_t Places::character_of(const Node& node) const {
  // Those without a member "location" are at the beginning, or of a kind that has none; which it is, what is within it tells.
  if (node.contains("location") && byte_of(node) != std::string_view::npos) return character_at(byte_of(node));
  for (const auto& [key, below] : node) {
    const auto* inner = below.is_array() && !below.get_array().empty() ? below.get_array()[0].if_object() : below.if_object();
    if (inner == nullptr) continue;
    if (inner->contains("location")) return character_of(*inner);
    const auto* opened_node = inner->empty() ? nullptr : inner->begin()->value().if_object();
    if (opened_node != nullptr && !opened_node->empty()) return character_of(*opened_node);
  }
  return character_at(0);
}

Error Places::rejected(std::size_t character, const std::string& why) const {
  return {.code = ErrorCode::rejected, .message = place_of(text_, character) + ": " + why};
}

Error Places::unsupported(std::size_t character, const std::string& why, std::string hint) const {
  return {.code = ErrorCode::unsupported, .message = place_of(text_, character) + ": " + why, .hint = std::move(hint)};
}

std::string Places::integer_at(std::size_t byte) const {
  auto rest = text_.substr(std::min(byte, text_.size()));
  std::string out;
  if (rest.starts_with('-')) {
    out = "-";
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n", 1), rest.size()));
  }
  const auto digits = rest.substr(0, rest.find_first_not_of("0123456789"));
  return digits.empty() || digits.size() > 10 ? std::string() : out + std::string(digits);
}

std::string place_of(std::string_view text, std::size_t position) {
  std::size_t line = 1, column = 1, seen = 1;
  for (const char c : text) {
    if ((c & 0xC0) == 0x80) continue;
    if (seen++ >= position) break;
    c == '\n' ? (++line, column = 1) : ++column;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace sluice::sql
