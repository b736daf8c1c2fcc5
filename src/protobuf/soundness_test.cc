// Random schemas are changed at random. Where the rules call the change compatible, messages of the old schema are
// written and read by the new one, by Google's own library: they must be read, and what both schemas have must have the
// same values. Values are such as every type of a wire kind can hold: what an int64 loses in a bool is outside of the
// rules.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/stubs/strutil.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "protobuf/compatibility.h"
#include "protobuf/model.h"
#include "protobuf/protobuf_testing.h"

namespace sluice::protobuf {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

class Changes {
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  template <typename List>
  auto any(List& list) {
    return list.Mutable(static_cast<int>(below(static_cast<std::uint64_t>(list.size()))));
  }
  template <typename List>
  void remove(List& list) {
    if (list.size() > 0) list.DeleteSubrange(static_cast<int>(below(static_cast<std::uint64_t>(list.size()))), 1);
  }

 public:
  explicit Changes(std::mt19937_64& random) : random_(random) {}
  void apply(pb::FileDescriptorProto& file) {
    if (below(20) == 0) return file.set_package(file.package() + "x");
    if (below(12) == 0 && file.message_type_size() > 1) return remove(*file.mutable_message_type());
    if (file.message_type_size() > 0) apply(*any(*file.mutable_message_type()));
  }

 private:
  void apply(pb::DescriptorProto& message) {
    if (message.nested_type_size() > 0 && below(3) == 0) {
      auto& nested = *any(*message.mutable_nested_type());
      if (!nested.options().map_entry()) return apply(nested);
    }
    if (below(12) == 0) return remove(*message.mutable_nested_type());
    if (below(5) == 0) return add(message);
    if (below(6) == 0) return remove(*message.mutable_field());
    if (message.enum_type_size() > 0 && below(6) == 0)
      return remove(*any(*message.mutable_enum_type())->mutable_value());
    if (message.field_size() > 0) change(message, *any(*message.mutable_field()));
  }

  void add(pb::DescriptorProto& message) {
    auto& field = *message.add_field();
    field.set_name("added" + std::to_string(random_()));
    field.set_number(200 + static_cast<int>(below(100)));
    field.set_label(below(4) == 0 ? pb::FieldDescriptorProto::LABEL_REQUIRED
                                  : pb::FieldDescriptorProto::LABEL_OPTIONAL);
    field.set_type(pb::FieldDescriptorProto::TYPE_STRING);
  }
  void change(pb::DescriptorProto& message, pb::FieldDescriptorProto& field) {
    switch (below(5)) {
      case 0:
        return field.set_name(field.name() + "x");
      case 1:
        if (!field.has_type_name()) {
          field.clear_default_value();
          do {
            field.set_type(static_cast<pb::FieldDescriptorProto::Type>(1 + below(18)));
          } while (field.type() == pb::FieldDescriptorProto::TYPE_GROUP ||
                   field.type() == pb::FieldDescriptorProto::TYPE_MESSAGE ||
                   field.type() == pb::FieldDescriptorProto::TYPE_ENUM);
        }
        return;
      case 2:
        field.clear_default_value();
        return field.set_label(static_cast<pb::FieldDescriptorProto::Label>(1 + below(3)));
      case 3:
        if (!field.proto3_optional()) field.clear_oneof_index();
        return;
      default:
        if (field.proto3_optional() || message.oneof_decl_size() == 0) return;
        return field.set_oneof_index(static_cast<int>(below(static_cast<std::uint64_t>(message.oneof_decl_size()))));
    }
  }

  std::mt19937_64& random_;
};

// A number that the reader's field holds as well. None: there is none.
std::optional<int> number_for(const Field& writer, const Field* reader) {
  const auto knows = [&](int number) {
    return reader == nullptr || reader->cpp_type() != Field::CPPTYPE_ENUM ||
           reader->enum_type()->FindValueByNumber(number) != nullptr;
  };
  if (writer.cpp_type() == Field::CPPTYPE_ENUM) {
    for (int i = 0; i < writer.enum_type()->value_count(); ++i) {
      const int number = writer.enum_type()->value(i)->number();
      if (number > 0 && knows(number)) return number;
    }
    return std::nullopt;
  }
  if (reader == nullptr || reader->cpp_type() != Field::CPPTYPE_ENUM) return 1;
  for (int i = 0; i < reader->enum_type()->value_count(); ++i) {
    const int number = reader->enum_type()->value(i)->number();
    if (number == 1 || (number > 0 && writer.cpp_type() != Field::CPPTYPE_BOOL)) return number;
  }
  return std::nullopt;
}

class Filler {
 public:
  explicit Filler(std::mt19937_64& random) : random_(random) {}
  // False: a required field has no value that both can hold.
  bool fill(pb::Message& message, const pb::Descriptor* reader, int depth);

