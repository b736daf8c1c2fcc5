// Random schemas: a budget of statements is spent over nested messages, each place drawing what it may hold.

#include <array>
#include <set>

#include "protobuf/protobuf_testing.h"

namespace sluice::protobuf {
namespace {

class Writer {
 public:
  explicit Writer(std::mt19937_64& random) : random_(random), proto3_(chance(2)) {}
  std::string file();

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t of) { return below(of) == 0; }
  template <std::size_t kSize>
  std::string one_of(const std::array<const char*, kSize>& list) {
    return list[below(kSize)];
  }
  std::string fresh(const char* stem) { return stem + std::to_string(++names_); }
  std::string scalar() {
    return one_of(std::array{"int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
                             "sfixed64", "bool", "string", "bytes", "float", "double"});
  }
  std::string string() {
    std::string text = "\"";
    for (auto length = below(6); length > 0; --length)
      text += one_of(std::array{"a", "\\n", "\\\"", "'", "é", "\\x01", "\\\\", "//"});
    return text + "\"";
  }
  std::string type() {
    return messages_.empty() || chance(2) ? scalar() : chance(4) ? "google.protobuf.Timestamp" : named();
  }
  std::string named() { return (chance(2) ? "." + package_ : "") + messages_[below(messages_.size())]; }
  std::string label() {
    if (chance(3)) return "repeated ";
    return proto3_ ? chance(4) ? "optional " : "" : chance(6) ? "required " : "optional ";
  }
  std::string default_of(const std::string& type);
  std::string options(const std::string& type, bool repeated);
  std::string field(bool in_oneof);
  std::string message(const std::string& path, int depth);
  std::string member(const std::string& path, int depth);
  std::string enumeration();
  std::string service();

