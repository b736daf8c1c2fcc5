#pragma once
// One link of a partition's chain (docs/formats/archive.md, Commit records).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::deliver::archive {

struct ArchivedFile {
  std::string temporary;
  std::string name;
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
  std::uint64_t rows = 0;
  Offset first_offset;
  Offset last_offset;
  std::uint32_t offsets_crc32c = 0;
  int schema_version = 0;                 // of the topic's schema in the archive; 0: dead letters
  std::vector<std::int32_t> registry_ids = {};  // of the values' schemas, ascending

  bool operator==(const ArchivedFile&) const = default;
};

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;

  bool operator==(const Totals&) const = default;
};

struct CommitRecord {
  std::string topic;
  std::int32_t partition = 0;
  Offset first;
  Offset end;
  std::uint64_t rows = 0;
  Totals totals;  // this record included
  std::string writer;
  std::int64_t time_ms = 0;
  bool gap = false;
  // Folders that were not known to be complete, and when (ms since 1970) their time is over; see completion.h.
  std::map<std::string, std::int64_t> incomplete = {};
  std::string filter = {};     // which rows were taken; empty: all of them
  std::uint64_t filtered = 0;  // those that were not
  std::vector<ArchivedFile> files;

  bool operator==(const CommitRecord&) const = default;
};

[[nodiscard]] std::string to_json(const CommitRecord& record);
// `name` is for messages. Errors: corrupt, unsupported (a later version).
[[nodiscard]] Result<CommitRecord> parse_commit_record(ByteView json, const std::string& name);

}  // namespace sluice::deliver::archive
