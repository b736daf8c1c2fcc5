#pragma once
// What code that reads a topic's archive needs to know of it, read from the archive itself.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "avro/schema.h"
#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::cli {

struct ExportedTopic {
  std::string topic;
  std::string place;                 // as a sink's `to`, absolute
  std::string folder;                // of the topic, in the place
  std::string format;                // of the newest file: "avro", "parquet"
  std::string older_format;          // of the oldest file, when that is another; else empty
  std::vector<std::string> levels;   // the folders below: "dt" of "dt=2026-11-24"; "" of one that is no name=value
  int version = 0;                   // of the schema
  avro::Schema row;                  // own columns, then the eleven
  avro::Schema own;
  std::map<std::int32_t, std::int64_t> ends;  // by partition: the first offset that no visible file and no earlier
                                              // record has
  std::string broker;                // "host:port"
  std::string registry;              // a URL

  [[nodiscard]] bool is_archive_column(std::string_view name) const { return own.root().field(name) == nullptr; }
};

// Errors: not_found: no archive there, no such topic (the hint names near ones), no file published yet; those of the
// store. `place`, `broker` and `registry` are the caller's.
[[nodiscard]] Result<ExportedTopic> read_exported(pipeline::Store& store, const std::string& topic);

}  // namespace sluice::cli
