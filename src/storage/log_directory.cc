#include "storage/log_directory.h"

#include <charconv>

#include "storage/text_lines.h"

namespace sluice::storage {
namespace {

constexpr const char* kMetaFile = "/meta.properties";
constexpr const char* kCleanFile = "/.kafka_cleanshutdown";
constexpr std::string_view kDeleted = "-delete";

Error damaged(const std::string& path, int line, const std::string& what) {
  return {ErrorCode::corrupt, path + ":" + std::to_string(line) + ": " + what};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// "<topic> <partition> <offset>"; names of topics hold no space.
bool read_entry(ByteView line, OffsetCheckpoint& checkpoint) {
  const auto space = line.find(' ');
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  if (space == ByteView::npos || space == 0 || !read_numbers(line.substr(space + 1), {&partition, &offset})) return false;
  if (partition < 0 || partition > INT32_MAX || offset < 0) return false;
  return checkpoint.emplace(std::pair(std::string(line.substr(0, space)), static_cast<std::int32_t>(partition)), Offset{offset}).second;
}

Result<std::int32_t> read_int(const std::string& path, int line, ByteView text) {
  std::int64_t value = 0;
  if (!read_numbers(text, {&value}) || value < INT32_MIN || value > INT32_MAX) return damaged(path, line, "not a number");
  return static_cast<std::int32_t>(value);
}

}  // namespace

Result<OffsetCheckpoint> read_checkpoint(io::FileSystem& files, const std::string& path) {
  SLUICE_TRY(const bool there, files.exists(path));
  if (!there) return OffsetCheckpoint{};
  SLUICE_TRY(const auto bytes, files.read_file(path));
  ByteView text = bytes;
  ByteView line;
  std::int64_t version = 0;
  std::int64_t count = 0;
  if (!take_line(text, line) || !read_numbers(line, {&version})) return damaged(path, 1, "no version");
  if (version != 0) return Error{ErrorCode::unsupported, path + ": version " + std::to_string(version)};
  if (!take_line(text, line) || !read_numbers(line, {&count}) || count < 0) return damaged(path, 2, "no count");
  OffsetCheckpoint checkpoint;
  for (int number = 3; take_line(text, line); ++number) {
    if (!read_entry(line, checkpoint)) return damaged(path, number, "not a topic, a partition and an offset");
  }
  if (!text.empty() || checkpoint.size() != static_cast<std::size_t>(count)) return damaged(path, 2, "not as many lines as it says");
  return checkpoint;
}

Result<void> write_checkpoint(io::FileSystem& files, const std::string& path, const OffsetCheckpoint& checkpoint) {
  Bytes text = "0\n" + std::to_string(checkpoint.size()) + "\n";
  for (const auto& [partition, offset] : checkpoint) {
    text += partition.first + " " + std::to_string(partition.second) + " " + to_string(offset) + "\n";
  }
  return files.replace_file(path, text);
}

Result<MetaProperties> read_meta_properties(io::FileSystem& files, const std::string& directory) {
  const auto path = directory + kMetaFile;
  SLUICE_TRY(const auto bytes, files.read_file(path));
  MetaProperties meta;
  ByteView text = bytes;
  ByteView line;
  std::int32_t version = -1;
  for (int number = 1; take_line(text, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto equals = line.find('=');
    if (equals == ByteView::npos) return damaged(path, number, "not a property");
    const auto name = line.substr(0, equals);
    const auto value = line.substr(equals + 1);
    if (name == "version") {
      SLUICE_TRY(version, read_int(path, number, value));
    } else if (name == "cluster.id") {
      meta.cluster_id = value;
    } else if (name == "node.id") {
      SLUICE_TRY(meta.node_id, read_int(path, number, value));
    } else if (name == "directory.id") {
      SLUICE_TRY(meta.directory_id, Uuid::parse(value));
    }
  }
  if (version > 1) {
    return Error{ErrorCode::unsupported, path + ": version " + std::to_string(version) + ", written by a newer program", "",
                 "start it with the version that wrote it"};
  }
  if (version != 1 || meta.cluster_id.empty()) return damaged(path, 1, "version or cluster.id is missing");
  return meta;
}

Result<void> write_meta_properties(io::FileSystem& files, const std::string& directory, const MetaProperties& meta) {
  return files.replace_file(directory + kMetaFile, "#\ncluster.id=" + meta.cluster_id + "\ndirectory.id=" + meta.directory_id.text() +
                                                       "\nnode.id=" + std::to_string(meta.node_id) + "\nversion=1\n");
}

Result<Uuid> read_topic_id(io::FileSystem& files, const std::string& partition_directory) {
  constexpr std::string_view kId = "topic_id: ";
  const auto path = partition_directory + "/partition.metadata";
  SLUICE_TRY(const auto text, files.read_file(path));
  const auto at = text.find(kId);
  if (!text.starts_with("version: 0\n") || at == std::string::npos) {
    const auto code = text.starts_with("version: ") ? ErrorCode::unsupported : ErrorCode::corrupt;
    return Error{code, path + ": is not of version 0"};
  }
  const auto from = at + kId.size();
  auto id = Uuid::parse(std::string_view(text).substr(from, text.find('\n', from) - from));
  if (!id.ok()) return Error{ErrorCode::corrupt, path + ": " + id.error().message};
  return *id;
}

Result<void> write_topic_id(io::FileSystem& files, const std::string& partition_directory, const Uuid& topic_id) {
  return files.replace_file(partition_directory + "/partition.metadata", "version: 0\ntopic_id: " + topic_id.text() + "\n");
}

Result<bool> take_clean_marker(io::FileSystem& files, const std::string& directory) {
  SLUICE_TRY(const bool there, files.exists(directory + kCleanFile));
  if (!there) return false;
  SLUICE_RETURN_IF_ERROR(files.remove(directory + kCleanFile));
  SLUICE_RETURN_IF_ERROR(files.sync_directory(directory));
  return true;
}

Result<void> write_clean_marker(io::FileSystem& files, const std::string& directory) {
  return files.replace_file(directory + kCleanFile, "{\"version\":0,\"brokerEpoch\":-1}");
}

std::string partition_folder(const std::string& topic, std::int32_t partition) {
  return topic + "-" + std::to_string(partition);
}

Result<std::pair<std::string, std::int32_t>> parse_partition_folder(const std::string& folder) {
  const Error refused{ErrorCode::rejected, "'" + folder + "' is not the folder of a partition"};
  const auto dash = folder.rfind('-');
  if (dash == std::string::npos || dash == 0) return refused;
  std::int32_t partition = 0;
  const auto* const end = folder.data() + folder.size();
  const auto [at, error] = std::from_chars(folder.data() + dash + 1, end, partition);
  if (error != std::errc{} || at != end || partition < 0 || partition_folder(folder.substr(0, dash), partition) != folder) return refused;
  return std::pair(folder.substr(0, dash), partition);
}

Result<void> delete_partition(io::FileSystem& files, const std::string& directory) {
  // A name that no partition has: the topic may be made again at once.
  const auto away = parent_of(directory) + "/" + Uuid::random().text() + std::string(kDeleted);
  SLUICE_RETURN_IF_ERROR(files.rename(directory, away));
  SLUICE_RETURN_IF_ERROR(files.sync_directory(parent_of(directory)));
  return files.remove_all(away);
}

Result<void> sweep_deleted(io::FileSystem& files, const std::string& log_directory) {
  SLUICE_TRY(const auto names, files.list(log_directory));
  for (const auto& entry : names) {
    if (entry.is_directory && entry.name.ends_with(kDeleted)) {
      SLUICE_RETURN_IF_ERROR(files.remove_all(log_directory + "/" + entry.name));
    }
  }
  return {};
}

}  // namespace sluice::storage
