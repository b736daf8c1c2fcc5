// Two texts of a schema: Java's Schema.toString(), byte for byte, and the Parsing Canonical Form.

#include <cstdint>
#include <set>

#include "avro/json_text.h"
#include "avro/schema.h"

namespace sluice::avro {
namespace {

bool is_type_word(std::string_view name) {
  for (auto type = Type::null; type <= Type::fixed; type = static_cast<Type>(static_cast<int>(type) + 1)) {
    if (type_name(type) == name) return true;
  }
  return false;
}

class JavaPrinter {
 public:
  enum class Extent : std::uint8_t { all, equality };  // equality: what Java's equals() compares

  explicit JavaPrinter(Extent extent = Extent::all, const std::vector<std::string>& known_names = {})
      : all_(extent == Extent::all), written_(known_names.begin(), known_names.end()) {}

  std::string print(const Node& node) {
    write(node);
    return std::move(out_);
  }

 private:
  void write(const Node& node) {
    if (node.type == Type::union_) return write_list(node);
    if (node.is_named()) return write_named(node);
    if (node.type == Type::array || node.type == Type::map) {
      out_ += node.type == Type::array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
      write(*node.items);
      write_properties(node.properties);
      out_ += '}';
      return;
    }
    const auto name = json_quote(type_name(node.type));
    if (node.properties.empty()) {
      out_ += name;
      return;
    }
    out_ += "{\"type\":" + name;
    write_properties(node.properties);
    out_ += '}';
  }

  void write_list(const Node& node) {
    out_ += '[';
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      if (i > 0) out_ += ',';
      write(*node.branches[i]);
    }
    out_ += ']';
  }

  // The name as it is written where the default namespace is `space_`.
  std::string qualified(const std::string& full) const {
    const auto dot = full.rfind('.');
    const auto space = dot == std::string::npos ? std::string() : full.substr(0, dot);
    const auto name = dot == std::string::npos ? full : full.substr(dot + 1);
    return space.empty() || (space == space_ && !is_type_word(name)) ? name : full;
  }

  void write_named(const Node& node) {
    if (!written_.insert(node.full_name()).second) {
      out_ += json_quote(qualified(node.full_name()));
      return;
    }
    const char* word = node.type == Type::record ? (node.is_error ? "error" : "record") : node.type == Type::enum_ ? "enum" : "fixed";
    out_ += std::string(R"({"type":")") + word + R"(","name":)" + json_quote(node.name);
    if (node.space != space_) out_ += ",\"namespace\":" + json_quote(node.space);
    const auto saved = space_;
    if (node.type == Type::record) space_ = node.space;
    if (node.doc && all_) out_ += ",\"doc\":" + json_quote(*node.doc);
    if (node.type == Type::record) write_fields(node);
    if (node.type == Type::enum_) {
      out_ += ",\"symbols\":" + list(node.symbols);
      if (node.enum_default && all_) out_ += ",\"default\":" + json_quote(*node.enum_default);
    }
    if (node.type == Type::fixed) out_ += ",\"size\":" + std::to_string(node.size);
    write_properties(node.properties);
    space_ = node.space;
    write_aliases(node);
    space_ = saved;
    out_ += '}';
  }

  void write_aliases(const Node& node) {
    if (node.aliases.empty() || !all_) return;
    std::vector<std::string> names;
    for (const auto& alias : node.aliases) names.push_back(qualified(alias));
    out_ += ",\"aliases\":" + list(names);
  }

  void write_fields(const Node& node) {
    out_ += ",\"fields\":[";
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const auto& field = node.fields[i];
      out_ += (i > 0 ? ",{\"name\":" : "{\"name\":") + json_quote(field.name) + ",\"type\":";
      write(*field.type);
      if (field.doc && all_) out_ += ",\"doc\":" + json_quote(*field.doc);
      if (field.default_json) out_ += ",\"default\":" + *field.default_json;
      if (field.order == Order::descending) out_ += R"(,"order":"descending")";
      if (field.order == Order::ignore) out_ += R"(,"order":"ignore")";
      if (!field.aliases.empty() && all_) out_ += ",\"aliases\":" + list(field.aliases);
      write_properties(field.properties);
      out_ += '}';
    }
    out_ += ']';
  }

  void write_properties(const Properties& properties) {
    for (const auto& [name, text] : properties) out_ += "," + json_quote(name) + ":" + text;
  }

  static std::string list(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const auto& name : names) out += (out.size() > 1 ? "," : "") + json_quote(name);
    return out + "]";
  }

  bool all_;
  std::string out_;
  std::string space_;
  std::set<std::string> written_;
};

class CanonicalPrinter {
 public:
  std::string print(const Node& node) {
    write(node);
    return std::move(out_);
  }

 private:
  void write(const Node& node) {
    switch (node.type) {
      case Type::union_:
        out_ += '[';
        for (std::size_t i = 0; i < node.branches.size(); ++i) {
          if (i > 0) out_ += ',';
          write(*node.branches[i]);
        }
        out_ += ']';
        return;
      case Type::array:
      case Type::map:
        out_ += node.type == Type::array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
        write(*node.items);
        out_ += '}';
        return;
      case Type::record:
      case Type::enum_:
      case Type::fixed: return write_named(node);
      default: out_ += "\"" + std::string(type_name(node.type)) + "\"";
    }
  }

  void write_named(const Node& node) {
    const auto name = json_quote(node.full_name());
    if (!written_.insert(node.full_name()).second) {
      out_ += name;
      return;
    }
    const char* word = node.type == Type::record ? (node.is_error ? "error" : "record") : node.type == Type::enum_ ? "enum" : "fixed";
    out_ += "{\"name\":" + name + ",\"type\":\"" + word + "\"";
    if (node.type == Type::enum_) {
      out_ += ",\"symbols\":[";
      for (std::size_t i = 0; i < node.symbols.size(); ++i) out_ += (i > 0 ? "," : "") + json_quote(node.symbols[i]);
      out_ += ']';
    }
    if (node.type == Type::fixed) out_ += ",\"size\":" + std::to_string(node.size);
    if (node.type == Type::record) {
      out_ += ",\"fields\":[";
      for (std::size_t i = 0; i < node.fields.size(); ++i) {
        out_ += (i > 0 ? ",{\"name\":" : "{\"name\":") + json_quote(node.fields[i].name) + ",\"type\":";
        write(*node.fields[i].type);
        out_ += '}';
      }
      out_ += ']';
    }
    out_ += '}';
  }

  std::string out_;
  std::set<std::string> written_;
};

}  // namespace

std::string print_node(const Node& node) { return JavaPrinter().print(node); }
std::string print_equality(const Node& node) { return JavaPrinter(JavaPrinter::Extent::equality).print(node); }
std::string Schema::text() const { return print_node(root()); }
std::string Schema::text(const std::vector<std::string>& known_names) const { return JavaPrinter(JavaPrinter::Extent::all, known_names).print(root()); }
std::string Schema::canonical() const { return CanonicalPrinter().print(root()); }

}  // namespace sluice::avro