 private:
  bool set(pb::Message& message, const Field& field, const Field* reader, int depth);

  std::mt19937_64& random_;
};

bool Filler::fill(pb::Message& message, const pb::Descriptor* reader, int depth) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    const auto* read = reader == nullptr ? nullptr : reader->FindFieldByNumber(field.number());
    const bool entry = type.options().map_entry();
    if (!field.is_required() && !entry && (depth > 3 || random_() % 4 == 0)) continue;
    if (depth > 6) return false;
    const bool several = field.is_repeated() && (read == nullptr || read->is_repeated()) && !field.is_map();
    for (std::uint64_t count = several ? random_() % 3 : 1; count > 0; --count) {
      if (!set(message, field, read, depth) && (field.is_required() || entry)) return false;
    }
  }
  return true;
}

bool Filler::set(pb::Message& message, const Field& field, const Field* reader, int depth) {
  const auto* reflection = message.GetReflection();
  const bool list = field.is_repeated();
  const auto number = number_for(field, reader);
  if (!number) return false;
  const auto put = [&](auto single, auto add, auto value) {
    list ? (reflection->*add)(&message, &field, value) : (reflection->*single)(&message, &field, value);
    return true;
  };
  using R = pb::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return put(&R::SetInt32, &R::AddInt32, *number);
    case Field::CPPTYPE_INT64:
      return put(&R::SetInt64, &R::AddInt64, *number);
    case Field::CPPTYPE_UINT32:
      return put(&R::SetUInt32, &R::AddUInt32, static_cast<std::uint32_t>(*number));
    case Field::CPPTYPE_UINT64:
      return put(&R::SetUInt64, &R::AddUInt64, static_cast<std::uint64_t>(*number));
    case Field::CPPTYPE_BOOL:
      return put(&R::SetBool, &R::AddBool, true);
    case Field::CPPTYPE_ENUM:
      return put(&R::SetEnumValue, &R::AddEnumValue, *number);
    case Field::CPPTYPE_DOUBLE:
      return put(&R::SetDouble, &R::AddDouble, 1.5);
    case Field::CPPTYPE_FLOAT:
      return put(&R::SetFloat, &R::AddFloat, 1.5F);
    case Field::CPPTYPE_STRING:
      return put(&R::SetString, &R::AddString, "text" + std::to_string(random_() % 100));
    default: {
      auto* nested = list ? reflection->AddMessage(&message, &field) : reflection->MutableMessage(&message, &field);
      const bool follow = reader != nullptr && reader->cpp_type() == Field::CPPTYPE_MESSAGE;
      return fill(*nested, follow ? reader->message_type() : nullptr, depth + 1);
    }
  }
}

std::string shared(const pb::Message& message, const pb::Descriptor& other);

std::string shared_value(const pb::Message& message, const Field& field, const Field& other, int index) {
  const auto* reflection = message.GetReflection();
  const auto get = [&](auto single, auto item) {
    return field.is_repeated() ? (reflection->*item)(message, &field, index) : (reflection->*single)(message, &field);
  };
  const auto number = [&](auto value) {
    const bool truth = field.cpp_type() == Field::CPPTYPE_BOOL || other.cpp_type() == Field::CPPTYPE_BOOL;
    return truth ? std::string(value != 0 ? "true" : "false") : std::to_string(value);
  };
  using R = pb::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return number(get(&R::GetInt32, &R::GetRepeatedInt32));
    case Field::CPPTYPE_INT64:
      return number(get(&R::GetInt64, &R::GetRepeatedInt64));
    case Field::CPPTYPE_UINT32:
      return number(get(&R::GetUInt32, &R::GetRepeatedUInt32));
    case Field::CPPTYPE_UINT64:
      return number(get(&R::GetUInt64, &R::GetRepeatedUInt64));
    case Field::CPPTYPE_BOOL:
      return number(static_cast<int>(get(&R::GetBool, &R::GetRepeatedBool)));
    case Field::CPPTYPE_ENUM:
      return number(get(&R::GetEnumValue, &R::GetRepeatedEnumValue));
    case Field::CPPTYPE_DOUBLE:
      return std::to_string(get(&R::GetDouble, &R::GetRepeatedDouble));
    case Field::CPPTYPE_FLOAT:
      return std::to_string(get(&R::GetFloat, &R::GetRepeatedFloat));
    case Field::CPPTYPE_STRING:
      return get(&R::GetString, &R::GetRepeatedString);
    default: {
      const auto& nested = field.is_repeated() ? reflection->GetRepeatedMessage(message, &field, index)
                                               : reflection->GetMessage(message, &field);
      return other.message_type() == nullptr ? "" : shared(nested, *other.message_type());
    }
  }
}

