#include "avro/growth.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "avro/field_ids.h"
#include "avro/json_text.h"
#include "avro/resolution_plan.h"

namespace sluice::avro {
namespace {

using Types = std::map<std::string, const Node*>;

void collect(const Node& node, Types& types) {
  if (node.is_named() && !types.emplace(node.full_name(), &node).second) return;
  for (const auto& field : node.fields) collect(*field.type, types);
  for (const auto* branch : node.branches) collect(*branch, types);
  if (node.items != nullptr) collect(*node.items, types);
}

bool refers_to(const Node& node, const std::string& name, std::set<const Node*>& seen) {
  if (node.is_named() && !seen.empty() && node.full_name() == name) return true;
  if (!seen.insert(&node).second) return false;
  const auto refers = [&](const Node* part) { return refers_to(*part, name, seen); };
  return std::any_of(node.fields.begin(), node.fields.end(), [&](const Field& field) { return refers(field.type); }) ||
         std::any_of(node.branches.begin(), node.branches.end(), refers) || (node.items != nullptr && refers(node.items));
}

// "bytes decimal(10,2)", "record com.acme.Order", "long timestamp-millis".
std::string words(const Node& node) {
  auto out = node.is_named() ? std::string(type_name(node.type)) + " " + node.full_name() : resolution::type_words(node);
  if (node.type == Type::fixed) out += " of " + std::to_string(node.size) + " bytes";
  if (!node.logical_type.empty()) out += " " + node.logical_type;
  if (node.logical_type == "decimal") out += "(" + std::to_string(node.precision) + "," + std::to_string(node.scale) + ")";
  return out;
}

void take(Properties& properties, const std::string& name, const std::string& text) {
  for (auto& [known, value] : properties) {
    if (known != name) continue;
    value = text;
    return;
  }
  properties.emplace_back(name, text);
}

// `from` is newer. Numbers of fields are ours alone.
void take_newer(Properties& properties, const Properties& from) {
  for (const auto& [name, text] : from) {
    if (!is_field_id(name)) take(properties, name, text);
  }
}

// The wider of two different primitive types, if no value is lost in it.
std::optional<Type> wider(Type a, Type b) {
  const auto are = [&](Type x, Type y) { return (a == x && b == y) || (a == y && b == x); };
  if (are(Type::int_, Type::long_)) return Type::long_;
  if (are(Type::int_, Type::float_) || are(Type::int_, Type::double_) || are(Type::float_, Type::double_)) return Type::double_;
  return std::nullopt;
}

bool is_null(const Node* node) { return node->type == Type::null; }
std::vector<const Node*> branches_of(const Node& node) { return node.type == Type::union_ ? node.branches : std::vector<const Node*>{&node}; }

bool null_first(const Node& node) { return is_null(&node) || (node.type == Type::union_ && !node.branches.empty() && is_null(node.branches.front())); }

class Merger {
 public:
  Result<Schema> grow(const Node* grown, const Node& added, std::int32_t first_field_id) {
    if (added.type != Type::record) return Error{ErrorCode::rejected, "rows are records, not of type " + words(added)};
    if (grown != nullptr) collect(*grown, grown_);
    collect(added, added_);
    const auto name = grown != nullptr ? grown->full_name() : added.full_name();
    if (name != added.full_name()) {
      std::set<const Node*> seen;
      if (added_.contains(name) || refers_to(added, added.full_name(), seen)) return refused("", words(*grown) + " and " + words(added) + ", which is used within");
      added_.erase(added.full_name());
      added_[name] = &added;
    }
    top_ = name;
    SLUICE_TRY(auto* root, named(name, ""));
    number_fields(*root, nodes_, first_field_id);
    return Schema::parse(print_node(*root), {.validate_defaults = false});
  }

 private:
  static Error refused(const std::string& at, const std::string& what) { return {ErrorCode::rejected, "the schemas cannot be merged at " + (at.empty() ? "/" : at) + ": " + what}; }
  static Error differ(const Node& grown, const Node& added, const std::string& at) { return refused(at, words(grown) + " and " + words(added)); }

