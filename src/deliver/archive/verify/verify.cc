#include "deliver/archive/verify/verify.h"

#include <algorithm>
#include <set>

#include "deliver/archive/chain/chain.h"
#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/sink.h"
#include "deliver/archive/verify/verify_file.h"
#include "deliver/archive/verify/verify_latest.h"

namespace sluice::deliver::archive {

namespace {

class Verification {
 public:
  Verification(pipeline::Store& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<ArchiveReport> run() {
    SLUICE_TRY(const bool latest, check_version());
    if (latest) return verify_latest(store_, options_);
    SLUICE_TRY(const auto topics, store_.list(std::string(kOurFolder)));
    std::set<std::string> names;
    for (const auto& entry : topics) {
      if (entry.is_folder) names.insert(topic_of_folder(entry.name));
    }
    for (const auto& topic : names) {
      if (topic_matches(options_.topics, topic)) SLUICE_RETURN_IF_ERROR(verify_topic(topic));
    }
    return std::move(report_);
  }

 private:
  // Whether it is of latest states.
  Result<bool> check_version() {
    auto text = store_.read(std::string(kFormatFile), 0, 4096);
    if (!text.ok() && text.error().code == ErrorCode::not_found) {
      return Error{.code = ErrorCode::not_found, .message = "there is no archive in " + store_.where()};
    }
    if (!text.ok()) return std::move(text).error();
    if (*text == kLatestFormatText) return true;
    if (text->find("sluice-archive\",\"version\":1}") != std::string::npos) return false;
    return Error{.code = ErrorCode::unsupported, .message = store_.where() + " is of another version: " + *text};
  }

  Result<void> verify_topic(const std::string& topic) {
    SLUICE_TRY(const auto entries, store_.list(chain_root(topic)));
    std::set<std::int32_t> partitions;
    for (const auto& entry : entries) {
      if (entry.is_folder && entry.name.find_first_not_of("0123456789") == std::string::npos && entry.name.size() < 10) {
        partitions.insert(std::stoi(entry.name));
      }
    }
    known_files_.clear();
    for (const auto partition : partitions) SLUICE_RETURN_IF_ERROR(verify_partition(topic, partition));
    return find_strays(topic_folder(topic), topic);
  }

  Result<void> verify_partition(const std::string& topic, std::int32_t partition) {
    SLUICE_TRY(const auto firsts, list_records(store_, topic, partition));
    if (firsts.empty()) return {};
    at_ = &report_.partitions.emplace_back();
    at_->topic = topic;
    at_->partition = partition;
    at_->first = firsts.front();
    at_->end = Offset{0};
    for (const auto first : firsts) {
      if (first > at_->end) problem(at_->end, first, {}, "commit records are missing");
      if (first < at_->end) problem(first, at_->end, record_name(topic, partition, first), "commit records overlap");
      SLUICE_RETURN_IF_ERROR(verify_record(first, first == firsts.back()));
    }
    return {};
  }

  Result<void> verify_record(Offset first, bool newest) {
    const auto name = record_name(at_->topic, at_->partition, first);
    auto record = read_record(store_, at_->topic, at_->partition, first);
    if (!record.ok()) {
      if (record.error().code != ErrorCode::corrupt) return std::move(record).error();
      problem(first, first, name, record.error().message);
      return {};
    }
    at_->end = std::max(at_->end, record->end);
    at_->filtered += record->filtered;
    if (!record->filter.empty() && std::ranges::find(at_->filters, record->filter) == at_->filters.end()) {
      at_->filters.push_back(record->filter);
    }
    if (record->gap && first > Offset{0}) {
      problem(first, record->end, name, "never archived: the log had lost them before");
    }
    offsets_.clear();
    for (const auto& file : record->files) {
      known_files_.insert(file.name);
      SLUICE_RETURN_IF_ERROR(verify_file(file, newest));
    }
    std::sort(offsets_.begin(), offsets_.end());
    const auto twice = std::adjacent_find(offsets_.begin(), offsets_.end());
    if (twice != offsets_.end()) problem(Offset{*twice}, Offset{*twice} + 1, name, "an offset is there twice");
    return {};
  }

  Result<void> verify_file(const ArchivedFile& file, bool newest) {
    const auto from = file.first_offset;
    const auto to = file.last_offset + 1;
    auto name = file.name;
    auto size = store_.size(name);
    if (!size.ok() && size.error().code == ErrorCode::not_found && newest) {
      // The roll may be just being published: look at the temporary, then once more.
      size = store_.temporary_size(name = file.temporary);
      if (!size.ok() && size.error().code == ErrorCode::not_found) size = store_.size(name = file.name);
    }
    if (!size.ok() && size.error().code == ErrorCode::not_found) {
      problem(from, to, file.name, "the file is missing: " + std::to_string(file.rows) + " rows");
      return {};
    }
    if (!size.ok()) return std::move(size).error();
    ++at_->files;
    at_->bytes += *size;
    if (*size != file.bytes) {
      problem(from, to, file.name, "it has " + std::to_string(*size) + " bytes instead of " + std::to_string(file.bytes));
      return {};
    }
    if (!options_.read_rows) {
      at_->rows += file.rows;
      return {};
    }
    return verify_rows(file, name);
  }

  Result<void> verify_rows(const ArchivedFile& file, const std::string& name) {
    const auto from = file.first_offset;
    const auto to = file.last_offset + 1;
    FileScan scan;
    auto read = read_rows(file.name, name, scan);
    if (!read.ok() && read.error().code == ErrorCode::not_found && name == file.temporary) {
      scan = {};  // published meanwhile; or a place whose temporaries cannot be read
      read = read_rows(file.name, file.name, scan);
      if (!read.ok() && read.error().code == ErrorCode::not_found) {
        problem(from, to, file.name, "it is committed and has not got its name yet: the sink gives it when it runs");
        return {};
      }
    }
    if (!read.ok()) {
      if (read.error().code != ErrorCode::corrupt && read.error().code != ErrorCode::unsupported) return read;
      problem(from, to, file.name, read.error().message);
      return {};
    }
    at_->rows += scan.rows;
    if (scan.rows != file.rows) {
      problem(from, to, file.name, std::to_string(scan.rows) + " rows instead of " + std::to_string(file.rows));
    } else if (scan.offsets_crc != file.offsets_crc32c) {
      problem(from, to, file.name, "its rows' offsets are not those that were committed");
    } else if (scan.crc != file.crc32c) {
      problem(from, to, file.name, "its bytes are not those that were committed");
    }
    return {};
  }

  // `name` is where the file named `final_name` is now.
  Result<void> read_rows(const std::string& final_name, const std::string& name, FileScan& scan) {
    return scan_file(store_, options_, at_->topic, final_name, name, scan, [this](const ArchivedRow& row) {
      offsets_.push_back(row.offset.value);
      if (options_.visit) options_.visit(row);
    });
  }

  // Files that no record names would be read as rows all the same.
  Result<void> find_strays(const std::string& folder, const std::string& topic) {
    SLUICE_TRY(const auto entries, store_.list(folder));
    for (const auto& entry : entries) {
      const auto name = folder + "/" + entry.name;
      if (entry.is_folder) {
        SLUICE_RETURN_IF_ERROR(find_strays(name, topic));
      } else if (parse_file_name(entry.name) && !known_files_.contains(name)) {
        SLUICE_TRY(const bool newer, published_since(name, topic));
        if (!newer) report_.problems.push_back({topic, 0, Offset{0}, Offset{0}, name, "no commit record names this file"});
      }
    }
    return {};
  }

  // Whether a file belongs to a record that was made after the records were listed.
  Result<bool> published_since(const std::string& name, const std::string& topic) {
    const auto id = parse_file_name(name.substr(name.rfind('/') + 1));
    if (!id) return false;
    const auto record = read_record(store_, topic, id->first, id->second);
    if (!record.ok() && record.error().code == ErrorCode::not_found) return false;
    if (!record.ok()) return record.error();
    return std::any_of(record->files.begin(), record->files.end(), [&](const auto& f) { return f.name == name; });
  }

  void problem(Offset from, Offset to, std::string file, std::string what) {
    report_.problems.push_back({at_->topic, at_->partition, from, to, std::move(file), std::move(what)});
  }

  pipeline::Store& store_;
  const VerifyOptions& options_;
  ArchiveReport report_;
  ArchivedPartition* at_ = nullptr;       // the partition at hand, in report_
  std::set<std::string> known_files_;     // of the topic at hand
  std::vector<std::int64_t> offsets_;     // of the record at hand
};

}  // namespace

Result<ArchiveReport> verify_archive(pipeline::Store& store, const VerifyOptions& options) {
  return Verification(store, options).run();
}

}  // namespace sluice::deliver::archive
