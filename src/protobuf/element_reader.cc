#include "protobuf/element_reader.h"

#include <climits>

#include "protobuf/option_reader.h"
#include "protobuf/tokens.h"

namespace sluice::protobuf {
namespace {

constexpr int kMaxFieldNumber = (1 << 29) - 1;

class Reader {
 public:
  explicit Reader(std::string_view text) : tokens_(text) {}
  bool file(FileElement& file);

 private:
  bool import(FileElement& file);
  bool option(Options& options);
  bool ranges(std::vector<RangesElement>& all, int max);
  bool field(std::vector<FieldElement>& fields, std::vector<GroupElement>& groups);
  bool group(std::vector<GroupElement>& groups, std::string label);
  bool message_body(MessageElement& message);
  bool message_statement(MessageElement& message);
  bool oneof(OneofElement& oneof);
  bool enumeration(EnumElement& element);
  bool extend(ExtendElement& element);
  bool service(ServiceElement& element);
  bool rpc(RpcElement& element);
  std::string type();

  // Is the current word this keyword? At a place where a field may stand as well, `optional` fields make it none.
  bool keyword(std::string_view word) { return tokens_.kind() == Tokens::Kind::word && tokens_.take(word); }
  bool end() { return tokens_.take(";"); }

  Tokens tokens_;
};

// a.b.C, .a.b.C or map<K, V>
std::string Reader::type() {
  std::string name;
  if (tokens_.take(".")) name = ".";
  name += tokens_.word();
  if (name == "map" && tokens_.take("<")) {
    name += "<" + type();
    tokens_.take(",");
    name += ", " + type() + ">";
    tokens_.take(">");
    return name;
  }
  while (tokens_.take(".")) name += "." + tokens_.word();
  return name;
}

bool Reader::option(Options& options) { return read_option(tokens_, options.emplace_back()) && end(); }

bool Reader::ranges(std::vector<RangesElement>& all, int max) {
  auto& element = all.emplace_back();
  do {
    auto& range = element.values.emplace_back();
    if (tokens_.kind() == Tokens::Kind::text) {
      range.name = tokens_.string();
      continue;
    }
    range.first = range.last = tokens_.integer();
    if (!tokens_.take("to")) continue;
    range.written_as_range = true;
    range.last = tokens_.take("max") ? INT_MAX : tokens_.integer();
    if (range.last == max) range.last = INT_MAX;
  } while (tokens_.take(","));
  return read_bracketed_options(tokens_, element.options) && end();
}

bool Reader::field(std::vector<FieldElement>& fields, std::vector<GroupElement>& groups) {
  FieldElement field;
  // As in Google's parser a label is a label wherever it begins a field.
  if (tokens_.at("optional") || tokens_.at("required") || tokens_.at("repeated")) field.label = tokens_.word();
  field.type = type();
  if (field.type == "group") return group(groups, std::move(field.label));
  field.name = tokens_.word();
  if (!tokens_.take("=")) return false;
  field.number = tokens_.integer();
  Options options;
  if (!read_bracketed_options(tokens_, options)) return false;
  for (auto& option : options) {
    const bool plain = !option.custom && option.path.empty();
    if (plain && option.name == "default") {
      field.default_value = std::move(option.value);
    } else if (plain && option.name == "json_name") {
      field.json_name = std::move(option.value.text);
    } else {
      field.options.push_back(std::move(option));
    }
  }
  fields.push_back(std::move(field));
  return end();
}

bool Reader::group(std::vector<GroupElement>& groups, std::string label) {
  auto& group = groups.emplace_back();
  group.label = std::move(label);
  group.body.name = tokens_.word();
  if (!tokens_.take("=")) return false;
  group.number = tokens_.integer();
  return read_bracketed_options(tokens_, group.options) && message_body(group.body);
}

bool Reader::oneof(OneofElement& oneof) {
  oneof.name = tokens_.word();
  if (!tokens_.take("{")) return false;
  while (!tokens_.take("}")) {
    if (!(keyword("option") ? option(oneof.options) : field(oneof.fields, oneof.groups))) return false;
  }
  return true;
}

bool Reader::extend(ExtendElement& element) {
  element.extendee = type();
  if (!tokens_.take("{")) return false;
  while (!tokens_.take("}")) {
    if (!end() && !field(element.fields, element.groups)) return false;
  }
  return true;
}

bool Reader::message_statement(MessageElement& message) {
  if (end()) return true;
  if (keyword("message")) {
    auto& nested = message.messages.emplace_back();
    nested.name = tokens_.word();
    return message_body(nested);
  }
  if (keyword("enum")) return enumeration(message.enums.emplace_back());
  if (keyword("extensions")) return ranges(message.extensions, kMaxFieldNumber);
  if (keyword("reserved")) return ranges(message.reserved, kMaxFieldNumber);
  if (keyword("extend")) return extend(message.extends.emplace_back());
  if (keyword("option")) return option(message.options);
  if (keyword("oneof")) return oneof(message.oneofs.emplace_back());
  return field(message.fields, message.groups);
}

bool Reader::message_body(MessageElement& message) {
  if (!tokens_.take("{")) return false;
  while (!tokens_.take("}")) {
    if (tokens_.kind() == Tokens::Kind::end || !message_statement(message)) return false;
  }
  return true;
}

bool Reader::enumeration(EnumElement& element) {
  element.name = tokens_.word();
  if (!tokens_.take("{")) return false;
  while (!tokens_.take("}")) {
    if (end()) continue;
    if (keyword("option")) {
      if (!option(element.options)) return false;
    } else if (keyword("reserved")) {
      if (!ranges(element.reserved, INT_MAX)) return false;
    } else {
      auto& value = element.values.emplace_back();
      value.name = tokens_.word();
      if (!tokens_.take("=")) return false;
      value.number = tokens_.integer();
      if (!read_bracketed_options(tokens_, value.options) || !end()) return false;
    }
  }
  return true;
}

bool Reader::rpc(RpcElement& element) {
  element.name = tokens_.word();
  if (!tokens_.take("(")) return false;
  element.request_stream = tokens_.take("stream");
  element.request = type();
  if (!tokens_.take(")") || !tokens_.take("returns") || !tokens_.take("(")) return false;
  element.response_stream = tokens_.take("stream");
  element.response = type();
  if (!tokens_.take(")")) return false;
  if (!tokens_.take("{")) return end();
  while (!tokens_.take("}")) {
    if (!end() && !(keyword("option") && option(element.options))) return false;
  }
  return true;
}

bool Reader::service(ServiceElement& element) {
  element.name = tokens_.word();
  if (!tokens_.take("{")) return false;
  while (!tokens_.take("}")) {
    if (end()) continue;
    if (!(keyword("option") ? option(element.options) : keyword("rpc") && rpc(element.rpcs.emplace_back())))
      return false;
  }
  return true;
}

bool Reader::import(FileElement& file) {
  auto& list = tokens_.take("public") ? file.public_imports : tokens_.take("weak") ? file.weak_imports : file.imports;
  list.push_back(tokens_.string());
  return end();
}

bool Reader::file(FileElement& file) {
  if (keyword("syntax")) {
    if (!tokens_.take("=")) return false;
    file.syntax = tokens_.string();
    if (!end()) return false;
  }
  while (tokens_.kind() != Tokens::Kind::end) {
    bool ok = true;
    if (keyword("package")) {
      file.package = type();
      ok = end();
    } else if (keyword("import")) {
      ok = import(file);
    } else if (keyword("option")) {
      ok = option(file.options);
    } else if (keyword("message")) {
      auto& message = file.messages.emplace_back();
      message.name = tokens_.word();
      ok = message_body(message);
    } else if (keyword("enum")) {
      ok = enumeration(file.enums.emplace_back());
    } else if (keyword("extend")) {
      ok = extend(file.extends.emplace_back());
    } else if (keyword("service")) {
      ok = service(file.services.emplace_back());
    } else {
      ok = end();
    }
    if (!ok) return false;
  }
  return true;
}

}  // namespace

std::optional<FileElement> read_elements(std::string_view text) {
  FileElement file;
  if (!Reader(text).file(file)) return std::nullopt;
  return file;
}

}  // namespace sluice::protobuf