  Node* make(Type type) {
    nodes_.emplace_back().type = type;
    return &nodes_.back();
  }

  // A named type of either schema, or of both.
  Result<Node*> named(const std::string& name, const std::string& at) {
    if (const auto known = types_.find(name); known != types_.end()) return known->second;
    const auto in = [&](const Types& types) {
      const auto found = types.find(name);
      return found == types.end() ? nullptr : found->second;
    };
    const auto* grown = in(grown_);
    const auto* added = in(added_);
    const auto& base = grown != nullptr ? *grown : *added;
    if (grown != nullptr && added != nullptr && (grown->type != added->type || grown->size != added->size)) return differ(*grown, *added, at);
    auto* made = types_[name] = copy_of(base, grown != nullptr);
    if (grown != nullptr && added != nullptr) SLUICE_RETURN_IF_ERROR(merge_into(*made, *grown, *added, at));
    if (made->type == Type::record) SLUICE_RETURN_IF_ERROR(fields(*made, grown, added, at, name == top_));
    return made;
  }

  // Without its parts.
  Node* copy_of(const Node& node, bool ours) {
    auto* made = make(node.type);
    *made = node;
    made->aliases.clear();
    made->fields.clear();
    made->branches.clear();
    if (!ours) std::erase_if(made->properties, [](const auto& property) { return is_field_id(property.first); });
    return made;
  }

  // All but fields, items and branches.
  static Result<void> merge_into(Node& made, const Node& grown, const Node& added, const std::string& at) {
    const bool decimals = grown.logical_type == "decimal" && added.logical_type == "decimal";
    if (grown.logical_type != added.logical_type || (decimals && grown.scale != added.scale)) return differ(grown, added, at);
    if (added.doc) made.doc = added.doc;
    take_newer(made.properties, added.properties);
    if (decimals) take(made.properties, "precision", std::to_string(std::max(grown.precision, added.precision)));
    for (const auto& symbol : added.symbols) {
      if (std::find(made.symbols.begin(), made.symbols.end(), symbol) == made.symbols.end()) made.symbols.push_back(symbol);
    }
    if (added.enum_default) made.enum_default = added.enum_default;
    return {};
  }

  Result<void> fields(Node& made, const Node* grown, const Node* added, const std::string& at, bool top) {
    std::vector<Field> out;
    for (const auto& field : (grown != nullptr ? *grown : *added).fields) {
      const auto* newer = grown != nullptr && added != nullptr ? added->field(field.name) : nullptr;
      const bool lacking = grown != nullptr && added != nullptr && newer == nullptr;
      SLUICE_TRY(auto merged, this->field(field, newer, at, top || lacking, grown != nullptr));
      out.push_back(std::move(merged));
    }
    for (const auto& field : grown != nullptr && added != nullptr ? added->fields : std::vector<Field>()) {
      if (grown->field(field.name) != nullptr) continue;
      SLUICE_TRY(auto merged, this->field(field, nullptr, at, true, false));
      out.push_back(std::move(merged));
    }
    made.fields = std::move(out);
    return {};
  }

  Result<Field> field(const Field& field, const Field* newer, const std::string& at, bool nullable, bool ours) {
    const auto place = at + "/fields/" + field.name;
    Field out = field;
    out.aliases.clear();
    if (!ours) std::erase_if(out.properties, [](const auto& property) { return is_field_id(property.first); });
    SLUICE_TRY(auto* type, newer != nullptr ? merge(*field.type, *newer->type, place) : copy(*field.type, place, ours));
    if (newer != nullptr) {
      if (newer->doc) out.doc = newer->doc;
      out.order = newer->order;
      take_newer(out.properties, newer->properties);
      const bool null_stays = out.default_json == "null" && null_first(*type);
      if (out.default_json != newer->default_json && !null_stays) out.default_json.reset();
      nullable = nullable || (null_first(*type) && !null_first(*field.type) && !out.default_json);
    }
    if (nullable) {
      type = made_nullable(type);
      out.default_json = "null";
    }
    out.type = type;
    return out;
  }

