// Parsing a schema.
//
// References may come before their definition only within the type's own body (recursion); a name is found as it
// is written, in the enclosing namespace first. Java's parser is the model where the specification is silent.

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "avro/json_text.h"
#include "avro/limit.h"
#include "avro/schema.h"

namespace sluice::avro {
namespace json = boost::json;

namespace {

// Against texts made to exhaust stack, memory or time.
constexpr int kMaxDepth = 1000;                         // of the text, as Java's parser
constexpr int kMaxChain = 1500;                         // of types that lead to each other by name
constexpr std::uint64_t kMaxDefaultChecks = 1 << 22;    // a default against a union of records against a union...
constexpr std::size_t kMaxRepeatedBytes = 64 << 20;     // of the texts of types that are defined again

struct Primitive {
  std::string_view name;
  Type type;
};
constexpr Primitive kPrimitives[] = {{"null", Type::null},     {"boolean", Type::boolean}, {"int", Type::int_},
                                     {"long", Type::long_},    {"float", Type::float_},    {"double", Type::double_},
                                     {"bytes", Type::bytes},   {"string", Type::string}};
constexpr std::string_view kTypeNames[] = {"null",  "boolean", "int",    "long", "float", "double", "bytes",
                                           "string", "record",  "enum",   "array", "map",   "union",  "fixed"};

std::optional<Type> primitive(std::string_view name) {
  for (const auto& known : kPrimitives) {
    if (known.name == name) return known.type;
  }
  return std::nullopt;
}

bool valid_name(std::string_view name) {
  if (name.empty()) return false;
  // Java takes the letters of all scripts; so does this, without a table of them: what lies beyond the Basic
  // Multilingual Plane (emoji, mostly) is no letter.
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) >= 0x80 && static_cast<unsigned char>(c) < 0xf0); };
  if (!letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string_view type_name(Type type) { return kTypeNames[static_cast<std::size_t>(type)]; }

const Field* Node::field(std::string_view field_name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == field_name; });
  return found == fields.end() ? nullptr : &*found;
}

std::optional<std::string_view> Node::property(std::string_view property_name) const {
  for (const auto& [key, value] : properties) {
    if (key == property_name) return value;
  }
  return std::nullopt;
}

class SchemaParser {
 public:
  SchemaParser(ParseOptions options, std::span<const Schema> known) : options_(options) {
    for (const auto& schema : known) {
      kept_.push_back(schema.nodes_);
      know(schema.root(), 0);
    }
  }

  Result<Schema> parse(std::string_view text) {
    const auto parsed = parse_json(text);
    if (!parsed.ok()) return Error{.code = ErrorCode::rejected, .message = "the schema is no JSON: " + parsed.error().message, .reason = parsed.error().reason};
    const auto& value = *parsed;
    declare(value, "", 0);
    SLUICE_TRY(const Node* root, node(value, "", "", 0));
    for (const auto& [name, shell] : declared_) {
      if (used_.contains(name) && !types_.contains(name)) return refused("", "unknown type \"" + name + "\"");
    }
    SLUICE_RETURN_IF_ERROR(check_unions());
    SLUICE_RETURN_IF_ERROR(check_chain(*root, 0));
    SLUICE_RETURN_IF_ERROR(check_repeated());
    if (options_.validate_defaults) SLUICE_RETURN_IF_ERROR(check_defaults());
    return keep(root);
  }

 private:
  [[nodiscard]] bool takes_name(std::string_view name) const { return options_.validate_names ? valid_name(name) : !name.empty(); }

  [[nodiscard]] bool takes_namespace(std::string_view space) const {
    while (!space.empty()) {
      const auto dot = space.find('.');
      if (!takes_name(space.substr(0, dot))) return false;
      if (dot == std::string_view::npos) return true;
      space.remove_prefix(dot + 1);
      if (space.empty()) return false;
    }
    return true;
  }

  static Error refused(const std::string& at, const std::string& what) {
    return {ErrorCode::rejected, "schema" + (at.empty() ? std::string() : " at " + at) + ": " + what};
  }

