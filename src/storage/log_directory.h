#pragma once
// The files beside the partitions' folders, in Kafka's formats: who owns the directory, how far each partition is known to
// be good, and whether the last stop was clean.
//
//   meta.properties                    cluster and directory id
//   recovery-point-offset-checkpoint   "0\n<count>\n<topic> <partition> <offset>\n…"; the two below likewise
//   log-start-offset-checkpoint
//   cleaner-offset-checkpoint
//   .kafka_cleanshutdown               there only after a clean stop; removed before the first partition is opened
//
// All of them are replaced whole: after a crash the old or the new file. Errors: corrupt and unsupported (a newer
// version) name file and line.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"
#include "io/file_system.h"

namespace sluice::storage {

// Partition (topic, number) -> offset.
using OffsetCheckpoint = std::map<std::pair<std::string, std::int32_t>, Offset>;

inline constexpr const char* kRecoveryPointFile = "recovery-point-offset-checkpoint";
inline constexpr const char* kLogStartFile = "log-start-offset-checkpoint";
inline constexpr const char* kCleanerFile = "cleaner-offset-checkpoint";

// `path` is the whole path of the file. A missing file is an empty checkpoint.
[[nodiscard]] Result<OffsetCheckpoint> read_checkpoint(io::FileSystem& files, const std::string& path);
[[nodiscard]] Result<void> write_checkpoint(io::FileSystem& files, const std::string& path, const OffsetCheckpoint& checkpoint);

struct MetaProperties {
  std::string cluster_id;
  std::int32_t node_id = 1;
  Uuid directory_id;
};
// Errors: not_found, when the directory is new.
[[nodiscard]] Result<MetaProperties> read_meta_properties(io::FileSystem& files, const std::string& directory);
[[nodiscard]] Result<void> write_meta_properties(io::FileSystem& files, const std::string& directory, const MetaProperties& meta);

// A partition's file partition.metadata: "version: 0\ntopic_id: <id>\n". Errors: not_found, corrupt, unsupported.
[[nodiscard]] Result<Uuid> read_topic_id(io::FileSystem& files, const std::string& partition_directory);
[[nodiscard]] Result<void> write_topic_id(io::FileSystem& files, const std::string& partition_directory, const Uuid& topic_id);

// Whether the marker was there; it is not afterwards, durably.
[[nodiscard]] Result<bool> take_clean_marker(io::FileSystem& files, const std::string& directory);
[[nodiscard]] Result<void> write_clean_marker(io::FileSystem& files, const std::string& directory);

// "<topic>-<n>"
[[nodiscard]] std::string partition_folder(const std::string& topic, std::int32_t partition);
// The parts of such a name. Errors: rejected.
[[nodiscard]] Result<std::pair<std::string, std::int32_t>> parse_partition_folder(const std::string& folder);

// Deletes a partition's folder: after a crash it is whole, or gone under its name; the rest (names that end in "-delete") is
// swept by sweep_deleted(). No Partition may be open there, except for readers of its slices.
[[nodiscard]] Result<void> delete_partition(io::FileSystem& files, const std::string& directory);
// Removes what delete_partition() left behind in a log directory.
[[nodiscard]] Result<void> sweep_deleted(io::FileSystem& files, const std::string& log_directory);

}  // namespace sluice::storage
