#pragma once
// One link of a partition's chain (docs/formats/archive.md, Commit records).

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace sluice::deliver::avro_file {

struct ArchivedFile {
  std::string temporary;
  std::string name;
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
  std::uint64_t rows = 0;
  Offset first_offset;
  Offset last_offset;
  std::uint32_t offsets_crc32c = 0;

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
  std::vector<ArchivedFile> files;

  bool operator==(const CommitRecord&) const = default;
};

[[nodiscard]] std::string to_json(const CommitRecord& record);
// `name` is for messages. Errors: corrupt, unsupported (a later version).
[[nodiscard]] Result<CommitRecord> parse_commit_record(ByteView json, const std::string& name);

}  // namespace sluice::deliver::avro_file
