#include "protobuf/descriptor_options.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

using Kind = OptionValue::Kind;

OptionValue word(std::string text) { return {.kind = Kind::word, .text = std::move(text)}; }
OptionValue number(std::string text) { return {.kind = Kind::number, .text = std::move(text)}; }

template <typename Float>
OptionValue float_value(Float value) {
  if (std::isnan(value)) return word("nan");
  if (std::isinf(value)) return word(value < 0 ? "-inf" : "inf");
  char digits[64];
  return number({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
}

OptionValue map_of(const pb::Message& message);

// The value of a field: of its item `index`, if it is repeated.
OptionValue value_of(const pb::Message& message, const pb::FieldDescriptor* field, int index) {
  const auto* reflection = message.GetReflection();
  const auto get = [&](auto single, auto item) {
    return index < 0 ? (reflection->*single)(message, field) : (reflection->*item)(message, field, index);
  };
  using R = pb::Reflection;
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return number(std::to_string(get(&R::GetInt32, &R::GetRepeatedInt32)));
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return number(std::to_string(get(&R::GetInt64, &R::GetRepeatedInt64)));
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return number(std::to_string(get(&R::GetUInt32, &R::GetRepeatedUInt32)));
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return number(std::to_string(get(&R::GetUInt64, &R::GetRepeatedUInt64)));
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return float_value(get(&R::GetDouble, &R::GetRepeatedDouble));
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return float_value(get(&R::GetFloat, &R::GetRepeatedFloat));
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return word(get(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false");
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return {.kind = Kind::text, .text = get(&R::GetString, &R::GetRepeatedString)};
    case pb::FieldDescriptor::CPPTYPE_ENUM: {
      const int value = get(&R::GetEnumValue, &R::GetRepeatedEnumValue);
      const auto* known = field->enum_type()->FindValueByNumber(value);
      return known != nullptr ? word(known->name()) : number(std::to_string(value));
    }
    default:
      return map_of(index < 0 ? reflection->GetMessage(message, field)
                              : reflection->GetRepeatedMessage(message, field, index));
  }
}

// The library gives a map's entries in no order of its own.
void sort_entries(OptionValue& list) {
  std::ranges::stable_sort(list.items, {}, [](const OptionValue& entry) {
    return entry.members.empty() || entry.members.front().first != "key" ? "" : entry.members.front().second.text;
  });
}

// Confluent writes a decimal's parameters the other way round.
void turn_decimal_parameters(OptionValue& list) {
  for (auto& entry : list.items) {
    if (entry.members.size() != 2) continue;
    const auto& key = entry.members.front().second.text;
    if (key == "precision" || key == "scale") std::swap(entry.members[0], entry.members[1]);
  }
}

std::string key_of(const pb::FieldDescriptor* field) {
  if (field->is_extension()) return "[" + field->full_name() + "]";
  return field->type() == pb::FieldDescriptor::TYPE_GROUP ? field->message_type()->name() : field->name();
}

OptionValue map_of(const pb::Message& message) {
  OptionValue map{.kind = Kind::map};
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (!field->is_repeated()) {
      map.members.emplace_back(key_of(field), value_of(message, field, -1));
      continue;
    }
    OptionValue list{.kind = Kind::list};
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i)
      list.items.push_back(value_of(message, field, i));
    if (field->is_map()) sort_entries(list);
    if (field->full_name() == "confluent.Meta.params") turn_decimal_parameters(list);
    map.members.emplace_back(key_of(field), std::move(list));
  }
  return map;
}

}  // namespace

Options options_of(const pb::Message& options, const pb::DescriptorPool& pool) {
  Options result;
  // The compiled type keeps custom options as unknown fields; the pool's own type knows their declarations.
  const auto* type = pool.FindMessageTypeByName(options.GetDescriptor()->full_name());
  const auto bytes = options.SerializeAsString();
  if (type == nullptr || bytes.empty()) return result;
  pb::DynamicMessageFactory factory(&pool);
  const std::unique_ptr<pb::Message> known(factory.GetPrototype(type)->New());
  pb::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetExtensionRegistry(&pool, &factory);
  if (!known->MergePartialFromCodedStream(&stream)) return result;

  std::vector<const pb::FieldDescriptor*> fields;
  known->GetReflection()->ListFields(*known, &fields);
  std::ranges::stable_sort(fields, {}, [](const pb::FieldDescriptor* field) {
    const bool own = field->is_extension() && field->full_name().starts_with("confluent.");
    return field->is_extension() ? std::pair(own ? 1 : 2, field->number()) : std::pair(0, field->index());
  });
  for (const auto* field : fields) {
    if (field->name() == "uninterpreted_option" && !field->is_extension()) continue;
    const auto name = field->is_extension() ? field->full_name() : field->name();
    const int count = field->is_repeated() ? known->GetReflection()->FieldSize(*known, field) : 1;
    for (int i = 0; i < count; ++i) {
      result.push_back({name, field->is_extension(), {}, value_of(*known, field, field->is_repeated() ? i : -1)});
    }
  }
  return result;
}

}  // namespace sluice::protobuf