// What the message says in fields that `other` has too.
std::string shared(const pb::Message& message, const pb::Descriptor& other) {
  std::map<int, std::string> values;
  std::vector<const Field*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    const auto* same = other.FindFieldByNumber(field->number());
    if (same == nullptr) continue;
    auto& value = values[field->number()];
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) value += shared_value(message, *field, *same, i) + ",";
  }
  std::string text = "{";
  for (const auto& [number, value] : values) text += std::to_string(number) + ":" + value + " ";
  return text + "}";
}

struct Counts {
  int compatible = 0;
  int incompatible = 0;
  int messages = 0;
  int unreadable = 0;  // of the incompatible: messages that were not read, or not as they were written
};

// Writes messages of every type that both have; whether all were read as they were written.
bool all_are_read(const Schema& now, const Schema& old, std::mt19937_64& random, int& messages, std::string& why) {
  pb::DynamicMessageFactory factory;
  for (int i = 0; i < old.model().file->message_type_count(); ++i) {
    const auto* writer = old.model().file->message_type(i);
    const auto* reader = now.model().file->FindMessageTypeByName(writer->name());
    if (reader == nullptr) continue;
    for (int round = 0; round < 3; ++round) {
      const std::unique_ptr<pb::Message> written(factory.GetPrototype(writer)->New());
      const std::unique_ptr<pb::Message> read(factory.GetPrototype(reader)->New());
      if (!Filler(random).fill(*written, reader, 0) || !written->IsInitialized()) continue;
      ++messages;
      if (!read->ParsePartialFromString(written->SerializeAsString()) || !read->IsInitialized() ||
          shared(*read, *writer) != shared(*written, *reader)) {
        why = written->ShortDebugString() + "\nwas read as\n" + read->ShortDebugString();
        return false;
      }
    }
  }
  return true;
}

TEST(ProtobufSoundness, WhatIsCalledCompatibleIsReadWithoutLoss) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Counts counts;
  for (int i = 0; i < 1'500; ++i) {
    const auto old = Schema::parse(random_schema(random));
    ASSERT_TRUE(old.ok()) << old.error();
    pb::FileDescriptorProto file;
    old->model().file->CopyTo(&file);
    for (auto changes = 1 + random() % 3; changes > 0; --changes) Changes(random).apply(file);
    std::string base64;
    pb::Base64Escape(file.SerializeAsString(), &base64);
    const auto now = Schema::parse(base64);
    if (!now.ok()) continue;  // the change made no schema
    const bool compatible = check_compatibility(*now, *old).empty();
    ++(compatible ? counts.compatible : counts.incompatible);
    std::string why;
    const bool read = all_are_read(*now, *old, random, counts.messages, why);
    if (!compatible && !read) ++counts.unreadable;
    if (compatible) {
      ASSERT_TRUE(read) << why << "\nold:\n" << old->text() << "new:\n" << now->text();
    }
  }
  EXPECT_GT(counts.compatible, 300);
  EXPECT_GT(counts.incompatible, 100);
  EXPECT_GT(counts.unreadable, 20);  // the test can see loss
  EXPECT_GT(counts.messages, 2'000);
  RecordProperty("compatible", counts.compatible);
  std::printf("%d compatible and %d incompatible pairs, %d messages; loss seen in %d of the incompatible\n",
              counts.compatible, counts.incompatible, counts.messages, counts.unreadable);
}

}  // namespace
}  // namespace sluice::protobuf
