#include "protobuf/descriptor_elements.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <climits>
#include <map>
#include <set>

#include "protobuf/descriptor_options.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

class Writer {
 public:
  explicit Writer(const pb::FileDescriptor& file) : file_(file) {}
  FileElement file() const;

 private:
  template <typename Descriptor>
  Options options(const Descriptor& descriptor) const {
    return options_of(descriptor.options(), *file_.pool());
  }
  bool proto3() const { return file_.syntax() == pb::FileDescriptor::SYNTAX_PROTO3; }
  std::string label(const pb::FieldDescriptor& field) const;
  FieldElement field(const pb::FieldDescriptor& field) const;
  GroupElement group(const pb::FieldDescriptor& field) const;
  MessageElement message(const pb::Descriptor& message) const;
  EnumElement enumeration(const pb::EnumDescriptor& element) const;
  ServiceElement service(const pb::ServiceDescriptor& element) const;
  void members(const pb::Descriptor& message, MessageElement& element) const;
  template <typename Scope, typename Element>
  void nested(const Scope& scope, Element& element) const;
  void imports(FileElement& element) const;

  const pb::FileDescriptor& file_;
};

std::string full_name(const std::string& name) { return "." + name; }

std::string type_name(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return full_name(field.message_type()->full_name());
  if (field.enum_type() != nullptr) return full_name(field.enum_type()->full_name());
  return field.type_name();
}

std::string Writer::label(const pb::FieldDescriptor& field) const {
  if (field.real_containing_oneof() != nullptr) return {};
  if (field.is_required()) return "required";
  if (field.is_repeated()) return "repeated";
  return !proto3() || field.has_optional_keyword() ? "optional" : "";
}

OptionValue default_of(const pb::FieldDescriptor& field) {
  using Kind = OptionValue::Kind;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return {.kind = Kind::text, .text = field.default_value_string()};
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return {.text = field.default_value_bool() ? "true" : "false"};
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return {.text = field.default_value_enum()->name()};
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT: {
      pb::FieldDescriptorProto proto;
      field.CopyTo(&proto);
      const bool digits = proto.default_value().find_first_of("0123456789") != std::string::npos;
      return {.kind = digits ? Kind::number : Kind::word, .text = proto.default_value()};
    }
    default: {
      pb::FieldDescriptorProto proto;
      field.CopyTo(&proto);
      return {.kind = Kind::number, .text = proto.default_value()};
    }
  }
}

FieldElement Writer::field(const pb::FieldDescriptor& field) const {
  FieldElement element{label(field), type_name(field), field.name(), field.number(), options(field)};
  if (field.has_default_value()) element.default_value = default_of(field);
  if (field.has_json_name()) element.json_name = field.json_name();
  return element;
}

GroupElement Writer::group(const pb::FieldDescriptor& field) const {
  return {label(field), field.number(), options(field), message(*field.message_type())};
}

bool is_group(const pb::FieldDescriptor& field) { return field.type() == pb::FieldDescriptor::TYPE_GROUP; }

RangesElement range(int first, int last, int max) {
  return {{{.first = first, .last = last == max ? INT_MAX : last, .written_as_range = first != last}}};
}

void Writer::members(const pb::Descriptor& message, MessageElement& element) const {
  std::map<const pb::OneofDescriptor*, OneofElement*> oneofs;
  element.oneofs.reserve(static_cast<std::size_t>(message.real_oneof_decl_count()));
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    const auto& oneof = *message.oneof_decl(i);
    auto& added = element.oneofs.emplace_back();
    added.name = oneof.name();
    added.options = options(oneof);
    oneofs[&oneof] = &added;
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const auto& found = *message.field(i);
    const auto oneof = oneofs.find(found.real_containing_oneof());
    auto& fields = oneof == oneofs.end() ? element.fields : oneof->second->fields;
    auto& groups = oneof == oneofs.end() ? element.groups : oneof->second->groups;
    if (is_group(found)) {
      groups.push_back(group(found));
    } else {
      fields.push_back(field(found));
    }
  }
}

