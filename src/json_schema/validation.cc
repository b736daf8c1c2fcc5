#include "json_schema/validation.h"

#include <algorithm>
#include <set>

#include "json_schema/uri.h"

namespace sluice::json_schema {
namespace {

constexpr int kDepthMax = 1000;
constexpr std::int64_t kStepsMax = 5'000'000;

// Which members or items of one value some keyword has looked at; kept only for schemas that ask.
struct Seen {
  std::vector<bool> places;

  void mark(std::size_t place) {
    if (places.size() <= place) places.resize(place + 1);
    places[place] = true;
  }
  [[nodiscard]] bool has(std::size_t place) const { return place < places.size() && places[place]; }
  void add(const Seen& other) {
    for (std::size_t i = 0; i < other.places.size(); ++i) {
      if (other.places[i]) mark(i);
    }
  }
};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_type(Type type, const Json& value) {
  switch (type) {
    case Type::null: return value.is(Json::Kind::null);
    case Type::boolean: return value.is(Json::Kind::boolean);
    case Type::object: return value.is(Json::Kind::object);
    case Type::array: return value.is(Json::Kind::array);
    case Type::number: return value.is(Json::Kind::number);
    case Type::string: return value.is(Json::Kind::string);
    case Type::integer: return value.is(Json::Kind::number) && value.number().is_integer();
  }
  return false;
}

class Validator {
 public:
  explicit Validator(bool tracks) : tracks_(tracks) {}

  bool check(const Node& node, const Json& value, Seen& seen) {
    if (node.truth) return *node.truth || fail(node, "no value is allowed here");
    if (depth_ > kDepthMax) steps_ = kStepsMax;
    if (++steps_ > kStepsMax) return fail(node, "the schema takes too many steps for this value");
    ++depth_;
    Seen own;  // what stands beside this schema does not count to what it says of the unevaluated
    const bool valid = check_all(node, value, own);
    seen.add(own);
    --depth_;
    return valid;
  }

  // A trial that was cut says nothing.
  [[nodiscard]] bool was_cut() const { return steps_ > kStepsMax; }
  [[nodiscard]] Error error() const { return error_; }

 private:
  bool check_all(const Node& node, const Json& value, Seen& seen) {
    if (node.reference != nullptr && !check(*node.reference, value, seen)) return false;
    if (!check_plain(node, value) || !check_logic(node, value, seen)) return false;
    switch (value.kind) {
      case Json::Kind::string: return check_string(node, value);
      case Json::Kind::number: return check_number(node, value.number());
      case Json::Kind::array: return check_array(node, value, seen);
      case Json::Kind::object: return check_object(node, value, seen);
      default: return true;
    }
  }

  bool check_plain(const Node& node, const Json& value) {
    const auto fits = [&](Type type) { return is_type(type, value); };
    if (!node.types.empty() && std::none_of(node.types.begin(), node.types.end(), fits)) {
      return fail(node, "not of the type asked for", "type");
    }
    if (!node.constant && !node.enumeration) return true;
    const auto mine = identity(value);
    if (node.constant && *node.constant != mine) return fail(node, "not the one value allowed", "const");
    return !node.enumeration || node.enumeration->contains(mine) || fail(node, "none of the values allowed", "enum");
  }

  bool check_string(const Node& node, const Json& value) {
    const auto& rules = node.string;
    if (rules.min_length || rules.max_length) {
      const auto length = characters(value.text);
      if (rules.min_length && length < *rules.min_length) return fail(node, "too short", "minLength");
      if (rules.max_length && length > *rules.max_length) return fail(node, "too long", "maxLength");
    }
    return !rules.regex || rules.regex->found_in(value.text) || fail(node, "does not match the pattern", "pattern");
  }

  bool check_number(const Node& node, const Number& value) {
    const auto& rules = node.number;
    if (rules.minimum && (value < *rules.minimum || (rules.minimum_is_exclusive && value == *rules.minimum))) {
      return fail(node, "too small", "minimum");
    }
    if (rules.maximum && (value > *rules.maximum || (rules.maximum_is_exclusive && value == *rules.maximum))) {
      return fail(node, "too large", "maximum");
    }
    if (rules.exclusive_minimum && value <= *rules.exclusive_minimum) return fail(node, "too small", "exclusiveMinimum");
    if (rules.exclusive_maximum && value >= *rules.exclusive_maximum) return fail(node, "too large", "exclusiveMaximum");
    return !rules.multiple_of || value.is_multiple_of(*rules.multiple_of) || fail(node, "not a multiple", "multipleOf");
  }

  bool check_array(const Node& node, const Json& value, Seen& seen) {
    const auto& rules = node.array;
    const auto& items = value.items;
    if (rules.min_items && items.size() < *rules.min_items) return fail(node, "too few items", "minItems");
    if (rules.max_items && items.size() > *rules.max_items) return fail(node, "too many items", "maxItems");
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto* schema = i < rules.prefix.size() ? rules.prefix[i] : rules.is_tuple ? rules.additional : rules.items;
      if (schema != nullptr && !check_part(*schema, items[i], std::to_string(i), i, seen)) return false;
    }
    if (rules.contains != nullptr && !check_contains(node, items, seen)) return false;
    if (rules.unique) {
      std::set<std::string> all;
      for (const auto& item : items) {
        if (!all.insert(identity(item)).second) return fail(node, "an item stands twice", "uniqueItems");
      }
    }
    for (std::size_t i = 0; rules.unevaluated != nullptr && i < items.size(); ++i) {
      if (!seen.has(i) && !check_part(*rules.unevaluated, items[i], std::to_string(i), i, seen)) return false;
    }
    return true;
  }

