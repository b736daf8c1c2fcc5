#include "deliver/archive/latest/latest_pointer.h"

#include <boost/json.hpp>

#include "deliver/archive/chain/json_members.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace json = boost::json;

namespace {

constexpr std::int64_t kVersion = 1;

// As deep as the Avro parser lets a schema be.
json::parse_options deep() {
  json::parse_options options;
  options.max_depth = 256;
  return options;
}

Error corrupt(const std::string& name, const std::string& why) {
  return {.code = ErrorCode::corrupt, .message = name + ": " + why};
}

Result<void> parse_files(const json::object& object, LatestPointer& pointer, const std::string& name) {
  const auto* files = object.if_contains("files");
  if (files == nullptr || !files->is_array()) return corrupt(name, "no valid files");
  std::uint64_t rows = 0;
  for (const auto& value : files->get_array()) {
    if (!value.is_object()) return corrupt(name, "a file is no object");
    Members members(value.get_object());
    LatestFile file{members.text("name"), members.number<std::uint64_t>("bytes"),
                    members.number<std::uint32_t>("crc32c"), members.number<std::uint64_t>("rows")};
    if (!members.missing().empty()) return corrupt(name, "no valid " + members.missing() + " of a file");
    if (file.name.empty() || file.name.find('/') != std::string::npos) return corrupt(name, "a file has no valid name");
    rows += file.rows;
    pointer.files.push_back(std::move(file));
  }
  if (rows != pointer.rows) return corrupt(name, "its files' rows are not its own");
  return {};
}

Result<void> parse_offsets(const json::object& object, LatestPointer& pointer, const std::string& name) {
  const auto* offsets = object.if_contains("offsets");
  if (offsets == nullptr || !offsets->is_object()) return corrupt(name, "no valid offsets");
  Members members(offsets->get_object());
  for (std::size_t i = 0; i < offsets->get_object().size(); ++i) pointer.offsets.push_back(members.offset(std::to_string(i)));
  return members.missing().empty() ? Result<void>{} : corrupt(name, "no valid offset of partition " + members.missing());
}

void parse_previous(const json::object& object, LatestPointer& pointer) {
  const auto* previous = object.if_contains("previous");
  if (previous == nullptr || !previous->is_array()) return;
  for (const auto& version : previous->get_array()) {
    if (version.is_string()) pointer.previous.emplace_back(version.get_string());
  }
}

}  // namespace

std::string latest_name(std::string_view topic) { return topic_folder(topic) + "/_latest.json"; }

std::string version_folder(std::string_view topic, std::string_view version) {
  return topic_folder(topic) + "/" + std::string(version);
}

Offset sum_of(const std::vector<Offset>& offsets) {
  Offset sum{0};
  for (const auto offset : offsets) sum = sum + offset.value;
  return sum;
}

std::string version_name(const std::vector<Offset>& offsets, std::string_view writer) {
  return "v-" + digits20(sum_of(offsets)) + "-" + std::string(writer);
}

std::string to_json(const LatestPointer& pointer) {
  json::object offsets;
  for (std::size_t i = 0; i < pointer.offsets.size(); ++i) offsets[std::to_string(i)] = pointer.offsets[i].value;
  json::array files;
  for (const auto& file : pointer.files) {
    files.push_back(json::object{{"name", file.name}, {"bytes", file.bytes}, {"crc32c", file.crc32c}, {"rows", file.rows}});
  }
  json::object out{{"version", kVersion},
                   {"topic", pointer.topic},
                   {"folder", pointer.version},
                   {"previous", json::array(pointer.previous.begin(), pointer.previous.end())},
                   {"offsets", std::move(offsets)},
                   {"rows", pointer.rows},
                   {"bytes", pointer.bytes},
                   {"unreadable", pointer.unreadable},
                   {"time_ms", pointer.time_ms},
                   {"files", std::move(files)},
                   {"schema", json::parse(pointer.schema, {}, deep())}};
  if (!pointer.filter.empty()) {
    out["filter"] = pointer.filter;
    out["filtered"] = pointer.filtered;
  }
  return json::serialize(out) + "\n";
}

Result<LatestPointer> parse_latest_pointer(ByteView text, const std::string& name) {
  boost::system::error_code failed;
  const auto value = json::parse(json::string_view(text.data(), text.size()), failed, {}, deep());
  if (failed || !value.is_object()) return corrupt(name, "it is no JSON object");
  const auto& object = value.get_object();
  Members members(object);
  LatestPointer pointer;
  const auto version = members.number<std::int64_t>("version");
  if (members.missing().empty() && version > kVersion) {
    return Error{.code = ErrorCode::unsupported, .message = name + " has version " + std::to_string(version) +
                                                            "; this program knows version " + std::to_string(kVersion)};
  }
  pointer.topic = members.text("topic");
  pointer.version = members.text("folder");
  pointer.rows = members.number<std::uint64_t>("rows");
  pointer.bytes = members.number<std::uint64_t>("bytes");
  pointer.unreadable = members.number<std::uint64_t>("unreadable");
  pointer.time_ms = members.number<std::int64_t>("time_ms");
  if (object.contains("filter")) {
    pointer.filter = members.text("filter");
    pointer.filtered = members.number<std::uint64_t>("filtered");
  }
  if (!members.missing().empty()) return corrupt(name, "no valid " + members.missing());
  if (!pointer.version.starts_with("v-") || pointer.version.find('/') != std::string::npos) return corrupt(name, "no valid folder");
  SLUICE_RETURN_IF_ERROR(parse_offsets(object, pointer, name));
  SLUICE_RETURN_IF_ERROR(parse_files(object, pointer, name));
  parse_previous(object, pointer);
  if (const auto* schema = object.if_contains("schema")) pointer.schema = json::serialize(*schema);
  return pointer;
}

}  // namespace sluice::deliver::archive
