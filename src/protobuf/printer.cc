// The layout, as the registry's clients see it:
//   1. `syntax` and `package` on the first lines, then paragraphs: imports (public, then weak ones after the others),
//   options,
//      messages and enums, extensions, services. An absent `syntax` leaves nothing, so the text may begin with a blank
//      line.
//   2. A block is its head and "{", then its parts, each after a line break of its own: reserved, options, fields,
//   oneofs,
//      groups, extensions, extends, nested messages and enums. So the first part begins on the next line and the others
//      after a blank line, which is indented as well. An empty block is "{}".
//   3. One option stands in brackets on the line; several stand one a line.

#include "protobuf/printer.h"

#include <array>
#include <climits>

#include "protobuf/quote.h"

namespace sluice::protobuf {
namespace {

// Every line of `block`, two spaces further right.
void indent(std::string& out, std::string_view block) {
  while (!block.empty()) {
    const auto end = block.find('\n');
    out.append("  ").append(block.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    block.remove_prefix(end + 1);
  }
}

std::string print_value(const OptionValue& value) {
  using Kind = OptionValue::Kind;
  if (value.kind == Kind::text) return quote(value.text);
  if (value.kind == Kind::number || value.kind == Kind::word) return value.text;
  const bool map = value.kind == Kind::map;
  std::string out = map ? "{\n" : "[\n";
  const auto count = map ? value.members.size() : value.items.size();
  for (std::size_t i = 0; i < count; ++i) {
    auto line =
        map ? value.members[i].first + ": " + print_value(value.members[i].second) : print_value(value.items[i]);
    if (i + 1 < count) line += ",";
    indent(out, line);
  }
  return out + (map ? "}" : "]");
}

std::string print_option(const OptionElement& option) {
  auto out = option.custom ? "(" + option.name + ")" : option.name;
  for (const auto& part : option.path) out += "." + part;
  return out + " = " + print_value(option.value);
}

std::string bracketed(const Options& options) {
  if (options.empty()) return {};
  if (options.size() == 1) return " [" + print_option(options.front()) + "]";
  std::string out = " [\n";
  for (const auto& option : options) indent(out, print_option(option) + (&option == &options.back() ? "" : ","));
  return out + "]";
}

std::string statements(const Options& options) {
  std::string out;
  for (const auto& option : options) out += "option " + print_option(option) + ";\n";
  return out;
}

template <typename Elements, typename Print>
std::string joined(const Elements& elements, Print print) {
  std::string out;
  for (const auto& element : elements) out += print(element);
  return out;
}

// head {parts}
std::string block(std::string head, std::initializer_list<std::string> parts) {
  head += " {";
  for (const auto& part : parts) {
    if (part.empty()) continue;
    head += "\n";
    indent(head, part);
  }
  return head + "}\n";
}

std::string ranges(std::string_view keyword, const RangesElement& element) {
  std::string out(keyword);
  for (const auto& range : element.values) {
    out += &range == &element.values.front() ? " " : ", ";
    if (!range.name.empty()) {
      out += quote(range.name);
    } else {
      out += std::to_string(range.first);
      if (range.written_as_range) out += " to " + (range.last == INT_MAX ? "max" : std::to_string(range.last));
    }
  }
  return out + bracketed(element.options) + ";\n";
}

std::string reserved(const std::vector<RangesElement>& elements) {
  return joined(elements, [](const auto& element) { return ranges("reserved", element); });
}

std::string print_field(const FieldElement& field) {
  auto options = field.options;
  if (field.default_value) options.push_back({.name = "default", .value = *field.default_value});
  if (field.json_name) {
    options.push_back({.name = "json_name", .value = {.kind = OptionValue::Kind::text, .text = *field.json_name}});
  }
  return (field.label.empty() ? "" : field.label + " ") + field.type + " " + field.name + " = " +
         std::to_string(field.number) + bracketed(options) + ";\n";
}

std::string print_group(const GroupElement& group);

std::string print_oneof(const OneofElement& oneof) {
  return block("oneof " + oneof.name,
               {statements(oneof.options), joined(oneof.fields, print_field), joined(oneof.groups, print_group)});
}

std::string print_extend(const ExtendElement& extend) {
  return block("extend " + extend.extendee, {joined(extend.fields, print_field), joined(extend.groups, print_group)});
}

std::string print_enum(const EnumElement& element) {
  const auto values = joined(element.values, [](const EnumValueElement& value) {
    return value.name + " = " + std::to_string(value.number) + bracketed(value.options) + ";\n";
  });
  return block("enum " + element.name, {reserved(element.reserved) + statements(element.options) + values});
}

std::string print_body(std::string head, const MessageElement& message);

std::string print_message(const MessageElement& message) { return print_body("message " + message.name, message); }

std::string print_body(std::string head, const MessageElement& message) {
  return block(std::move(head),
               {reserved(message.reserved), statements(message.options), joined(message.fields, print_field),
                joined(message.oneofs, print_oneof), joined(message.groups, print_group),
                joined(message.extensions, [](const auto& element) { return ranges("extensions", element); }),
                joined(message.extends, print_extend),
                joined(message.messages, print_message) + joined(message.enums, print_enum)});
}

std::string print_group(const GroupElement& group) {
  return print_body((group.label.empty() ? "" : group.label + " ") + "group " + group.body.name + " = " +
                        std::to_string(group.number) + bracketed(group.options),
                    group.body);
}

std::string print_rpc(const RpcElement& rpc) {
  auto out = "rpc " + rpc.name + " (" + (rpc.request_stream ? "stream " : "") + rpc.request + ") returns (" +
             (rpc.response_stream ? "stream " : "") + rpc.response + ")";
  if (!rpc.options.empty()) {
    out += " {\n";
    indent(out, statements(rpc.options));
    out += "}";
  }
  return out + ";\n";
}

std::string print_service(const ServiceElement& service) {
  return block("service " + service.name, {statements(service.options), joined(service.rpcs, print_rpc)});
}

std::string imports(std::string_view keyword, const std::vector<std::string>& paths) {
  return joined(paths, [&](const std::string& path) { return std::string(keyword) + quote(path) + ";\n"; });
}

}  // namespace

std::string print(const FileElement& file) {
  std::string out;
  if (!file.syntax.empty()) out += "syntax = " + quote(file.syntax) + ";\n";
  if (!file.package.empty()) out += "package " + file.package + ";\n";
  const std::array paragraphs{imports("import ", file.imports) + imports("import public ", file.public_imports) +
                                  imports("import weak ", file.weak_imports),
                              statements(file.options),
                              joined(file.messages, print_message) + joined(file.enums, print_enum),
                              joined(file.extends, print_extend), joined(file.services, print_service)};
  for (const auto& paragraph : paragraphs) {
    if (!paragraph.empty()) out += "\n" + paragraph;
  }
  return out;
}

}  // namespace sluice::protobuf