  std::mt19937_64& random_;
  bool proto3_;
  int names_ = 0;
  int number_ = 0;
  std::string package_;
  std::vector<std::string> messages_;  // by their path in the package
};

std::string Writer::default_of(const std::string& type) {
  if (type == "bytes") return string() + " '\\377\\000'";
  if (type == "string") return string();
  if (type == "bool") return one_of(std::array{"true", "false"});
  if (type == "float" || type == "double") return one_of(std::array{"1.50", "-2e3", "inf", "-inf", "nan", "7"});
  if (type.starts_with("u") || type.starts_with("fixed")) return one_of(std::array{"0x10", "7", "010"});
  return type.find("int") != std::string::npos || type.starts_with("sfixed") ? one_of(std::array{"-1", "0x7F", "12"})
                                                                             : "";
}

std::string Writer::options(const std::string& type, bool repeated) {
  std::string list;
  const auto add = [&](const std::string& option) { list += (list.empty() ? "" : ", ") + option; };
  if (chance(8)) add("deprecated = true");
  if (chance(8)) add("json_name = \"" + fresh("json") + "\"");
  if (chance(8)) add("(confluent.field_meta).doc = " + string());
  if (chance(8)) add("(confluent.field_meta).tags = " + string() + ", (confluent.field_meta).tags = \"b\"");
  if (chance(8))
    add("(rule) = { size: 0x1F names: [" + string() + ", 'x'] next { size: -3, names: \"y\"; } [note]: \"z\" }");
  if (chance(12)) add("(unknown.option).a.b = { c: [1, -2.50] d < e: f > }");
  if (!proto3_ && !repeated && chance(3) && !default_of(type).empty()) add("default = " + default_of(type));
  return list.empty() ? "" : " [" + list + "]";
}

std::string Writer::field(bool in_oneof) {
  const auto head = in_oneof ? std::string() : label();
  const auto drawn = type();
  const bool repeated = head.starts_with("repeated");
  return head + drawn + " " + fresh("f_") + " = " + std::to_string(++number_) + options(drawn, repeated || in_oneof) +
         ";\n";
}

std::string Writer::enumeration() {
  auto text = "enum " + fresh("E") + " { ";
  if (chance(3))
    text += "option allow_alias = true; " + fresh("V") + " = 0; " + fresh("V") + " = 0;\n";
  else
    text += fresh("V") + " = 0;\n";
  if (chance(4)) text += "reserved 100 to max, -5, 50; reserved \"gone\", 'too';\n";
  for (auto count = below(4); count > 0; --count) {
    text += fresh("V") + " = " + std::to_string(10 + names_ % 30) + (chance(4) ? " [deprecated = true]" : "") + ";\n";
    if (text.find("allow_alias") == std::string::npos) break;
  }
  return text + "}\n";
}

std::string Writer::member(const std::string& path, int depth) {
  switch (below(12)) {
    case 0:
      return depth < 4 ? message(path + ".", depth + 1) : field(false);
    case 1:
      return enumeration();
    case 2:
      return "map<" + one_of(std::array{"string", "int32", "bool", "fixed64"}) + ", " + type() + "> " + fresh("m_") +
             " = " + std::to_string(++number_) + ";\n";
    case 3: {
      auto text = "oneof " + fresh("o_") + " {\n" + field(true);
      for (auto count = below(3); count > 0; --count) text += field(true);
      return text + "}\n";
    }
    case 4: {
      if (proto3_) return field(false);
      const auto number = std::to_string(++number_);
      return "optional group " + fresh("G") + " = " + number +
             " { optional int32 z = 1; repeated group Inner = 2 { } }\n";
    }
    case 5:
      return ";\n";
    default:
      return field(false);
  }
}

std::string Writer::message(const std::string& path, int depth) {
  const auto name = fresh("M");
  messages_.push_back(path + name);
  auto text = "message " + name + " {\n";
  const int outer = std::exchange(number_, 0);
  if (chance(4)) text += "reserved 1000 to 2000, 3000; reserved \"old\"; reserved 4000 to 4000;\n";
  if (!proto3_ && chance(4)) text += "extensions 5000 to 5999, 10000 to max;\n";
  if (chance(6)) text += "option deprecated = true;\noption (unknown.thing) = \"x\";\n";
  for (auto count = below(8); count > 0; --count) text += member(path + name, depth);
  number_ = outer;
  return text + "}\n";
}

std::string Writer::service() {
  auto text = "service " + fresh("S") + " {\n";
  for (auto count = below(3); count > 0; --count) {
    text += "rpc " + fresh("R") + " (" + (chance(3) ? "stream " : "") + named() + ") returns (" +
            (chance(3) ? "stream " : "") + named() + ")" +
            (chance(3)   ? " { option deprecated = true; }"
             : chance(2) ? " {}"
                         : ";") +
            "\n";
  }
  return text + "}\n";
}

std::string Writer::file() {
  std::string text = proto3_ ? "syntax = \"proto3\";\n" : chance(2) ? "syntax = 'proto2';\n" : "";
  if (chance(2)) {
    text += "package a.b;\n";
    package_ = "a.b.";
  }
  text +=
      "import \"google/protobuf/timestamp.proto\"; import \"confluent/meta.proto\";\nimport "
      "\"google/protobuf/descriptor.proto\";\n";
  if (chance(3)) text += "option java_package = " + string() + "; option optimize_for = SPEED;\n";
  const std::string optional = "optional ";
  text += "message Rule { " + optional + "int32 size = 1; repeated string names = 2; " + optional + "Rule next = 3; " +
          (proto3_ ? "}\n" : "extensions 100; }\n");
  text += "extend google.protobuf.FieldOptions { " + optional + "Rule rule = 50001; }\n";
  if (!proto3_) text += "extend Rule { optional string note = 100; }\n";
  for (auto count = 1 + below(4); count > 0; --count) text += message("", 0);
  if (chance(2)) text += enumeration();
  if (chance(3)) text += service();
  if (proto3_) {
    for (auto at = text.find(" [note]: \"z\""); at != std::string::npos; at = text.find(" [note]: \"z\""))
      text.erase(at, 12);
  }
  return text;
}

}  // namespace

std::string random_schema(std::mt19937_64& random) { return Writer(random).file(); }

}  // namespace sluice::protobuf