  bool check_contains(const Node& node, const std::vector<Json>& items, Seen& seen) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!holds(*node.array.contains, items[i])) continue;
      ++found;
      if (tracks_) seen.mark(i);
    }
    if (found < node.array.min_contains.value_or(1)) return fail(node, "too few items of the kind asked for", "contains");
    return found <= node.array.max_contains.value_or(found) || fail(node, "too many items of a kind", "maxContains");
  }

  bool check_object(const Node& node, const Json& value, Seen& seen) {
    const auto& rules = node.object;
    const auto& members = value.members;
    if (rules.min_properties && members.size() < *rules.min_properties) {
      return fail(node, "too few properties", "minProperties");
    }
    if (rules.max_properties && members.size() > *rules.max_properties) {
      return fail(node, "too many properties", "maxProperties");
    }
    for (const auto& name : rules.required) {
      if (value.find(name) == nullptr) return fail(node, "the property '" + name + "' is missing", "required");
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!check_member(rules, members[i], i, seen)) return false;
    }
    if (!check_dependencies(node, value, seen)) return false;
    for (std::size_t i = 0; rules.unevaluated != nullptr && i < members.size(); ++i) {
      if (!seen.has(i) && !check_part(*rules.unevaluated, members[i].value, members[i].name, i, seen)) return false;
    }
    return true;
  }

  bool check_member(const ObjectRules& rules, const JsonMember& member, std::size_t place, Seen& seen) {
    if (rules.names != nullptr) {
      Json name;
      name.kind = Json::Kind::string;
      name.text = member.name;
      Seen none;
      if (!check(*rules.names, name, none)) return false;
    }
    bool known = false;
    if (const auto* schema = rules.property(member.name)) {
      known = true;
      if (!check_part(*schema, member.value, member.name, place, seen)) return false;
    }
    for (const auto& pattern : rules.patterns) {
      if (!pattern.regex.found_in(member.name)) continue;
      known = true;
      if (!check_part(*pattern.schema, member.value, member.name, place, seen)) return false;
    }
    return known || rules.additional == nullptr || check_part(*rules.additional, member.value, member.name, place, seen);
  }

  bool check_dependencies(const Node& node, const Json& value, Seen& seen) {
    for (const auto& [name, others] : node.object.dependent_required) {
      if (value.find(name) == nullptr) continue;
      for (const auto& other : others) {
        if (value.find(other) == nullptr) {
          return fail(node, "the property '" + other + "' is missing beside '" + name + "'", "dependentRequired");
        }
      }
    }
    return std::all_of(
        node.object.dependent_schemas.begin(), node.object.dependent_schemas.end(),
        [&](const auto& one) { return value.find(one.first) == nullptr || check(*one.second, value, seen); });
  }

  bool check_logic(const Node& node, const Json& value, Seen& seen) {
    for (const auto* schema : node.all_of.value_or(std::vector<const Node*>{})) {
      if (!check(*schema, value, seen)) return false;
    }
    if (node.any_of && matches(*node.any_of, value, seen, !tracks_) == 0) {
      return fail(node, "not valid by any of the schemas", "anyOf");
    }
    if (node.one_of) {
      const auto count = matches(*node.one_of, value, seen, false);
      if (count != 1)
        return fail(node, count == 0 ? "not valid by any of the schemas" : "valid by more than one of the schemas",
                    "oneOf");
    }
    if (node.negated != nullptr && holds(*node.negated, value)) {
      return fail(node, "valid by the schema that it must not be valid by", "not");
    }
    if (node.if_ == nullptr) return true;
    Seen when;
    const bool yes = quietly(*node.if_, value, when);
    if (yes) seen.add(when);
    const auto* then = yes ? node.then_ : node.else_;
    return then == nullptr || check(*then, value, seen);
  }

  int matches(const std::vector<const Node*>& schemas, const Json& value, Seen& seen, bool first_is_enough) {
    int count = 0;
    for (const auto* schema : schemas) {
      Seen own;
      if (!quietly(*schema, value, own)) continue;
      seen.add(own);
      ++count;
      if (first_is_enough) break;
    }
    return count;
  }

  // A value inside: what is seen in it is its own.
  bool check_part(const Node& schema, const Json& part, const std::string& token, std::size_t place, Seen& seen) {
    if (tracks_) seen.mark(place);
    path_.push_back(&token);
    Seen own;
    const bool valid = check(schema, part, own);
    path_.pop_back();
    return valid;
  }

  bool quietly(const Node& schema, const Json& value, Seen& seen) {
    ++quiet_;
    const bool valid = check(schema, value, seen);
    --quiet_;
    return valid && !was_cut();
  }
  bool holds(const Node& schema, const Json& value) {
    Seen none;
    return quietly(schema, value, none);
  }

  bool fail(const Node& node, const std::string& why, std::string_view keyword = {}) {
    if (quiet_ > 0) return false;
    std::string at = "#";
    for (const auto* token : path_) at += "/" + pointer_token(*token);
    error_ = {.code = ErrorCode::rejected, .message = at + ": " + why, .detail = "by the schema at " + node.at};
    if (!keyword.empty()) (error_.detail += "/") += keyword;
    return false;
  }

  bool tracks_;
  int quiet_ = 0;  // above 0, a schema is tried: that it does not hold is no error yet
  int depth_ = 0;
  std::int64_t steps_ = 0;
  std::vector<const std::string*> path_;
  Error error_;
};

}  // namespace

Result<void> validate(const Graph& graph, const Json& value) {
  Validator validator(graph.asks_what_is_evaluated);
  Seen seen;
  if (!validator.check(*graph.root, value, seen)) return validator.error();
  if (validator.was_cut()) {
    return Error{.code = ErrorCode::rejected, .message = "#: the schema takes too many steps for this value"};
  }
  return {};
}

}  // namespace sluice::json_schema
