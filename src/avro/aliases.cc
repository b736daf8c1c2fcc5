#include "avro/aliases.h"

#include "avro/json_text.h"

namespace sluice::avro::resolution {
namespace {

// Calls `visit` with every node that `node` leads to, once.
template <typename Visit>
void walk(const Node& node, std::set<const Node*>& seen, const Visit& visit) {
  if (!seen.insert(&node).second) return;
  visit(node);
  for (const auto& field : node.fields) walk(*field.type, seen, visit);
  for (const auto* branch : node.branches) walk(*branch, seen, visit);
  if (node.items != nullptr) walk(*node.items, seen, visit);
}

}  // namespace

Aliases::Aliases(const Node& writer, const Node& reader) {
  if (print_node(writer) != print_node(reader)) collect(reader);
}

void Aliases::collect(const Node& reader) {
  // As often as a type is named, but for what is within a record, as in Java: of two types with the same alias the one that is
  // named last has it.
  for (const auto& alias : reader.aliases) types_[alias] = reader.full_name();
  if (reader.type == Type::record && !seen_.insert(&reader).second) return;
  for (const auto& field : reader.fields) {
    for (const auto& alias : field.aliases) fields_[reader.full_name()][alias] = field.name;
    collect(*field.type);
  }
  for (const auto* branch : reader.branches) collect(*branch);
  if (reader.items != nullptr) collect(*reader.items);
}

std::string Aliases::full_name(const Node& writer) const {
  if (!writer.is_named()) return std::string(type_name(writer.type));
  auto name = writer.full_name();
  const auto found = types_.find(name);
  return found == types_.end() ? name : found->second;
}

std::string Aliases::short_name(const Node& writer) const {
  auto name = full_name(writer);
  return name.substr(name.rfind('.') + 1);
}

const std::string& Aliases::field_name(const Node& writer, const Field& field) const {
  if (fields_.empty()) return field.name;
  const auto record = fields_.find(full_name(writer));
  if (record == fields_.end()) return field.name;
  const auto found = record->second.find(field.name);
  return found == record->second.end() ? field.name : found->second;
}

Result<void> Aliases::check(const Node& writer) const {
  std::string twice;
  std::set<const Node*> seen;
  walk(writer, seen, [&](const Node& node) {
    std::set<std::string> names;
    for (const auto& field : node.fields) {
      if (!names.insert(field_name(node, field)).second) twice = "two fields of the writer's " + node.full_name() + " are \"" + field_name(node, field) + "\"";
    }
    for (const auto* branch : node.branches) {
      if (!names.insert(full_name(*branch)).second) twice = "two branches of a union of the writer are \"" + full_name(*branch) + "\"";
    }
  });
  if (twice.empty()) return {};
  return Error{ErrorCode::corrupt, "by the reader's aliases, " + twice};
}

}  // namespace sluice::avro::resolution
