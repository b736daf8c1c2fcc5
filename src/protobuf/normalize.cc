#include "protobuf/normalize.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "protobuf/normalize_options.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

class Normalizer {
 public:
  explicit Normalizer(const pb::FileDescriptor& file) : file_(file) {}
  void file(FileElement& element) const;

 private:
  void options(Options& options, const std::string& scope) const { normalize(options, *file_.pool(), scope); }
  void field(FieldElement& element, const pb::FieldDescriptor& field, const std::string& scope) const;
  void fields(std::vector<FieldElement>& elements, const pb::Descriptor& message) const;
  void groups(std::vector<GroupElement>& elements, const pb::Descriptor& message) const;
  void group(GroupElement& element, const pb::FieldDescriptor& field, const std::string& scope) const;
  void oneofs(MessageElement& element, const pb::Descriptor& message) const;
  void message(MessageElement& element, const pb::Descriptor& message) const;
  void enumeration(EnumElement& element, const pb::EnumDescriptor& descriptor) const;
  void service(ServiceElement& element, const pb::ServiceDescriptor& descriptor) const;
  template <typename Scope>
  void extends(std::vector<ExtendElement>& elements, const Scope& scope, const std::string& name) const;

  const pb::FileDescriptor& file_;
};

std::string full_name(const std::string& name) { return "." + name; }

// "int32", ".a.B"
std::string type_of(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return full_name(field.message_type()->full_name());
  if (field.enum_type() != nullptr) return full_name(field.enum_type()->full_name());
  return field.type_name();
}

// One value a statement, by number, then names.
void split(std::vector<RangesElement>& elements) {
  std::vector<RangesElement> single;
  for (auto& element : elements) {
    for (auto& range : element.values) {
      range.written_as_range = range.first != range.last;
      single.push_back({{std::move(range)}, element.options});
    }
  }
  std::ranges::stable_sort(single, {}, [](const RangesElement& element) {
    const auto& range = element.values.front();
    return std::tuple(!range.name.empty(), range.first, std::string_view(range.name));
  });
  elements = std::move(single);
}

void Normalizer::field(FieldElement& element, const pb::FieldDescriptor& field, const std::string& scope) const {
  if (field.is_map()) {
    const auto* entry = field.message_type();
    element.type = "map<" + type_of(*entry->map_key()) + ", " + type_of(*entry->map_value()) + ">";
    element.label.clear();
  } else {
    element.type = type_of(field);
  }
  // `default` and `json_name` are sorted among the options.
  if (element.default_value) element.options.push_back({.name = "default", .value = std::move(*element.default_value)});
  if (element.json_name) {
    element.options.push_back(
        {.name = "json_name", .value = {.kind = OptionValue::Kind::text, .text = *element.json_name}});
  }
  element.default_value.reset();
  element.json_name.reset();
  options(element.options, scope);
}

void Normalizer::fields(std::vector<FieldElement>& elements, const pb::Descriptor& message) const {
  for (auto& element : elements) {
    if (const auto* found = message.FindFieldByNumber(element.number); found != nullptr)
      field(element, *found, found->full_name());
  }
  std::ranges::stable_sort(elements, {}, &FieldElement::number);
}

void Normalizer::group(GroupElement& element, const pb::FieldDescriptor& field, const std::string& scope) const {
  options(element.options, scope);
  if (field.message_type() != nullptr) message(element.body, *field.message_type());
}

void Normalizer::groups(std::vector<GroupElement>& elements, const pb::Descriptor& message) const {
  for (auto& element : elements) {
    if (const auto* found = message.FindFieldByNumber(element.number); found != nullptr)
      group(element, *found, found->full_name());
  }
  std::ranges::stable_sort(elements, {}, &GroupElement::number);
}

void Normalizer::oneofs(MessageElement& element, const pb::Descriptor& message) const {
  for (auto& oneof : element.oneofs) {
    options(oneof.options, message.full_name() + "." + oneof.name);
    fields(oneof.fields, message);
    groups(oneof.groups, message);
  }
  std::ranges::stable_sort(element.oneofs, {}, [](const OneofElement& oneof) {
    return oneof.fields.empty() ? oneof.groups.empty() ? 0 : oneof.groups.front().number : oneof.fields.front().number;
  });
}

