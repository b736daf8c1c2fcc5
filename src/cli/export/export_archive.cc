#include "cli/export/export_archive.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "cli/parse.h"
#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/rows/row_columns.h"

namespace sluice::cli {
namespace {

namespace archive = deliver::archive;

constexpr std::size_t kLargestSchemaBytes = std::size_t{16} << 20;

Error no_such_topic(pipeline::Store& store, const std::string& topic, const std::vector<pipeline::StoreEntry>& entries) {
  std::vector<std::string> known;
  for (const auto& entry : entries) {
    if (entry.is_folder) known.push_back(archive::topic_of_folder(entry.name));
  }
  std::ranges::sort(known);
  auto meant = nearest(topic, known);
  for (const auto& each : known) {
    // "orders" means shop.public.orders.
    if (meant.empty() && each.ends_with("." + topic)) meant = each;
  }
  std::string all;
  for (std::size_t i = 0; i < known.size() && i < 10; ++i) all += (i == 0 ? "there is: " : ", ") + known[i];
  if (known.size() > 10) all += ", …";
  return {.code = ErrorCode::not_found,
          .message = "the archive " + store.where() + " has no topic " + topic,
          .hint = meant.empty() ? all : "did you mean " + meant + "?"};
}

Result<void> check_topic(pipeline::Store& store, const std::string& topic) {
  SLUICE_TRY(const auto entries, store.list(std::string(archive::kOurFolder)));
  if (entries.empty()) {
    return Error{.code = ErrorCode::not_found,
                 .message = "there is no archive in " + store.where(),
                 .hint = "give the place of a sink: its `to`, or what `sluice status` calls its archive"};
  }
  const auto root = archive::chain_root(topic);
  const auto name = root.substr(root.find('/') + 1);
  if (std::ranges::find(entries, name, &pipeline::StoreEntry::name) == entries.end()) return no_such_topic(store, topic, entries);
  return {};
}

Result<std::vector<std::int32_t>> partitions_of(pipeline::Store& store, const std::string& topic) {
  SLUICE_TRY(const auto entries, store.list(archive::chain_root(topic)));
  std::vector<std::int32_t> out;
  for (const auto& [name, is_folder] : entries) {
    std::int32_t partition = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), partition);
    if (error == std::errc{} && end == name.data() + name.size()) out.push_back(partition);
  }
  std::ranges::sort(out);
  return out;
}

Result<bool> is_visible(pipeline::Store& store, const archive::CommitRecord& record) {
  for (const auto& file : record.files) {
    const auto size = store.size(file.name);
    if (!size.ok() && size.error().code == ErrorCode::not_found) return false;
    if (!size.ok()) return size.error();
  }
  return true;
}

// Of rows, not of dead letters.
const archive::ArchivedFile* row_file(const archive::CommitRecord& record) {
  const auto found = std::ranges::find_if(record.files, [](const auto& file) { return file.schema_version > 0; });
  return found == record.files.end() ? nullptr : &*found;
}

std::string format_of(const std::string& name) { return name.substr(name.rfind('.') + 1); }

void take_name(ExportedTopic& out, const std::string& name) {
  out.format = format_of(name);
  out.levels.clear();
  auto rest = std::string_view(name).substr(out.folder.size() + 1);
  for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const auto equals = rest.substr(0, slash).find('=');
    out.levels.emplace_back(equals == std::string_view::npos ? "" : rest.substr(0, equals));
    rest.remove_prefix(slash + 1);
  }
}

// What has been seen of a topic's files, over its partitions.
struct Files {
  std::optional<std::pair<std::int64_t, std::string>> newest, oldest;  // when it was committed, and the name
};

Result<void> read_partition(pipeline::Store& store, std::int32_t partition, ExportedTopic& out, Files& files) {
  SLUICE_TRY(const auto firsts, archive::list_records(store, out.topic, partition));
  for (auto first = firsts.rbegin(); first != firsts.rend(); ++first) {
    SLUICE_TRY(const auto record, archive::read_record(store, out.topic, partition, *first));
    if (first == firsts.rbegin()) {
      // The newest record's files may not have their names yet, those of earlier ones have.
      SLUICE_TRY(const bool visible, is_visible(store, record));
      out.ends[partition] = visible ? record.end.value : record.first.value;
      if (!visible) continue;
    }
    if (const auto* file = row_file(record)) {
      if (!files.newest || files.newest->first < record.time_ms) files.newest.emplace(record.time_ms, file->name);
      break;
    }
  }
  for (const auto first : firsts) {
    SLUICE_TRY(const auto record, archive::read_record(store, out.topic, partition, first));
    if (const auto* file = row_file(record)) {
      if (!files.oldest || files.oldest->first > record.time_ms) files.oldest.emplace(record.time_ms, file->name);
      break;
    }
  }
  return {};
}

Result<void> read_schema(pipeline::Store& store, ExportedTopic& out) {
  SLUICE_TRY(const auto entries, store.list(archive::schema_folder(out.topic)));
  for (const auto& entry : entries) out.version = std::max(out.version, archive::schema_version(entry.name).value_or(0));
  SLUICE_TRY(const auto text, store.read(archive::schema_name(out.topic, out.version), 0, kLargestSchemaBytes));
  SLUICE_TRY(out.row, avro::Schema::parse(text, {.validate_defaults = false}));
  SLUICE_TRY(out.own, archive::own_columns_of_row(text));
  return {};
}

}  // namespace

Result<ExportedTopic> read_exported(pipeline::Store& store, const std::string& topic) {
  SLUICE_RETURN_IF_ERROR(check_topic(store, topic));
  ExportedTopic out;
  out.topic = topic;
  out.folder = archive::topic_folder(topic);
  SLUICE_TRY(const auto partitions, partitions_of(store, topic));
  Files files;
  for (const auto partition : partitions) SLUICE_RETURN_IF_ERROR(read_partition(store, partition, out, files));
  if (!files.newest) {
    return Error{.code = ErrorCode::not_found,
                 .message = "the archive " + store.where() + " has no file of " + topic + " yet",
                 .hint = "its sink shows the first ones after roll.after; `sluice status` tells how far it is"};
  }
  take_name(out, files.newest->second);
  if (const auto older = format_of(files.oldest->second); older != out.format) out.older_format = older;
  SLUICE_RETURN_IF_ERROR(read_schema(store, out));
  return out;
}

}  // namespace sluice::cli
