#pragma once
// An Avro schema, as a graph of nodes: parsed from JSON, printed as Java's Schema.toString() prints it.
//
// A Schema owns its nodes; a node refers to others by pointer, also to itself (recursive types). Immutable after parse()
// and then shared freely between threads. Avro 1.12 specification, "Schema Declaration".

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::avro {

enum class Type : std::uint8_t {
  null, boolean, int_, long_, float_, double_, bytes, string, record, enum_, array, map, union_, fixed
};

// "int", "record", ... as a schema writes them.
[[nodiscard]] std::string_view type_name(Type type);

// Other attributes of a schema or field, in their order: name and JSON text.
using Properties = std::vector<std::pair<std::string, std::string>>;

enum class Order : std::uint8_t { ascending, descending, ignore };

struct Node;

struct Field {
  std::string name;
  const Node* type = nullptr;
  std::optional<std::string> doc;
  std::optional<std::string> default_json;  // JSON text, as Java prints it
  Order order = Order::ascending;
  std::vector<std::string> aliases;
  Properties properties;
};

struct Node {
  Type type = Type::null;
  // Named types: record, enum, fixed.
  std::string name;        // without namespace
  std::string space;       // its namespace; empty is none
  std::optional<std::string> doc;
  std::vector<std::string> aliases;  // full names
  bool is_error = false;             // {"type":"error"}
  std::vector<Field> fields;         // record
  std::vector<std::string> symbols;  // enum
  std::optional<std::string> enum_default;
  const Node* items = nullptr;          // array and map
  std::vector<const Node*> branches;    // union
  std::int32_t size = 0;                // fixed
  Properties properties;                // logicalType among them, valid or not
  // A logical type that is valid on this type; else empty, and the plain type holds.
  std::string logical_type;
  std::int32_t precision = 0;
  std::int32_t scale = 0;

  [[nodiscard]] bool is_named() const { return type == Type::record || type == Type::enum_ || type == Type::fixed; }
  [[nodiscard]] std::string full_name() const { return space.empty() ? name : space + "." + name; }
  [[nodiscard]] const Field* field(std::string_view field_name) const;
  // The JSON text of a property; none if there is no such.
  [[nodiscard]] std::optional<std::string_view> property(std::string_view property_name) const;
};

struct ParseOptions {
  bool validate_defaults = true;  // refuse defaults that do not fit their type
  // Refuse names, namespaces, aliases and symbols that are not [A-Za-z_][A-Za-z0-9_]* (and letters of other scripts, as
  // Java). Off, for old data: anything but nothing is a name; a dot still ends a namespace.
  bool validate_names = true;
};

class Schema {
 public:
  // The named types of `known` schemas may be used as if they were defined before (and lived on as long as this does).
  // Errors: rejected, with the place in the schema ("at /fields/2/type: ...").
  [[nodiscard]] static Result<Schema> parse(std::string_view json, ParseOptions options = {},
                                            std::span<const Schema> known = {});

  [[nodiscard]] const Node& root() const { return *root_; }
  // As Java's Schema.toString().
  [[nodiscard]] std::string text() const;
  // The same, with the types of these full names written as names wherever they stand: Java's toString(referenced, false).
  [[nodiscard]] std::string text(const std::vector<std::string>& known_names) const;
  // The Parsing Canonical Form.
  [[nodiscard]] std::string canonical() const;
  // The record of some of the root's fields, numbered from 0, in this order. Precondition: the root is a record that does
  // not refer to itself.
  [[nodiscard]] Schema with_fields(const std::vector<std::size_t>& fields) const;

 private:
  friend class SchemaParser;
  std::shared_ptr<const std::vector<std::unique_ptr<Node>>> nodes_;
  const Node* root_ = nullptr;
};

// CRC-64-AVRO of a canonical form.
[[nodiscard]] std::uint64_t rabin_fingerprint(std::string_view bytes);
// Digests of a canonical form, as bytes: 16 and 32.
[[nodiscard]] std::string md5(std::string_view bytes);
[[nodiscard]] std::string sha256(std::string_view bytes);

// A JSON string as Jackson writes it, quotes included.
[[nodiscard]] std::string json_quote(std::string_view text);
// A double as Java's Double.toString: "1.0E10", "0.001".
[[nodiscard]] std::string java_double(double value);

}  // namespace sluice::avro
