#include "deliver/archive/chain/completion.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace json = boost::json;

namespace {

struct Span {
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
  Offset first;
  Offset last;
};

// Adds what a commit record says of files in the folder.
void add(const CommitRecord& record, const std::string& prefix, Span& span) {
  for (const auto& file : record.files) {
    if (!file.name.starts_with(prefix) || file.name.find('/', prefix.size()) != std::string::npos) continue;
    if (span.files == 0) span.first = file.first_offset;
    span.first = std::min(span.first, file.first_offset);
    span.last = std::max(span.last, file.last_offset);
    span.rows += file.rows;
    ++span.files;
  }
}

}  // namespace

Result<void> write_success(pipeline::Store& store, const std::string& topic, const std::string& folder,
                           std::int64_t watermark_ms, const std::string& temporary) {
  const auto where = topic_folder(topic) + "/" + folder;
  SLUICE_TRY(const auto entries, store.list(where));
  std::map<std::pair<std::int32_t, Offset>, bool> records;
  for (const auto& entry : entries) {
    if (const auto id = parse_file_name(entry.name)) records[*id] = true;
  }
  std::map<std::int32_t, Span> partitions;
  for (const auto& [id, unused] : records) {
    SLUICE_TRY(const auto record, read_record(store, topic, id.first, id.second));
    add(record, where + "/", partitions[id.first]);
  }
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
  json::object offsets;
  for (const auto& [partition, span] : partitions) {
    rows += span.rows;
    files += span.files;
    offsets[std::to_string(partition)] = json::array{span.first.value, span.last.value};
  }
  const json::object success{{"watermark_ms", watermark_ms}, {"rows", rows}, {"files", files}, {"offsets", std::move(offsets)}};
  return store.replace(temporary, where + "/_SUCCESS", json::serialize(success) + "\n");
}

}  // namespace sluice::deliver::archive