  // The schema owns its nodes and holds on to those of the schemas that it knows.
  Schema keep(const Node* root) {
    struct Kept {
      Below below;
      std::vector<std::unique_ptr<Node>> own;
    };
    const auto kept = std::make_shared<Kept>(std::move(kept_), std::move(nodes_));
    Schema schema;
    schema.nodes_ = {kept, &kept->own};
    schema.root_ = root;
    return schema;
  }

  // Makes the named types of another schema known; the first of a name counts.
  void know(const Node& node, int depth) {
    if (depth > kMaxDepth || (node.is_named() && !types_.emplace(node.full_name(), &node).second)) return;
    for (const auto& field : node.fields) know(*field.type, depth + 1);
    for (const auto* branch : node.branches) know(*branch, depth + 1);
    if (node.items != nullptr) know(*node.items, depth + 1);
  }

  Node* make(Type type) {
    nodes_.push_back(std::make_unique<Node>());
    nodes_.back()->type = type;
    return nodes_.back().get();
  }

  Result<const Node*> node(const json::value& value, const std::string& space, const std::string& at, int depth) {
    if (depth > kMaxDepth) return over_limit(ErrorCode::rejected, "schema at " + at + ": nested deeper than " + std::to_string(kMaxDepth));
    if (const auto* name = value.if_string()) return named(std::string(*name), space, at);
    if (const auto* branches = value.if_array()) return union_of(*branches, space, at, depth);
    if (const auto* object = value.if_object()) return from_object(*object, space, at, depth);
    return refused(at, "a schema is a string, an object or an array");
  }

  Result<const Node*> named(const std::string& name, const std::string& space, const std::string& at) {
    if (const auto type = primitive(name)) return make(*type);
    const bool dotted = name.find('.') != std::string::npos;
    for (const auto& full : {dotted || space.empty() ? name : space + "." + name, name}) {
      if (const auto found = types_.find(full); found != types_.end()) return found->second;
      if (const auto found = declared_.find(full); found != declared_.end()) {  // defined later in the text
        used_.insert(full);
        return found->second;
      }
    }
    return refused(at, "unknown type \"" + name + "\"");
  }

  // Makes an empty node for each named type of the text, so that names may be used before they are defined.
  void declare(const json::value& value, std::string space, int depth) {
    if (depth > kMaxDepth) return;
    if (const auto* list = value.if_array()) {
      for (const auto& item : *list) declare(item, space, depth + 1);
    }
    const auto* object = value.if_object();
    if (object == nullptr) return;
    const auto* type = object->if_contains("type");
    const auto* name = object->if_contains("name");
    const bool named_type = type != nullptr && type->is_string() && name != nullptr && name->is_string() &&
                            (type->get_string() == "record" || type->get_string() == "error" || type->get_string() == "enum" || type->get_string() == "fixed");
    if (named_type) {
      if (const auto* own = object->if_contains("namespace"); own != nullptr && own->is_string()) space = own->get_string();
      std::string full(name->get_string());
      if (const auto dot = full.rfind('.'); dot != std::string::npos) {
        space = full.substr(0, dot);
      } else if (!space.empty()) {
        full = space + "." + full;
      }
      if (!declared_.contains(full)) declared_[full] = make(Type::null);
    }
    for (const auto* key : {"type", "items", "values", "fields"}) {
      if (const auto* inner = object->if_contains(key)) declare(*inner, space, depth + 1);
    }
  }

