#include "protobuf/file_edits.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

constexpr std::int64_t kMaxRangeChecks = 20'000'000;

std::string written_name(const pb::UninterpretedOption& option) {
  const auto& part = option.name(0);
  return part.is_extension() ? "(" + part.name_part() + ")" : part.name_part();
}

void leave_out(pb::Message& message, const std::set<std::string>& names) {
  const auto* reflection = message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      leave_out(*reflection->MutableMessage(&message, field), names);
      continue;
    }
    const int size = reflection->FieldSize(message, field);
    int kept = 0;
    for (int i = 0; i < size; ++i) {
      auto& item = *reflection->MutableRepeatedMessage(&message, field, i);
      const auto* option = dynamic_cast<const pb::UninterpretedOption*>(&item);
      if (option != nullptr && option->name_size() > 0 && names.contains(written_name(*option))) continue;
      if (option == nullptr) leave_out(item, names);
      if (kept != i) reflection->SwapElements(&message, field, kept, i);
      ++kept;
    }
    for (int i = kept; i < size; ++i) reflection->RemoveLast(&message, field);
  }
}

void mark_map_entries(pb::DescriptorProto& message) {
  auto& options = *message.mutable_options()->mutable_uninterpreted_option();
  for (int i = options.size(); i-- > 0;) {
    if (options[i].name_size() != 1 || written_name(options[i]) != "map_entry") continue;
    message.mutable_options()->set_map_entry(options[i].identifier_value() == "true");
    options.DeleteSubrange(i, 1);
  }
  if (options.empty() && !message.options().has_map_entry() && message.options().ByteSizeLong() == 0)
    message.clear_options();
  for (auto& nested : *message.mutable_nested_type()) mark_map_entries(nested);
}

std::int64_t range_checks(const pb::EnumDescriptorProto& element) {
  const std::int64_t ranges = element.reserved_range_size();
  return ranges * (ranges + element.value_size());
}

std::int64_t range_checks(const pb::DescriptorProto& message) {
  const std::int64_t ranges = message.reserved_range_size() + message.extension_range_size();
  auto checks = ranges * (ranges + message.field_size());
  for (const auto& nested : message.nested_type()) checks += range_checks(nested);
  for (const auto& nested : message.enum_type()) checks += range_checks(nested);
  return checks;
}

// The library lets them pass.
bool has_empty_range(const pb::DescriptorProto& message) {
  return std::ranges::any_of(message.reserved_range(),
                             [](const auto& range) { return range.end() <= range.start(); }) ||
         std::ranges::any_of(message.nested_type(), has_empty_range);
}

}  // namespace

void leave_out(pb::FileDescriptorProto& file, const std::set<std::string>& names) {
  leave_out(static_cast<pb::Message&>(file), names);
}

void mark_map_entries(pb::FileDescriptorProto& file) {
  for (auto& message : *file.mutable_message_type()) mark_map_entries(message);
}

Result<void> check_ranges(const pb::FileDescriptorProto& file) {
  if (std::ranges::any_of(file.message_type(), has_empty_range)) {
    return Error{ErrorCode::rejected, "the schema has a reserved range that ends before it begins"};
  }
  std::int64_t checks = 0;
  for (const auto& message : file.message_type()) checks += range_checks(message);
  for (const auto& element : file.enum_type()) checks += range_checks(element);
  if (checks <= kMaxRangeChecks) return {};
  return Error{ErrorCode::rejected,
               "the schema has too many reserved and extension ranges in one message or enum",
               {},
               "Join neighbouring numbers: reserved 10 to 99;"};
}

}  // namespace sluice::protobuf
