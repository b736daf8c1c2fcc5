#include "protobuf/option_reader.h"

#include <algorithm>

namespace sluice::protobuf {
namespace {

using Kind = OptionValue::Kind;

constexpr std::size_t kMaxMembers = 1'000;  // of one value in braces; more than any message has fields

bool read_value(Tokens& tokens, OptionValue& value);

// a.b.C, .a.b.C
std::string read_dotted(Tokens& tokens) {
  std::string name;
  while (tokens.at(".") || tokens.kind() == Tokens::Kind::word) {
    const bool dot = tokens.at(".");
    if (!dot && !name.empty() && name.back() != '.') break;
    name += tokens.word();
  }
  return name;
}

// [a.b.extension] or [type.googleapis.com/a.b.Message], brackets included.
std::string read_extension_key(Tokens& tokens) {
  std::string key;
  while (tokens.kind() != Tokens::Kind::end) {
    const bool last = tokens.at("]");
    key += tokens.word();
    if (last) break;
  }
  return key;
}

// A key that comes again adds to a list, as repeated fields are written.
void add_member(OptionValue& map, std::string key, OptionValue value) {
  const auto found = std::ranges::find(map.members, key, &std::pair<std::string, OptionValue>::first);
  if (found == map.members.end()) {
    map.members.emplace_back(std::move(key), std::move(value));
    return;
  }
  auto& present = found->second;
  if (present.kind != Kind::list) {
    OptionValue list{.kind = Kind::list};
    list.items.push_back(std::move(present));
    present = std::move(list);
  }
  if (value.kind == Kind::list) {
    std::ranges::move(value.items, std::back_inserter(present.items));
  } else {
    present.items.push_back(std::move(value));
  }
}

bool read_map(Tokens& tokens, OptionValue& value) {
  value.kind = Kind::map;
  const std::string close = tokens.at("{") ? "}" : ">";
  tokens.next();
  while (!tokens.take(close)) {
    if (value.members.size() > kMaxMembers) return false;
    if (tokens.kind() != Tokens::Kind::word && !tokens.at("[")) return false;
    auto key = tokens.at("[") ? read_extension_key(tokens) : tokens.word();
    OptionValue member;
    if (!tokens.take(":") && !tokens.at("{") && !tokens.at("<") && !tokens.at("[")) return false;
    if (!read_value(tokens, member)) return false;
    add_member(value, std::move(key), std::move(member));
    if (!tokens.take(",")) tokens.take(";");
  }
  return true;
}

bool read_list(Tokens& tokens, OptionValue& value) {
  value.kind = Kind::list;
  tokens.next();
  while (!tokens.take("]")) {
    if (!read_value(tokens, value.items.emplace_back())) return false;
    if (!tokens.take(",") && !tokens.at("]")) return false;
  }
  return true;
}

bool read_value(Tokens& tokens, OptionValue& value) {
  if (tokens.kind() == Tokens::Kind::text) {
    value = {.kind = Kind::text, .text = tokens.string()};
    return true;
  }
  if (tokens.at("{") || tokens.at("<")) return read_map(tokens, value);
  if (tokens.at("[")) return read_list(tokens, value);
  const std::string sign = tokens.take("-") ? "-" : "";
  if (tokens.kind() == Tokens::Kind::integer || tokens.kind() == Tokens::Kind::decimal) {
    value = {.kind = Kind::number, .text = sign + tokens.word()};
    return true;
  }
  if (tokens.kind() != Tokens::Kind::word) return false;
  value = {.kind = Kind::word, .text = sign + tokens.word()};
  return true;
}

}  // namespace

bool read_option(Tokens& tokens, OptionElement& option) {
  option.custom = tokens.take("(");
  option.name = option.custom ? read_dotted(tokens) : tokens.word();
  if (option.custom && !tokens.take(")")) return false;
  while (tokens.take(".")) {
    const bool extension = tokens.take("(");
    option.path.push_back(extension ? "(" + read_dotted(tokens) + ")" : tokens.word());
    if (extension && !tokens.take(")")) return false;
  }
  return tokens.take("=") && read_value(tokens, option.value);
}

bool read_bracketed_options(Tokens& tokens, Options& options) {
  if (!tokens.take("[")) return true;
  do {
    if (!read_option(tokens, options.emplace_back())) return false;
  } while (tokens.take(","));
  return tokens.take("]");
}

}  // namespace sluice::protobuf
