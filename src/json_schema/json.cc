#include "json_schema/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdio>
#include <unordered_map>

namespace sluice::json_schema {
namespace {

// A name given again changes the value that it has already.
void keep_last(std::vector<JsonMember>& members) {
  if (members.size() < 2) return;
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<JsonMember> kept;
  kept.reserve(members.size());  // the map looks into the names that are kept
  for (auto& member : members) {
    const auto known = places.find(member.name);
    if (known != places.end()) {
      kept[known->second].value = std::move(member.value);
      continue;
    }
    kept.push_back(std::move(member));
    places.emplace(kept.back().name, kept.size() - 1);
  }
  members = std::move(kept);
}

// What Boost's parser tells, built to a tree. An open value is the last child of the one below it on the stack.
class Builder {
 public:
  static constexpr auto max_object_size = static_cast<std::size_t>(-1);
  static constexpr auto max_array_size = static_cast<std::size_t>(-1);
  static constexpr auto max_key_size = static_cast<std::size_t>(-1);
  static constexpr auto max_string_size = static_cast<std::size_t>(-1);
  using Text = boost::json::string_view;
  using Code = boost::json::error_code;

  static bool on_document_begin(Code&) { return true; }
  static bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return open(Json::Kind::object); }
  bool on_object_end(std::size_t, Code&) {
    keep_last(stack_.back().members);
    return close();
  }
  bool on_array_begin(Code&) { return open(Json::Kind::array); }
  bool on_array_end(std::size_t, Code&) { return close(); }
  bool on_key_part(Text part, std::size_t, Code&) { return more(part); }
  bool on_key(Text part, std::size_t, Code&) {
    more(part);
    stack_.back().members.push_back({std::exchange(text_, {}), {}});
    return true;
  }
  bool on_string_part(Text part, std::size_t, Code&) { return more(part); }
  bool on_string(Text part, std::size_t, Code&) { return more(part) && scalar(Json::Kind::string); }
  bool on_number_part(Text part, Code&) { return more(part); }
  bool on_int64(std::int64_t, Text part, Code&) { return more(part) && scalar(Json::Kind::number); }
  bool on_uint64(std::uint64_t, Text part, Code&) { return more(part) && scalar(Json::Kind::number); }
  bool on_double(double, Text part, Code&) { return more(part) && scalar(Json::Kind::number); }
  bool on_bool(bool truth, Code&) {
    return put({.kind = Json::Kind::boolean, .truth = truth, .text = {}, .items = {}, .members = {}});
  }
  bool on_null(Code&) { return put({}); }
  static bool on_comment_part(Text, Code&) { return true; }
  static bool on_comment(Text, Code&) { return true; }

  Json take() { return std::move(root_); }

 private:
  bool more(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool open(Json::Kind kind) {
    stack_.emplace_back().kind = kind;
    return true;
  }
  bool close() {
    auto whole = std::move(stack_.back());
    stack_.pop_back();
    return put(std::move(whole));
  }
  bool scalar(Json::Kind kind) {
    Json value;
    value.kind = kind;
    value.text = std::exchange(text_, {});
    return put(std::move(value));
  }
  bool put(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (stack_.back().is(Json::Kind::array)) {
      stack_.back().items.push_back(std::move(value));
    } else {
      stack_.back().members.back().value = std::move(value);
    }
    return true;
  }

  std::vector<Json> stack_;
  std::string text_;
  Json root_;
};

Error no_json(std::string_view text, std::size_t at, const std::string& why) {
  const auto before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
  return {.code = ErrorCode::rejected,
          .message = "no JSON: line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + why};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kPlain = "\"\\\b\t\n\f\r";
    constexpr std::string_view kLetter = "\"\\btnfr";
    if (const auto known = kPlain.find(c); known != std::string_view::npos) {
      out += '\\';
      out += kLetter[known];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out += '"';
}

// UTF-16 sorts a code point above U+FFFF (four bytes here, from 0xF0) by its surrogates: before U+E000 (0xEE) and above.
bool before_in_utf16(const JsonMember* a, const JsonMember* b) {
  const auto [x, y] = std::mismatch(a->name.begin(), a->name.end(), b->name.begin(), b->name.end());
  if (y == b->name.end()) return false;
  if (x == a->name.end()) return true;
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xF0 ? 0x1FFU : byte >= 0xEE ? 0x200U + byte : 0x100U + byte;
  };
  const auto left = rank(*x), right = rank(*y);
  return left != right ? left < right : static_cast<unsigned char>(*x) < static_cast<unsigned char>(*y);
}

enum class Style : std::uint8_t { as_given, sorted, identity };

void print(const Json& value, Style style, std::string& out) {
  switch (value.kind) {
    case Json::Kind::null: out += "null"; return;
    case Json::Kind::boolean: out += value.truth ? "true" : "false"; return;
    case Json::Kind::number: out += style == Style::identity ? value.number().text() : java_number(value.text); return;
    case Json::Kind::string: out += quoted(value.text); return;
    case Json::Kind::array: {
      out += '[';
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out += ',';
        print(value.items[i], style, out);
      }
      out += ']';
      return;
    }
    case Json::Kind::object: {
      std::vector<const JsonMember*> members;
      for (const auto& member : value.members) members.push_back(&member);
      if (style != Style::as_given) std::sort(members.begin(), members.end(), before_in_utf16);
      out += '{';
      for (const auto* member : members) {
        if (member != members.front()) out += ',';
        out += quoted(member->name) + ":";
        print(member->value, style, out);
      }
      out += '}';
    }
  }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.name == name; });
  return found == members.end() ? nullptr : &found->value;
}

Result<Json> parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code code;
  const auto taken = parser.write_some(false, text.data(), text.size(), code);
  if (code == boost::json::error::too_deep) {
    return no_json(text, taken, "deeper than " + std::to_string(kJsonDepthMax) + " levels");
  }
  if (code) return no_json(text, taken, code.message());
  const auto rest = text.find_first_not_of(" \t\r\n", taken);
  if (rest != std::string_view::npos) return no_json(text, rest, "more after the value");
  return parser.handler().take();
}

std::string print_json(const Json& value, bool sorted) {
  std::string out;
  print(value, sorted ? Style::sorted : Style::as_given, out);
  return out;
}

std::string identity(const Json& value) {
  std::string out;
  print(value, Style::identity, out);
  return out;
}

}  // namespace sluice::json_schema
