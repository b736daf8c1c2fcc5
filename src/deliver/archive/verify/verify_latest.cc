#include "deliver/archive/verify/verify_latest.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "deliver/archive/latest/latest_topic.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/latest/newest_records.h"
#include "deliver/archive/sink.h"
#include "deliver/archive/verify/verify_file.h"

namespace sluice::deliver::archive {

namespace {

class LatestVerification {
 public:
  LatestVerification(pipeline::Store& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<ArchiveReport> run() {
    SLUICE_TRY(const auto folders, store_.list(""));
    for (const auto& folder : folders) {
      const auto topic = topic_of_folder(folder.name);
      if (!folder.is_folder || folder.name == kOurFolder || !topic_matches(options_.topics, topic)) continue;
      SLUICE_RETURN_IF_ERROR(verify_topic(topic));
    }
    return std::move(report_);
  }

 private:
  Result<void> verify_topic(const std::string& topic) {
    auto pointer = read_latest(store_, topic);
    if (!pointer.ok() && pointer.error().code != ErrorCode::corrupt) return std::move(pointer).error();
    if (!pointer.ok()) {
      report_.problems.push_back({topic, 0, {}, {}, latest_name(topic), pointer.error().message});
      return {};
    }
    if (!*pointer) return {};
    std::vector<ArchivedPartition> partitions;
    for (std::size_t i = 0; i < (*pointer)->offsets.size(); ++i) {
      partitions.push_back({topic, static_cast<std::int32_t>(i), Offset{0}, (*pointer)->offsets[i]});
    }
    if (!(*pointer)->filter.empty() && !partitions.empty()) {
      partitions.front().filters = {(*pointer)->filter};
      partitions.front().filtered = (*pointer)->filtered;
    }
    keys_ = {};
    for (const auto& file : (*pointer)->files) SLUICE_RETURN_IF_ERROR(verify_file(**pointer, file, partitions));
    report_.partitions.insert(report_.partitions.end(), partitions.begin(), partitions.end());
    return {};
  }

  Result<void> verify_file(const LatestPointer& pointer, const LatestFile& file, std::vector<ArchivedPartition>& partitions) {
    const auto name = version_folder(pointer.topic, pointer.version) + "/" + file.name;
    const auto problem = [&](std::string what) {
      report_.problems.push_back({pointer.topic, 0, Offset{0}, sum_of(pointer.offsets), name, std::move(what)});
    };
    const auto size = store_.size(name);
    if (!size.ok() && size.error().code != ErrorCode::not_found) return size.error();
    if (!size.ok()) return problem("the file is missing: " + std::to_string(file.rows) + " rows"), Result<void>{};
    if (!partitions.empty()) {
      ++partitions.front().files;
      partitions.front().bytes += *size;
    }
    if (*size != file.bytes) {
      return problem("it has " + std::to_string(*size) + " bytes instead of " + std::to_string(file.bytes)), Result<void>{};
    }
    if (!options_.read_rows) return {};
    FileScan scan;
    const auto read = scan_file(store_, options_, pointer.topic, name, name, scan, [&](const ArchivedRow& row) {
      check_row(row, name, partitions);
    });
    if (!read.ok() && read.error().code != ErrorCode::corrupt && read.error().code != ErrorCode::unsupported) return read;
    if (!read.ok()) problem(read.error().message);
    else if (scan.rows != file.rows) problem(std::to_string(scan.rows) + " rows instead of " + std::to_string(file.rows));
    else if (scan.crc != file.crc32c) problem("its bytes are not those that were written");
    return {};
  }

  void check_row(const ArchivedRow& row, const std::string& file, std::vector<ArchivedPartition>& partitions) {
    const auto at = static_cast<std::size_t>(row.partition);
    if (row.partition < 0 || at >= partitions.size() || row.offset >= partitions[at].end) {
      report_.problems.push_back({std::string(row.topic), row.partition, row.offset, row.offset + 1, file, "a row is of no offset of this version"});
      return;
    }
    ++partitions[at].rows;
    if (row.key) {
      auto& keys = keys_[row.partition];
      const auto key = hash128(*row.key, 0);
      if (keys.newest(key)) {
        report_.problems.push_back({std::string(row.topic), row.partition, row.offset, row.offset + 1, file, "its key is there twice"});
      }
      keys.note(key, row.offset, false);
    }
    if (options_.visit) options_.visit(row);
  }

  pipeline::Store& store_;
  const VerifyOptions& options_;
  ArchiveReport report_;
  std::map<std::int32_t, NewestRecords> keys_;  // of the topic at hand, by partition
};

}  // namespace

Result<ArchiveReport> verify_latest(pipeline::Store& store, const VerifyOptions& options) {
  auto report = LatestVerification(store, options).run();
  if (report.ok() && report->ok()) return report;
  // The sink may have removed a version while it was read: what is wrong is wrong twice.
  return options.visit ? std::move(report) : LatestVerification(store, options).run();
}

}  // namespace sluice::deliver::archive
