#pragma once
// `<topic>/_latest.json`: which version of a table is the newest whole one (docs/formats/archive.md, The latest state).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::deliver::archive {

struct LatestFile {
  std::string name;  // in the version's folder
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
  std::uint64_t rows = 0;

  bool operator==(const LatestFile&) const = default;
};

struct LatestPointer {
  std::string topic;
  std::string version;                     // the last part of its folder's name
  std::vector<std::string> previous = {};  // whole versions before it that are kept, newest first
  std::vector<Offset> offsets = {};        // by partition: the table is the state there, exclusive
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unreadable = 0;            // records that could not be rows
  std::string filter = {};                 // which rows were taken; empty: all of them
  std::uint64_t filtered = 0;              // those that were not
  std::int64_t time_ms = 0;                // when the offsets were taken
  std::string schema = {};                 // Avro JSON of a row
  std::vector<LatestFile> files = {};

  bool operator==(const LatestPointer&) const = default;
};

// "<topic>/_latest.json", and a version's folder.
[[nodiscard]] std::string latest_name(std::string_view topic);
[[nodiscard]] std::string version_folder(std::string_view topic, std::string_view version);
// "v-<the sum of the offsets, 20 digits>-<writer>": unique, and later states sort later.
[[nodiscard]] std::string version_name(const std::vector<Offset>& offsets, std::string_view writer);
[[nodiscard]] Offset sum_of(const std::vector<Offset>& offsets);

[[nodiscard]] std::string to_json(const LatestPointer& pointer);
// `name` is for messages. Errors: corrupt, unsupported (a later version).
[[nodiscard]] Result<LatestPointer> parse_latest_pointer(ByteView json, const std::string& name);

}  // namespace sluice::deliver::archive