void Normalizer::message(MessageElement& element, const pb::Descriptor& descriptor) const {
  split(element.reserved);
  options(element.options, descriptor.full_name());
  fields(element.fields, descriptor);
  oneofs(element, descriptor);
  groups(element.groups, descriptor);
  split(element.extensions);
  for (auto& ranges : element.extensions) options(ranges.options, descriptor.full_name());
  extends(element.extends, descriptor, descriptor.full_name());
  std::erase_if(element.messages, [&](MessageElement& nested) {
    const auto* found = descriptor.FindNestedTypeByName(nested.name);
    if (found == nullptr || found->options().map_entry()) return true;
    message(nested, *found);
    return false;
  });
  for (auto& nested : element.enums) {
    if (const auto* found = descriptor.FindEnumTypeByName(nested.name); found != nullptr) enumeration(nested, *found);
  }
}

void Normalizer::enumeration(EnumElement& element, const pb::EnumDescriptor& descriptor) const {
  split(element.reserved);
  options(element.options, descriptor.full_name());
  // Values are named beside their enum, not in it.
  for (auto& value : element.values) options(value.options, descriptor.full_name());
  // The first value is the default: in proto2 it stays where it is, in proto3 it is zero.
  const bool proto3 = file_.syntax() == pb::FileDescriptor::SYNTAX_PROTO3;
  const std::string first = proto3 || element.values.empty() ? "" : element.values.front().name;
  std::ranges::stable_sort(element.values, {}, [&](const EnumValueElement& value) {
    const bool leads = proto3 ? value.number == 0 : value.name == first;
    return std::tuple(!leads, value.number, std::string_view(value.name));
  });
}

// One block for each message that is extended, by first mention. Extensions stand in the descriptor in the order of the
// text.
template <typename Scope>
void Normalizer::extends(std::vector<ExtendElement>& elements, const Scope& scope, const std::string& name) const {
  std::map<std::string, const pb::FieldDescriptor*> declared;
  for (int i = 0; i < scope.extension_count(); ++i) declared[scope.extension(i)->name()] = scope.extension(i);
  std::vector<ExtendElement> merged;
  const auto block = [&](const pb::FieldDescriptor& field) -> ExtendElement& {
    const auto extendee = full_name(field.containing_type()->full_name());
    const auto found = std::ranges::find(merged, extendee, &ExtendElement::extendee);
    if (found != merged.end()) return *found;
    auto& added = merged.emplace_back();
    added.extendee = extendee;
    return added;
  };
  for (auto& element : elements) {
    for (auto& extension : element.fields) {
      const auto found = declared.find(extension.name);
      if (found == declared.end()) continue;
      field(extension, *found->second, name);
      block(*found->second).fields.push_back(std::move(extension));
    }
    for (auto& extension : element.groups) {
      auto lower = extension.body.name;
      for (auto& letter : lower) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
      const auto found = declared.find(lower);
      if (found == declared.end()) continue;
      group(extension, *found->second, name);
      block(*found->second).groups.push_back(std::move(extension));
    }
  }
  for (auto& element : merged) {
    std::ranges::stable_sort(element.fields, {}, &FieldElement::number);
    std::ranges::stable_sort(element.groups, {}, &GroupElement::number);
  }
  elements = std::move(merged);
}

void Normalizer::service(ServiceElement& element, const pb::ServiceDescriptor& descriptor) const {
  options(element.options, descriptor.full_name());
  for (auto& rpc : element.rpcs) {
    const auto* method = descriptor.FindMethodByName(rpc.name);
    if (method == nullptr) continue;
    rpc.request = full_name(method->input_type()->full_name());
    rpc.response = full_name(method->output_type()->full_name());
    options(rpc.options, method->full_name());
  }
}

void sort_distinct(std::vector<std::string>& paths) {
  std::ranges::sort(paths);
  const auto repeated = std::ranges::unique(paths);
  paths.erase(repeated.begin(), repeated.end());
}

void Normalizer::file(FileElement& element) const {
  if (element.syntax == "proto2") element.syntax.clear();
  sort_distinct(element.imports);
  sort_distinct(element.public_imports);
  sort_distinct(element.weak_imports);
  options(element.options, file_.package());
  for (auto& nested : element.messages) {
    if (const auto* found = file_.FindMessageTypeByName(nested.name); found != nullptr) message(nested, *found);
  }
  for (auto& nested : element.enums) {
    if (const auto* found = file_.FindEnumTypeByName(nested.name); found != nullptr) enumeration(nested, *found);
  }
  extends(element.extends, file_, file_.package());
  for (auto& nested : element.services) {
    if (const auto* found = file_.FindServiceByName(nested.name); found != nullptr) service(nested, *found);
  }
}

}  // namespace

void normalize(FileElement& element, const pb::FileDescriptor& file) { Normalizer(file).file(element); }

}  // namespace sluice::protobuf