  Node* made_nullable(Node* type) {
    if (null_first(*type)) return type;
    auto branches = branches_of(*type);
    const auto null = std::find_if(branches.begin(), branches.end(), is_null);
    const Node* first = null == branches.end() ? make(Type::null) : *null;
    if (null != branches.end()) branches.erase(null);
    branches.insert(branches.begin(), first);
    auto* made = make(Type::union_);
    made->branches = std::move(branches);
    return made;
  }

  Result<Node*> copy(const Node& node, const std::string& at, bool ours) {
    if (node.is_named()) return named(node.full_name(), at);
    auto* made = copy_of(node, ours);
    if (node.items != nullptr) {
      SLUICE_TRY(made->items, copy(*node.items, at + part_of(node), ours));
    }
    for (const auto* branch : node.branches) {
      SLUICE_TRY(const auto* copied, copy(*branch, at, ours));
      made->branches.push_back(copied);
    }
    return made;
  }

  static const char* part_of(const Node& node) { return node.type == Type::map ? "/values" : "/items"; }

  Result<Node*> merge(const Node& grown, const Node& added, const std::string& at) {
    const bool plain = grown.type != Type::union_ && added.type != Type::union_;
    if (plain && (grown.type == added.type || (!is_null(&grown) && !is_null(&added)))) return merge_plain(grown, added, at);
    return merge_unions(branches_of(grown), branches_of(added), at);
  }

  Result<Node*> merge_plain(const Node& grown, const Node& added, const std::string& at) {
    if (grown.is_named() || added.is_named()) {
      if (!grown.is_named() || !added.is_named() || grown.full_name() != added.full_name()) return differ(grown, added, at);
      return named(grown.full_name(), at);
    }
    auto* made = copy_of(grown, true);
    if (grown.type != added.type) {
      const auto type = wider(grown.type, added.type);
      if (!type) return differ(grown, added, at);
      made->type = *type;
    }
    SLUICE_RETURN_IF_ERROR(merge_into(*made, grown, added, at));
    if (grown.items != nullptr) {
      SLUICE_TRY(made->items, merge(*grown.items, *added.items, at + part_of(grown)));
    }
    return made;
  }

  // Null and one other type merge by that type; several keep to themselves, so that no branch takes another's values.
  Result<Node*> merge_unions(const std::vector<const Node*>& grown, const std::vector<const Node*>& added, const std::string& at) {
    const auto types = [](const std::vector<const Node*>& branches) { return std::count_if(branches.begin(), branches.end(), [](const Node* b) { return !is_null(b); }); };
    const bool simple = types(grown) <= 1 && types(added) <= 1;
    const auto answer = [&](const Node* branch, const std::vector<const Node*>& others) -> const Node* {
      const auto found = std::find_if(others.begin(), others.end(), [&](const Node* other) {
        if (is_null(branch) || is_null(other) || simple) return is_null(branch) == is_null(other);
        return branch->type == other->type && (!branch->is_named() || branch->full_name() == other->full_name());
      });
      return found == others.end() ? nullptr : *found;
    };
    auto* made = make(Type::union_);
    for (const auto* branch : grown) {
      const auto* newer = answer(branch, added);
      SLUICE_TRY(const auto* merged, newer != nullptr ? merge_plain(*branch, *newer, at) : copy(*branch, at, true));
      made->branches.push_back(merged);
    }
    for (const auto* branch : added) {
      if (answer(branch, grown) != nullptr) continue;
      SLUICE_TRY(const auto* copied, copy(*branch, at, false));
      made->branches.insert(is_null(branch) ? made->branches.begin() : made->branches.end(), copied);
    }
    return made;
  }

  std::deque<Node> nodes_;
  Types grown_;
  Types added_;
  std::map<std::string, Node*> types_;
  std::string top_;
};

}  // namespace

Result<Schema> grow(const std::optional<Schema>& grown, const Schema& added, GrowthOptions options) {
  return Merger().grow(grown ? &grown->root() : nullptr, added.root(), options.first_field_id);
}

}  // namespace sluice::avro
