#include "protobuf/protobuf_testing.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "protobuf/model.h"

namespace sluice::protobuf {
namespace json = boost::json;
namespace pb = google::protobuf;

std::vector<json::object> golden_lines(const std::string& name) {
  std::ifstream file("tests/golden/protobuf/" + name);
  EXPECT_TRUE(file.good()) << "run from the project's folder";
  std::vector<json::object> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line).as_object());
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

std::string text_of(const json::object& object, const char* key) { return json::value_to<std::string>(object.at(key)); }

std::vector<Import> imports_of(const json::object& object, const char* key) {
  std::vector<Import> imports;
  const auto* list = object.if_contains(key);
  if (list == nullptr) return imports;
  for (const auto& item : list->as_array())
    imports.push_back({text_of(item.as_object(), "name"), text_of(item.as_object(), "text")});
  return imports;
}

namespace {

void sort(pb::DescriptorProto& message) {
  // Fields name oneofs by their places: by names instead, for the comparison.
  for (auto& field : *message.mutable_field()) {
    if (field.has_oneof_index()) field.set_extendee("oneof " + message.oneof_decl(field.oneof_index()).name());
    field.clear_oneof_index();
  }
  std::ranges::sort(*message.mutable_oneof_decl(), {}, [](const auto& oneof) { return oneof.name(); });
  std::ranges::sort(*message.mutable_field(), {}, [](const auto& field) { return field.number(); });
  std::ranges::stable_sort(*message.mutable_reserved_range(), {}, [](const auto& range) { return range.start(); });
  std::ranges::stable_sort(*message.mutable_extension(), {},
                           [](const auto& field) { return field.extendee() + field.name(); });
  for (auto& nested : *message.mutable_nested_type()) sort(nested);
  std::ranges::sort(*message.mutable_nested_type(), {}, [](const auto& nested) { return nested.name(); });
}

}  // namespace

std::string meaning(const Schema& schema) {
  pb::FileDescriptorProto file;
  schema.model().file->CopyTo(&file);
  for (auto& message : *file.mutable_message_type()) sort(message);
  std::ranges::sort(*file.mutable_message_type(), {}, [](const auto& message) { return message.name(); });
  std::ranges::stable_sort(*file.mutable_extension(), {},
                           [](const auto& field) { return field.extendee() + field.name(); });
  std::vector<std::string> imports(file.dependency().begin(), file.dependency().end());
  std::ranges::sort(imports);
  file.clear_dependency();
  file.clear_public_dependency();
  for (const auto& import : imports) file.add_dependency(import);
  // By the pool's own type, which knows the custom options: parts of one option are merged.
  const auto& pool = *schema.model().pool;
  pb::DynamicMessageFactory factory(&pool);
  const std::unique_ptr<pb::Message> known(
      factory.GetPrototype(pool.FindMessageTypeByName("google.protobuf.FileDescriptorProto"))->New());
  const auto bytes = file.SerializeAsString();
  pb::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetExtensionRegistry(&pool, &factory);
  EXPECT_TRUE(known->ParseFromCodedStream(&stream));
  static const std::regex kNoOptions(R"( *options \{\n *\}\n)");
  return std::regex_replace(known->DebugString(), kNoOptions, "");
}

}  // namespace sluice::protobuf
