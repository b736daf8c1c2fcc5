#pragma once
// A .proto file as it is written, statement by statement, names unresolved: what the printer prints. Made from text
// (element_reader.h) or from a descriptor (descriptor_elements.h).

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::protobuf {

struct OptionValue {
  enum class Kind { text, number, word, map, list };
  Kind kind = Kind::word;
  std::string text = {};  // text: unescaped; number, word: as written
  std::vector<std::pair<std::string, OptionValue>> members =
      {};                               // map, in order of first mention; "[a.b]" is an extension
  std::vector<OptionValue> items = {};  // list
};

struct OptionElement {
  std::string name;                    // without parentheses
  bool custom = false;                 // written with parentheses
  std::vector<std::string> path = {};  // (name).path.path
  OptionValue value = {};
};
using Options = std::vector<OptionElement>;

struct RangeElement {
  std::string name = {};  // a reserved name, or:
  int first = 0;
  int last = 0;  // INT_MAX: max
  bool written_as_range = false;
};

// reserved …; or extensions …;
struct RangesElement {
  std::vector<RangeElement> values = {};
  Options options = {};
};

struct FieldElement {
  std::string label = {};  // "", "optional", "required", "repeated"
  std::string type = {};   // "map<string, .a.B>" too
  std::string name = {};
  int number = 0;
  Options options = {};
  std::optional<OptionValue> default_value = {};
  std::optional<std::string> json_name = {};
};

struct EnumValueElement {
  std::string name;
  int number = 0;
  Options options = {};
};

struct EnumElement {
  std::string name;
  std::vector<RangesElement> reserved = {};
  Options options = {};
  std::vector<EnumValueElement> values = {};
};

struct GroupElement;

struct OneofElement {
  std::string name;
  Options options = {};
  std::vector<FieldElement> fields = {};
  std::vector<GroupElement> groups;
};

struct ExtendElement {
  std::string extendee;
  std::vector<FieldElement> fields = {};
  std::vector<GroupElement> groups;
};

struct MessageElement {
  std::string name;
  std::vector<RangesElement> reserved = {};
  Options options = {};
  std::vector<FieldElement> fields = {};
  std::vector<OneofElement> oneofs = {};
  std::vector<GroupElement> groups;
  std::vector<RangesElement> extensions = {};
  std::vector<ExtendElement> extends = {};
  std::vector<MessageElement> messages = {};
  std::vector<EnumElement> enums = {};
};

struct GroupElement {
  std::string label = {};
  int number = 0;
  Options options = {};
  MessageElement body = {};
};

struct RpcElement {
  std::string name;
  std::string request;
  std::string response;
  bool request_stream = false;
  bool response_stream = false;
  Options options = {};
};

struct ServiceElement {
  std::string name;
  Options options = {};
  std::vector<RpcElement> rpcs = {};
};

struct FileElement {
  std::string syntax = {};   // "": no statement
  std::string package = {};  // "": none
  std::vector<std::string> imports = {};
  std::vector<std::string> public_imports = {};
  std::vector<std::string> weak_imports = {};
  Options options = {};
  std::vector<MessageElement> messages = {};
  std::vector<EnumElement> enums = {};
  std::vector<ExtendElement> extends = {};
  std::vector<ServiceElement> services = {};
};

}  // namespace sluice::protobuf