// Extensions, messages and enums of a file or a message. A group's message stands in the group.
template <typename Scope, typename Element>
void Writer::nested(const Scope& scope, Element& element) const {
  std::map<std::string, std::size_t> extends;
  std::set<const pb::Descriptor*> groups;
  for (int i = 0; i < scope.extension_count(); ++i) {
    const auto& extension = *scope.extension(i);
    const auto extendee = full_name(extension.containing_type()->full_name());
    const auto [found, added] = extends.emplace(extendee, element.extends.size());
    if (added) element.extends.emplace_back().extendee = extendee;
    if (is_group(extension)) {
      groups.insert(extension.message_type());
      element.extends[found->second].groups.push_back(group(extension));
    } else {
      element.extends[found->second].fields.push_back(field(extension));
    }
  }
  if constexpr (std::is_same_v<Scope, pb::Descriptor>) {
    for (int i = 0; i < scope.field_count(); ++i) {
      if (is_group(*scope.field(i))) groups.insert(scope.field(i)->message_type());
    }
    for (int i = 0; i < scope.nested_type_count(); ++i) {
      if (!groups.contains(scope.nested_type(i))) element.messages.push_back(message(*scope.nested_type(i)));
    }
  } else {
    for (int i = 0; i < scope.message_type_count(); ++i) {
      if (!groups.contains(scope.message_type(i))) element.messages.push_back(message(*scope.message_type(i)));
    }
  }
  for (int i = 0; i < scope.enum_type_count(); ++i) element.enums.push_back(enumeration(*scope.enum_type(i)));
}

MessageElement Writer::message(const pb::Descriptor& message) const {
  MessageElement element;
  element.name = message.name();
  element.options = options(message);
  for (int i = 0; i < message.reserved_range_count(); ++i) {
    element.reserved.push_back(
        range(message.reserved_range(i)->start, message.reserved_range(i)->end - 1, pb::FieldDescriptor::kMaxNumber));
  }
  for (int i = 0; i < message.reserved_name_count(); ++i)
    element.reserved.push_back({{{.name = message.reserved_name(i)}}});
  for (int i = 0; i < message.extension_range_count(); ++i) {
    const auto& found = *message.extension_range(i);
    auto& added = element.extensions.emplace_back(range(found.start, found.end - 1, pb::FieldDescriptor::kMaxNumber));
    if (found.options_ != nullptr) added.options = options_of(*found.options_, *file_.pool());
  }
  members(message, element);
  nested(message, element);
  return element;
}

EnumElement Writer::enumeration(const pb::EnumDescriptor& element) const {
  EnumElement result{.name = element.name(), .options = options(element)};
  for (int i = 0; i < element.reserved_range_count(); ++i) {
    result.reserved.push_back(range(element.reserved_range(i)->start, element.reserved_range(i)->end, INT_MAX));
  }
  for (int i = 0; i < element.reserved_name_count(); ++i)
    result.reserved.push_back({{{.name = element.reserved_name(i)}}});
  for (int i = 0; i < element.value_count(); ++i) {
    const auto& value = *element.value(i);
    result.values.push_back({value.name(), value.number(), options(value)});
  }
  return result;
}

ServiceElement Writer::service(const pb::ServiceDescriptor& element) const {
  ServiceElement result{.name = element.name(), .options = options(element)};
  for (int i = 0; i < element.method_count(); ++i) {
    const auto& method = *element.method(i);
    result.rpcs.push_back({method.name(), full_name(method.input_type()->full_name()),
                           full_name(method.output_type()->full_name()), method.client_streaming(),
                           method.server_streaming(), options(method)});
  }
  return result;
}

void Writer::imports(FileElement& element) const {
  std::set<const pb::FileDescriptor*> others;
  for (int i = 0; i < file_.public_dependency_count(); ++i) {
    others.insert(file_.public_dependency(i));
    element.public_imports.push_back(file_.public_dependency(i)->name());
  }
  for (int i = 0; i < file_.weak_dependency_count(); ++i) {
    others.insert(file_.weak_dependency(i));
    element.weak_imports.push_back(file_.weak_dependency(i)->name());
  }
  for (int i = 0; i < file_.dependency_count(); ++i) {
    if (!others.contains(file_.dependency(i))) element.imports.push_back(file_.dependency(i)->name());
  }
}

FileElement Writer::file() const {
  FileElement element{.syntax = proto3() ? "proto3" : "", .package = file_.package(), .options = options(file_)};
  imports(element);
  nested(file_, element);
  for (int i = 0; i < file_.service_count(); ++i) element.services.push_back(service(*file_.service(i)));
  return element;
}

}  // namespace

FileElement elements_of(const pb::FileDescriptor& file) { return Writer(file).file(); }

}  // namespace sluice::protobuf