  Result<const Node*> union_of(const json::array& branches, const std::string& space, const std::string& at, int depth) {
    Node* made = make(Type::union_);
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const auto place = at + "/" + std::to_string(i);
      SLUICE_TRY(const Node* branch, node(branches[i], space, place, depth + 1));
      if (branch->type == Type::union_) return refused(place, "a union directly within a union");
      made->branches.push_back(branch);
    }
    unions_.emplace_back(made, at);
    return made;
  }

  // So that all who walk over a schema may do so by recursion.
  Result<void> check_chain(const Node& node, int depth) {
    if (depth > kMaxChain) return over_limit(ErrorCode::rejected, "schema: over " + std::to_string(kMaxChain) + " types lead to each other");
    if (!chained_.insert(&node).second) return {};
    for (const auto& field : node.fields) SLUICE_RETURN_IF_ERROR(check_chain(*field.type, depth + 1));
    for (const auto* branch : node.branches) SLUICE_RETURN_IF_ERROR(check_chain(*branch, depth + 1));
    return node.items != nullptr ? check_chain(*node.items, depth + 1) : Result<void>();
  }

  // A type that is defined again must be the same again, as far as Java looks.
  Result<void> check_repeated() const {
    std::size_t printed = 0;
    for (const auto& [again, at] : repeated_) {
      const auto text = print_equality(*again);
      if (text != print_equality(*types_.at(again->full_name()))) return refused(at, "\"" + again->full_name() + "\" is defined twice");
      if ((printed += text.size()) > kMaxRepeatedBytes) return over_limit(ErrorCode::rejected, "schema at " + at + ": too many types are defined again");
    }
    return {};
  }

  // When all types are known: a branch may be the name of one that is defined later.
  Result<void> check_unions() const {
    for (const auto& [made, at] : unions_) {
      std::set<std::string> seen;
      for (const auto* branch : made->branches) {
        const auto name = branch->is_named() ? branch->full_name() : std::string(type_name(branch->type));
        if (!seen.insert(name).second) return refused(at, "the union has \"" + name + "\" twice");
      }
    }
    return {};
  }

  Result<const Node*> from_object(const json::object& object, const std::string& space, const std::string& at, int depth) {
    const auto* type = object.if_contains("type");
    if (type == nullptr) return refused(at, "no \"type\"");
    if (type->is_array()) return refused(at + "/type", "a union is written without an object around it");
    if (!type->is_string()) return node(*type, space, at + "/type", depth + 1);  // {"type": {...}}, as Java takes it
    const std::string name(type->get_string());
    if (const auto known = primitive(name)) {
      Node* made = make(*known);
      SLUICE_RETURN_IF_ERROR(read_properties(object, kSchemaWords, made->properties));
      set_logical_type(*made);
      return made;
    }
    if (name == "record" || name == "error") return record(object, space, at, depth, name == "error");
    if (name == "enum") return enumeration(object, space, at);
    if (name == "fixed") return fixed(object, space, at);
    if (name == "array") return collection(object, Type::array, "items", space, at, depth);
    if (name == "map") return collection(object, Type::map, "values", space, at, depth);
    return named(name, space, at + "/type");
  }

  Result<const Node*> collection(const json::object& object, Type type, const char* key, const std::string& space,
                                 const std::string& at, int depth) {
    const auto* items = object.if_contains(key);
    if (items == nullptr) return refused(at, std::string("no \"") + key + "\"");
    Node* made = make(type);
    SLUICE_TRY(made->items, node(*items, space, at + "/" + key, depth + 1));
    SLUICE_RETURN_IF_ERROR(read_properties(object, kSchemaWords, made->properties));
    return made;
  }

  // Reads name, namespace, doc and aliases of a named type, and makes it known.
  Result<Node*> define(const json::object& object, Type type, const std::string& space, const std::string& at) {
    const auto* name = object.if_contains("name");
    if (name == nullptr || !name->is_string()) return refused(at, "a named type without \"name\"");
    std::string simple(name->get_string());
    std::string own = space;
    if (const auto* given = object.if_contains("namespace"); given != nullptr && given->is_string()) own = given->get_string();
    if (const auto dot = simple.rfind('.'); dot != std::string::npos) {
      own = simple.substr(0, dot);
      simple = simple.substr(dot + 1);
    }
    if (!takes_name(simple)) return refused(at + "/name", "\"" + simple + "\" is no name ([A-Za-z_][A-Za-z0-9_]*)");
    if (!takes_namespace(own)) return refused(at + "/namespace", "\"" + own + "\" is no namespace");
    if (own.empty() && primitive(simple)) return refused(at + "/name", "\"" + simple + "\" is the name of a primitive type");
    const auto full = own.empty() ? simple : own + "." + simple;
    const auto shell = declared_.find(full);
    Node* made = shell != declared_.end() && !types_.contains(full) ? shell->second : make(type);
    made->type = type;
    made->name = simple;
    made->space = own;
    if (const auto* doc = object.if_contains("doc"); doc != nullptr && doc->is_string()) made->doc = std::string(doc->get_string());
    if (!types_.emplace(full, made).second) repeated_.emplace_back(made, at);  // fine when it is the same again
    SLUICE_TRY(const auto aliases, names_in(object, "aliases", at));
    for (const auto& alias : aliases) {
      const bool dotted = alias.find('.') != std::string::npos;
      made->aliases.push_back(alias.starts_with('.') ? alias.substr(1) : dotted || own.empty() ? alias : own + "." + alias);  // ".D": no namespace
    }
    return made;
  }

  Result<std::vector<std::string>> names_in(const json::object& object, const char* key, const std::string& at) const {
    std::vector<std::string> names;
    std::set<std::string> seen;
    const auto* list = object.if_contains(key);
    if (list == nullptr) return names;
    const auto* array = list->if_array();
    if (array == nullptr) return refused(at + "/" + key, "not an array of names");
    for (const auto& item : *array) {
      if (!item.is_string()) return refused(at + "/" + key, "not an array of names");
      const std::string name(item.get_string());
      if (!takes_namespace(name.starts_with('.') ? name.substr(1) : name)) return refused(at + "/" + key, "\"" + name + "\" is no name");
      if (seen.insert(name).second) names.push_back(name);
    }
    return names;
  }

  Result<const Node*> record(const json::object& object, const std::string& space, const std::string& at, int depth, bool error) {
    SLUICE_TRY(Node* made, define(object, Type::record, space, at));
    made->is_error = error;
    const auto* fields = object.if_contains("fields");
    if (fields == nullptr || !fields->is_array()) return refused(at, "a record without an array \"fields\"");
    std::size_t i = 0;
    std::set<std::string> seen;
    for (const auto& item : fields->get_array()) {
      const auto place = at + "/fields/" + std::to_string(i++);
      if (!item.is_object()) return refused(place, "a field is an object");
      SLUICE_TRY(auto read, field(item.get_object(), made->space, place, depth));
      if (!seen.insert(read.name).second) return refused(place, "field \"" + read.name + "\" is there twice");
      made->fields.push_back(std::move(read));
    }
    SLUICE_RETURN_IF_ERROR(read_properties(object, kSchemaWords, made->properties));
    return made;
  }

  Result<Field> field(const json::object& object, const std::string& space, const std::string& at, int depth) {
    Field read;
    const auto* name = object.if_contains("name");
    if (name == nullptr || !name->is_string()) return refused(at, "a field without \"name\"");
    read.name = name->get_string();
    if (!takes_name(read.name)) return refused(at + "/name", "\"" + read.name + "\" is no name ([A-Za-z_][A-Za-z0-9_]*)");
    const auto* type = object.if_contains("type");
    if (type == nullptr) return refused(at, "field \"" + read.name + "\" has no \"type\"");
    SLUICE_TRY(read.type, node(*type, space, at + "/type", depth + 1));
    if (const auto* doc = object.if_contains("doc"); doc != nullptr && doc->is_string()) read.doc = std::string(doc->get_string());
    if (const auto* given = object.if_contains("default")) {
      read.default_json = json_text(*given);
      defaults_.push_back({at, *given, read.type});
    }
    if (const auto* order = object.if_contains("order")) {
      SLUICE_TRY(read.order, order_of(*order, at));
    }
    SLUICE_TRY(read.aliases, names_in(object, "aliases", at));
    SLUICE_RETURN_IF_ERROR(read_properties(object, kFieldWords, read.properties));
    return read;
  }

  static Result<Order> order_of(const json::value& value, const std::string& at) {
    std::string text = value.is_string() ? std::string(value.get_string()) : std::string();
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (text == "ascending") return Order::ascending;
    if (text == "descending") return Order::descending;
    if (text == "ignore") return Order::ignore;
    return refused(at + "/order", "not one of ascending, descending, ignore");
  }

  Result<const Node*> enumeration(const json::object& object, const std::string& space, const std::string& at) {
    SLUICE_TRY(Node* made, define(object, Type::enum_, space, at));
    const auto* symbols = object.if_contains("symbols");
    if (symbols == nullptr || !symbols->is_array()) return refused(at, "an enum without an array \"symbols\"");
    std::set<std::string> seen;
    for (const auto& item : symbols->get_array()) {
      if (!item.is_string()) return refused(at + "/symbols", "a symbol is a string");
      const std::string symbol(item.get_string());
      if (!takes_name(symbol)) return refused(at + "/symbols", "\"" + symbol + "\" is no name");
      if (!seen.insert(symbol).second) return refused(at + "/symbols", "\"" + symbol + "\" is there twice");
      made->symbols.push_back(symbol);
    }
    if (const auto* given = object.if_contains("default")) {
      if (given->is_string() && !seen.contains(std::string(given->get_string()))) return refused(at + "/default", "the default is none of the symbols");
      if (given->is_string()) made->enum_default = std::string(given->get_string());
    }
    SLUICE_RETURN_IF_ERROR(read_properties(object, kEnumWords, made->properties));
    return made;
  }

  Result<const Node*> fixed(const json::object& object, const std::string& space, const std::string& at) {
    SLUICE_TRY(Node* made, define(object, Type::fixed, space, at));
    const auto* size = object.if_contains("size");
    if (size == nullptr || !size->is_int64() || size->get_int64() < 0 || size->get_int64() > INT32_MAX) {
      return refused(at, "a fixed without a \"size\" of 0 to 2147483647");
    }
    made->size = static_cast<std::int32_t>(size->get_int64());
    SLUICE_RETURN_IF_ERROR(read_properties(object, kSchemaWords, made->properties));
    set_logical_type(*made);
    return made;
  }

  // Java's words of any schema, which are never properties of one.
  static constexpr std::string_view kSchemaWords[] = {"doc",     "fields", "items",  "name", "namespace",
                                                                           "size",    "symbols", "values", "type", "aliases"};
  static constexpr std::string_view kFieldWords[] = {"name", "type", "doc", "default", "order", "aliases"};
  static constexpr std::string_view kEnumWords[] = {"doc",  "fields",  "items",  "name",    "namespace", "size",
                                                                         "symbols", "values", "type",   "aliases", "default"};
  static Result<void> read_properties(const json::object& object, std::span<const std::string_view> known, Properties& out) {
    for (const auto& item : object) {
      const std::string_view key(item.key().data(), item.key().size());
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      if (item.value().is_uint64()) return refused("/" + std::string(key), "the number is over 2^63-1");
      out.emplace_back(key, json_text(item.value()));
    }
    return {};
  }

  static std::optional<std::int32_t> int_property(const Node& node, std::string_view name) {
    const auto text = node.property(name);
    if (!text || text->find_first_not_of("-0123456789") != std::string_view::npos || text->size() > 9) return std::nullopt;
    return std::stoi(std::string(*text));
  }

  // Sets the logical type where it is valid; an unknown or invalid one is ignored, as the specification says.
  static void set_logical_type(Node& node) {
    const auto text = node.property("logicalType");
    if (!text || text->size() < 3 || text->front() != '"') return;
    const auto name = text->substr(1, text->size() - 2);
    const auto on = [&](std::initializer_list<std::string_view> names, Type type) {
      if (node.type == type && std::find(names.begin(), names.end(), name) != names.end()) node.logical_type = name;
    };
    on({"date", "time-millis"}, Type::int_);
    on({"time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos", "local-timestamp-millis",
        "local-timestamp-micros", "local-timestamp-nanos"}, Type::long_);
    on({"uuid"}, Type::string);
    on({"big-decimal"}, Type::bytes);
    if (node.type == Type::fixed && ((name == "uuid" && node.size == 16) || (name == "duration" && node.size == 12))) {
      node.logical_type = name;
    }
    if (name == "decimal" && (node.type == Type::bytes || node.type == Type::fixed)) set_decimal(node);
  }

  static void set_decimal(Node& node) {
    const auto precision = int_property(node, "precision");
    const auto scale = node.property("scale") ? int_property(node, "scale") : std::optional<std::int32_t>(0);
    if (!precision || !scale || *precision <= 0 || *scale < 0 || *scale > *precision) return;
    if (node.type == Type::fixed && *precision > std::floor(std::log10(2.0) * (8.0 * node.size - 1))) return;
    node.logical_type = "decimal";
    node.precision = *precision;
    node.scale = *scale;
  }

  struct Default {
    std::string at;
    json::value value;
    const Node* type;
  };

  Result<void> check_defaults() {
    for (const auto& given : defaults_) {
      if (fits(given.value, *given.type)) continue;
      if (spare_checks_ == 0) return over_limit(ErrorCode::rejected, "schema at " + given.at + "/default: the default's type has too many choices");
      return refused(given.at + "/default", "the default " + json_text(given.value) + " does not fit the field's type");
    }
    return {};
  }

  static bool fits_number(const json::value& value, Type type) {
    if (type == Type::int_) return value.is_int64() && value.get_int64() >= INT32_MIN && value.get_int64() <= INT32_MAX;
    if (type == Type::long_) return value.is_int64();
    if (value.is_number()) return true;
    if (!value.is_string()) return false;
    const auto& text = value.get_string();
    return text == "NaN" || text == "Infinity" || text == "-Infinity";
  }

  bool fits(const json::value& value, const Node& type) {
    if (spare_checks_ == 0) return false;
    --spare_checks_;
    switch (type.type) {
      case Type::null: return value.is_null();
      case Type::boolean: return value.is_bool();
      case Type::int_:
      case Type::long_:
      case Type::float_:
      case Type::double_: return fits_number(value, type.type);
      case Type::bytes:
      case Type::string:
      case Type::enum_:  // Java asks for any text, not for a symbol
      case Type::fixed: return value.is_string();
      case Type::array:
        return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                               [&](const auto& item) { return fits(item, *type.items); });
      case Type::map:
        return value.is_object() && std::all_of(value.get_object().begin(), value.get_object().end(),
                                                [&](const auto& item) { return fits(item.value(), *type.items); });
      case Type::union_:
        // Within a union Java takes no "NaN" for a number.
        return std::any_of(type.branches.begin(), type.branches.end(), [&](const Node* branch) {
          const bool floating = branch->type == Type::float_ || branch->type == Type::double_;
          return floating ? value.is_number() : fits(value, *branch);
        });
      case Type::record:
        return value.is_object() && std::all_of(type.fields.begin(), type.fields.end(), [&](const Field& field) {
                 const auto* item = value.get_object().if_contains(field.name);
                 return item != nullptr ? fits(*item, *field.type) : field.default_json.has_value();
               });
    }
    return false;
  }

  using Below = std::vector<std::shared_ptr<const std::vector<std::unique_ptr<Node>>>>;

  ParseOptions options_;
  Below kept_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::string, const Node*> types_;
  std::map<std::string, Node*> declared_;
  std::set<std::string> used_;  // before their definition
  std::vector<std::pair<const Node*, std::string>> repeated_;  // and where
  std::vector<std::pair<const Node*, std::string>> unions_;  // with their places
  std::vector<Default> defaults_;
  std::set<const Node*> chained_;
  std::uint64_t spare_checks_ = kMaxDefaultChecks;
};

Result<Schema> Schema::parse(std::string_view text, ParseOptions options, std::span<const Schema> known) {
  return SchemaParser(options, known).parse(text);
}

Schema Schema::with_fields(const std::vector<std::size_t>& fields) const {
  struct Kept {
    std::shared_ptr<const std::vector<std::unique_ptr<Node>>> below;
    std::vector<std::unique_ptr<Node>> own;
  };
  auto root = std::make_unique<Node>(*root_);
  root->fields.clear();
  for (const auto field : fields) root->fields.push_back(root_->fields[field]);
  const auto kept = std::make_shared<Kept>();
  kept->below = nodes_;
  kept->own.push_back(std::move(root));
  Schema out;
  out.nodes_ = {kept, &kept->own};
  out.root_ = kept->own.front().get();
  return out;
}

}  // namespace sluice::avro
