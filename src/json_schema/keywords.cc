#include "json_schema/keywords.h"

#include "json_schema/uri.h"

namespace sluice::json_schema {
namespace {

// As much of a value as a message needs.
std::string shown(const Json& value) {
  constexpr std::size_t kShown = 80;
  auto text = print_json(value);
  if (text.size() > kShown) {
    auto end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "…";
  }
  return text;
}

}  // namespace

Error wrong(const std::string& at, std::string_view keyword, std::string_view must, const Json& is) {
  return {.code = ErrorCode::rejected,
          .message = "not a valid JSON Schema: " + at + "/" + pointer_token(keyword) + " must be " + std::string(must) +
                     ", not " + shown(is)};
}

Result<void> read_text(const Json& json, std::string_view keyword, const std::string& at,
                       std::optional<std::string>& to) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  if (!value->is(Json::Kind::string)) return wrong(at, keyword, "a string", *value);
  to = value->text;
  return {};
}

Result<void> read_flag(const Json& json, std::string_view keyword, const std::string& at, bool& to) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  if (!value->is(Json::Kind::boolean)) return wrong(at, keyword, "a boolean", *value);
  to = value->truth;
  return {};
}

Result<void> read_count(const Json& json, std::string_view keyword, const std::string& at,
                        std::optional<std::uint64_t>& to) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  if (!value->is(Json::Kind::number) || !value->number().is_integer() || value->number() < Number("0")) {
    return wrong(at, keyword, "a non-negative integer", *value);
  }
  to = value->number().count();
  return {};
}

Result<void> read_number(const Json& json, std::string_view keyword, const std::string& at, std::optional<Number>& to) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  if (!value->is(Json::Kind::number)) return wrong(at, keyword, "a number", *value);
  to = value->number();
  return {};
}

Result<void> read_names(const Json& json, std::string_view keyword, const std::string& at, std::vector<std::string>& to) {
  const auto* value = json.find(keyword);
  if (value == nullptr) return {};
  if (!value->is(Json::Kind::array)) return wrong(at, keyword, "an array of strings", *value);
  for (const auto& item : value->items) {
    if (!item.is(Json::Kind::string)) return wrong(at, keyword, "an array of strings", *value);
    to.push_back(item.text);
  }
  return {};
}

Result<Regex> read_pattern(std::string_view pattern, const std::string& at) {
  auto regex = Regex::compile(pattern);
  if (!regex.ok()) return std::move(regex).error().in("not a valid JSON Schema: " + at);
  return regex;
}

Result<const Json*> read_kind(const Json& json, std::string_view keyword, const std::string& at, Json::Kind kind) {
  const auto* value = json.find(keyword);
  if (value == nullptr || value->is(kind)) return value;
  return wrong(at, keyword, kind == Json::Kind::object ? "an object" : "an array", *value);
}

}  // namespace sluice::json_schema
