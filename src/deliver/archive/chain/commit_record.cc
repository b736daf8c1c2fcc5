#include "deliver/archive/chain/commit_record.h"

#include <algorithm>
#include <boost/json.hpp>

#include "deliver/archive/chain/json_members.h"

namespace sluice::deliver::archive {

namespace json = boost::json;

namespace {

constexpr std::int64_t kVersion = 1;

Error corrupt(const std::string& name, const std::string& why) {
  return {.code = ErrorCode::corrupt, .message = "commit record " + name + ": " + why};
}

json::object to_value(const ArchivedFile& file) {
  return {{"temporary", file.temporary},
          {"name", file.name},
          {"bytes", file.bytes},
          {"crc32c", file.crc32c},
          {"rows", file.rows},
          {"first_offset", file.first_offset.value},
          {"last_offset", file.last_offset.value},
          {"offsets_crc32c", file.offsets_crc32c},
          {"schema", file.schema_version},
          {"registry_ids", json::array(file.registry_ids.begin(), file.registry_ids.end())}};
}

// Of members that came later than the format.
std::int64_t optional_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

Result<ArchivedFile> parse_file(const json::value& value, const std::string& name) {
  if (!value.is_object()) return corrupt(name, "a file is no object");
  Members members(value.get_object());
  ArchivedFile file;
  file.temporary = members.text("temporary");
  file.name = members.text("name");
  file.bytes = members.number<std::uint64_t>("bytes");
  file.crc32c = members.number<std::uint32_t>("crc32c");
  file.rows = members.number<std::uint64_t>("rows");
  file.first_offset = members.offset("first_offset");
  file.last_offset = members.offset("last_offset");
  file.offsets_crc32c = members.number<std::uint32_t>("offsets_crc32c");
  if (!members.missing().empty()) return corrupt(name, "no valid " + members.missing() + " of a file");
  file.schema_version = static_cast<int>(optional_number(value.get_object(), "schema"));
  if (const auto* ids = value.get_object().if_contains("registry_ids"); ids != nullptr && ids->is_array()) {
    for (const auto& id : ids->get_array()) {
      if (id.is_int64()) file.registry_ids.push_back(static_cast<std::int32_t>(id.get_int64()));
    }
  }
  return file;
}

Result<void> parse_members(Members& members, CommitRecord& record, const std::string& name) {
  const auto version = members.number<std::int64_t>("version");
  if (members.missing().empty() && version > kVersion) {
    return Error{.code = ErrorCode::unsupported,
                 .message = "commit record " + name + " has version " + std::to_string(version) +
                            "; this program knows version " + std::to_string(kVersion)};
  }
  record.topic = members.text("topic");
  record.partition = members.number<std::int32_t>("partition");
  record.first = members.offset("first");
  record.end = members.offset("end");
  record.rows = members.number<std::uint64_t>("rows");
  record.totals.rows = members.number<std::uint64_t>("total_rows");
  record.totals.files = members.number<std::uint64_t>("total_files");
  record.totals.bytes = members.number<std::uint64_t>("total_bytes");
  record.writer = members.text("writer");
  record.time_ms = members.number<std::int64_t>("time_ms");
  if (!members.missing().empty()) return corrupt(name, "no valid " + members.missing());
  return {};
}

Result<void> check(const CommitRecord& record, const std::string& name) {
  if (record.end <= record.first) return corrupt(name, "it ends before it begins");
  std::uint64_t rows = 0;
  for (const auto& file : record.files) {
    rows += file.rows;
    if (file.first_offset < record.first || file.last_offset >= record.end || file.last_offset < file.first_offset) {
      return corrupt(name, "the offsets of " + file.name + " are not its own");
    }
  }
  if (rows != record.rows) return corrupt(name, "its files' rows are not its own");
  return {};
}

}  // namespace

std::string to_json(const CommitRecord& record) {
  json::object out{{"version", kVersion},
                   {"topic", record.topic},
                   {"partition", record.partition},
                   {"first", record.first.value},
                   {"end", record.end.value},
                   {"rows", record.rows},
                   {"total_rows", record.totals.rows},
                   {"total_files", record.totals.files},
                   {"total_bytes", record.totals.bytes},
                   {"writer", record.writer},
                   {"time_ms", record.time_ms}};
  if (record.gap) out["gap"] = true;
  if (!record.incomplete.empty()) {
    json::object folders;
    for (const auto& [folder, end_ms] : record.incomplete) folders[folder] = end_ms;
    out["incomplete"] = std::move(folders);
  }
  if (!record.filter.empty()) {
    out["filter"] = record.filter;
    out["filtered"] = record.filtered;
  }
  json::array files;
  for (const auto& file : record.files) files.push_back(to_value(file));
  out["files"] = std::move(files);
  return json::serialize(out) + "\n";
}

Result<CommitRecord> parse_commit_record(ByteView text, const std::string& name) {
  json::error_code failed;
  const auto value = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed || !value.is_object()) return corrupt(name, "it is no JSON object");
  const auto& object = value.get_object();
  Members members(object);
  CommitRecord record;
  SLUICE_RETURN_IF_ERROR(parse_members(members, record, name));
  if (const auto* gap = object.if_contains("gap")) record.gap = gap->is_bool() && gap->get_bool();
  if (const auto* folders = object.if_contains("incomplete"); folders != nullptr && folders->is_object()) {
    for (const auto& [folder, end_ms] : folders->get_object()) {
      if (end_ms.is_int64()) record.incomplete[std::string(folder)] = end_ms.get_int64();
    }
  }
  if (const auto* filter = object.if_contains("filter"); filter != nullptr && filter->is_string()) {
    record.filter = std::string(filter->get_string());
    record.filtered = static_cast<std::uint64_t>(std::max<std::int64_t>(optional_number(object, "filtered"), 0));
  }
  const auto* files = object.if_contains("files");
  if (files == nullptr || !files->is_array()) return corrupt(name, "no valid files");
  for (const auto& file : files->get_array()) {
    SLUICE_TRY(auto parsed, parse_file(file, name));
    record.files.push_back(std::move(parsed));
  }
  SLUICE_RETURN_IF_ERROR(check(record, name));
  return record;
}

}  // namespace sluice::deliver::archive
