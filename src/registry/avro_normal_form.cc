#include "registry/avro_normal_form.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "avro/json_text.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

using avro::json_quote;
using avro::Node;
using avro::Type;

std::string list_of(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "[" : ",") + json_quote(name);
  return out + "]";
}

// A default, with numbers as their type prints them and members sorted.
json::value normal_default(const json::value& value, const Node& type) {
  if (type.type == Type::union_) return type.branches.empty() ? value : normal_default(value, *type.branches.front());
  if (type.type == Type::float_ || type.type == Type::double_)
    return value.is_int64() ? json::value(static_cast<double>(value.get_int64())) : value;
  if (type.type == Type::array && value.is_array()) {
    json::array out;
    for (const auto& item : value.get_array()) out.push_back(normal_default(item, *type.items));
    return out;
  }
  if (!value.is_object()) return value;
  std::map<std::string, json::value> sorted;
  for (const auto& item : value.get_object()) {
    const auto* field = type.type == Type::record ? type.field(item.key()) : nullptr;
    const auto* inner = field != nullptr ? field->type : type.type == Type::map ? type.items : nullptr;
    sorted[item.key()] = inner != nullptr ? normal_default(item.value(), *inner) : item.value();
  }
  json::object out;
  for (auto& [key, member] : sorted) out[key] = std::move(member);
  return out;
}

class Printer {
 public:
  explicit Printer(const std::vector<std::string>& known_names) : written_(known_names.begin(), known_names.end()) {}

  void write(const Node& node) {
    if (node.type == Type::union_) return write_union(node);
    if (node.is_named()) return write_named(node);
    const auto word = json_quote(avro::type_name(node.type));
    if (node.type == Type::array || node.type == Type::map) {
      out += "{\"type\":" + word + (node.type == Type::array ? ",\"items\":" : ",\"values\":");
      write(*node.items);
    } else if (node.properties.empty()) {
      out += word;
      return;
    } else {
      out += "{\"type\":" + word;
    }
    write_properties(node.properties, node.logical_type);
    out += '}';
  }

  std::string out;

 private:
  void write_union(const Node& node) {
    out += '[';
    for (const auto* branch : node.branches) {
      if (branch != node.branches.front()) out += ',';
      write(*branch);
    }
    out += ']';
  }

  void write_named(const Node& node) {
    const auto name = json_quote(node.full_name());
    if (!written_.insert(node.full_name()).second) {
      out += name;
      return;
    }
    out += "{\"name\":" + name + ",\"type\":" + json_quote(avro::type_name(node.type));
    if (node.type == Type::enum_) {
      out += ",\"symbols\":[";
      for (const auto& symbol : node.symbols) out += (&symbol == &node.symbols.front() ? "" : ",") + json_quote(symbol);
      out += ']';
    }
    if (node.type == Type::fixed) out += ",\"size\":" + std::to_string(node.size);
    if (node.type == Type::record) write_fields(node);
    if (node.doc && !node.doc->empty()) out += ",\"doc\":" + json_quote(*node.doc);
    if (!node.aliases.empty()) out += ",\"aliases\":" + list_of(node.aliases);
    if (node.enum_default) out += ",\"default\":" + json_quote(*node.enum_default);
    write_properties(node.properties, node.type == Type::fixed ? node.logical_type : "");
    out += '}';
  }

  void write_fields(const Node& node) {
    static constexpr const char* kOrders[] = {"ascending", "descending", "ignore"};
    out += ",\"fields\":[";
    for (const auto& field : node.fields) {
      out += (&field == &node.fields.front() ? "{\"name\":" : ",{\"name\":") + json_quote(field.name) + ",\"type\":";
      write(*field.type);
      out += std::string(",\"order\":\"") + kOrders[static_cast<std::size_t>(field.order)] + "\"";
      if (field.doc) out += ",\"doc\":" + json_quote(*field.doc);
      if (!field.aliases.empty()) out += ",\"aliases\":" + list_of(field.aliases);
      if (field.default_json) write_default(field);
      write_properties(field.properties, "");
      out += '}';
    }
    out += ']';
  }

  void write_default(const avro::Field& field) {
    const auto value = avro::parse_json(*field.default_json);
    out += ",\"default\":" + (value.ok() ? avro::json_text(normal_default(*value, *field.type)) : *field.default_json);
  }

  // A valid logical type goes first, with its precision and scale; all else is sorted by name.
  void write_properties(const avro::Properties& properties, const std::string& logical_type) {
    std::map<std::string, std::string> sorted(properties.begin(), properties.end());
    if (!logical_type.empty()) {
      for (const auto* name : {"logicalType", "precision", "scale"}) {
        const bool zero_scale = name == std::string_view("scale") && sorted.contains(name) && sorted.at(name) == "0";
        if ((name != std::string_view("logicalType") && logical_type != "decimal") || zero_scale) continue;
        if (const auto found = sorted.extract(name)) out += "," + json_quote(name) + ":" + found.mapped();
      }
    }
    for (const auto& [name, text] : sorted) out += "," + json_quote(name) + ":" + text;
  }

  std::set<std::string> written_;
};

}  // namespace

std::string avro_normal_form(const avro::Node& root, const std::vector<std::string>& known_names) {
  Printer printer(known_names);
  printer.write(root);
  return std::move(printer.out);
}

}  // namespace sluice::registry
