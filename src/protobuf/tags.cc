#include "protobuf/tags.h"

#include <algorithm>

#include "protobuf/element_reader.h"
#include "protobuf/printer.h"

namespace sluice::protobuf {
namespace {

constexpr std::string_view kImport = "confluent/meta.proto";
constexpr std::string_view kMessageOption = "confluent.message_meta";
constexpr std::string_view kFieldOption = "confluent.field_meta";

using Kind = OptionValue::Kind;

bool is_named(const OptionElement& option, std::string_view name) {
  return option.custom && (option.name == name || (option.name.starts_with('.') && option.name.substr(1) == name));
}

bool is_tags_path(const OptionElement& option) { return option.path.size() == 1 && option.path.front() == "tags"; }

auto tags_member(OptionValue& value) {
  return std::ranges::find(value.members, "tags", [](const auto& member) { return member.first; });
}

void add_texts(const OptionValue& value, std::vector<std::string>& texts) {
  if (value.kind == Kind::text) texts.push_back(value.text);
  for (const auto& item : value.items) add_texts(item, texts);
}

// Takes the tags out of the options.
std::vector<std::string> take_tags(Options& options, std::string_view name) {
  std::vector<std::string> tags;
  std::erase_if(options, [&](OptionElement& option) {
    if (!is_named(option, name)) return false;
    if (is_tags_path(option)) return add_texts(option.value, tags), true;
    const auto member = option.path.empty() ? tags_member(option.value) : option.value.members.end();
    if (member == option.value.members.end()) return false;
    add_texts(member->second, tags);
    option.value.members.erase(member);
    return option.value.members.empty();
  });
  return tags;
}

// In the form that the option has already: one of its forms excludes the other.
void put_tags(Options& options, std::string_view name, const std::vector<std::string>& tags) {
  if (tags.empty()) return;
  OptionValue list{.kind = Kind::list};
  for (const auto& tag : tags) list.items.push_back({.kind = Kind::text, .text = tag});
  const auto present = std::ranges::find_if(options, [&](const auto& option) { return is_named(option, name); });
  if (present != options.end() && !present->path.empty()) {
    for (auto& item : list.items) options.push_back({std::string(name), true, {"tags"}, std::move(item)});
    return;
  }
  auto& option = present != options.end() ? *present : options.emplace_back(OptionElement{std::string(name), true});
  option.value.kind = Kind::map;
  option.value.members.emplace_back("tags", std::move(list));
}

void note(const Options& options, std::string_view name, std::string path, std::vector<Tagged>& found) {
  auto copy = options;
  auto tags = take_tags(copy, name);
  if (!tags.empty()) found.push_back({std::move(path), name == kFieldOption, std::move(tags)});
}

void collect(const MessageElement& message, const std::string& path, std::vector<Tagged>& found) {
  note(message.options, kMessageOption, path, found);
  for (const auto& field : message.fields) note(field.options, kFieldOption, path + "." + field.name, found);
  for (const auto& oneof : message.oneofs) {
    for (const auto& field : oneof.fields) note(field.options, kFieldOption, path + "." + field.name, found);
  }
  for (const auto& nested : message.messages) collect(nested, path + "." + nested.name, found);
}

template <typename Elements>
auto* by_name(Elements& elements, std::string_view name) {
  const auto found =
      std::ranges::find(elements, name, [](const auto& element) { return std::string_view(element.name); });
  return found == elements.end() ? nullptr : &*found;
}

Options* find_field(MessageElement& message, std::string_view path) {
  const auto dot = path.find('.');
  if (auto* field = by_name(message.fields, path); field != nullptr) return &field->options;
  for (auto& oneof : message.oneofs) {
    const auto name = dot != std::string_view::npos && oneof.name == path.substr(0, dot) ? path.substr(dot + 1) : path;
    if (auto* field = by_name(oneof.fields, name); field != nullptr) return &field->options;
  }
  return nullptr;
}

Options* find(std::vector<MessageElement>& messages, std::string_view path, bool is_field) {
  const auto dot = std::min(path.find('.'), path.size());
  auto* message = by_name(messages, path.substr(0, dot));
  if (message == nullptr) return nullptr;
  if (dot == path.size()) return is_field ? nullptr : &message->options;
  const auto rest = path.substr(dot + 1);
  if (auto* nested = find(message->messages, rest, is_field); nested != nullptr) return nested;
  return is_field ? find_field(*message, rest) : nullptr;
}

Result<void> change(FileElement& file, const Tagged& entity, bool add) {
  std::string_view path = entity.path;
  if (path.starts_with('.')) path.remove_prefix(1);
  auto* options = find(file.messages, path, entity.is_field);
  const auto package = file.package + ".";
  if (options == nullptr && path.starts_with(package)) {
    options = find(file.messages, path.substr(package.size()), entity.is_field);
  }
  if (options == nullptr) {
    return Error{ErrorCode::rejected, "No matching path '" + entity.path + "' found in the schema"};
  }
  const auto name = entity.is_field ? kFieldOption : kMessageOption;
  auto tags = take_tags(*options, name);
  for (const auto& tag : entity.tags) {
    if (!add) std::erase(tags, tag);
    if (add && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  put_tags(*options, name, tags);
  return {};
}

FileElement elements_of(const Schema& schema) { return read_elements(schema.text()).value(); }

}  // namespace

std::vector<Tagged> tags_of(const Schema& schema) {
  std::vector<Tagged> found;
  const auto file = elements_of(schema);
  for (const auto& message : file.messages) collect(message, message.name, found);
  return found;
}

Result<std::string> with_tags(const Schema& schema, std::span<const Tagged> add, std::span<const Tagged> remove) {
  auto file = elements_of(schema);
  for (const auto& entity : add) SLUICE_RETURN_IF_ERROR(change(file, entity, true));
  for (const auto& entity : remove) SLUICE_RETURN_IF_ERROR(change(file, entity, false));
  const auto imports = [&](const auto& paths) { return std::ranges::find(paths, kImport) != paths.end(); };
  if (!add.empty() && !imports(file.imports) && !imports(file.public_imports)) file.imports.emplace_back(kImport);
  return print(file);
}

}  // namespace sluice::protobuf
