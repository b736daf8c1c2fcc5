#include "deliver/archive/chain/copy.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/crc32c.h"
#include "base/uuid.h"
#include "deliver/archive/chain/chain.h"
#include "deliver/archive/chain/completion.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/chain/rewind.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
constexpr std::size_t kSmallBytes = std::size_t{16} << 20;  // of schemas and the like

std::string unique_text() {
  const auto uuid = Uuid::random();
  return "copy-" + hex({reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()});
}

std::string folder_of(const std::string& name) { return name.substr(0, name.rfind('/')); }

// The numbered folders of a topic's chains.
Result<std::vector<std::int32_t>> partitions_of(pipeline::Store& store, const std::string& topic) {
  SLUICE_TRY(const auto entries, store.list(chain_root(topic)));
  std::vector<std::int32_t> out;
  for (const auto& entry : entries) {
    const bool numbered = entry.name.size() < 10 && entry.name.find_first_not_of("0123456789") == std::string::npos;
    if (entry.is_folder && numbered) out.push_back(std::stoi(entry.name));
  }
  std::ranges::sort(out);
  return out;
}

Result<std::vector<std::string>> topics_of(pipeline::Store& store) {
  auto format = store.read(std::string(kFormatFile), 0, kSmallBytes);
  if (!format.ok() && format.error().code == ErrorCode::not_found) {
    return Error{.code = ErrorCode::not_found, .message = "there is no archive in " + store.where()};
  }
  if (!format.ok()) return std::move(format).error();
  if (*format != kFormatText) {
    return Error{.code = ErrorCode::unsupported, .message = store.where() + " is an archive that this program does not know: " + *format};
  }
  SLUICE_TRY(const auto entries, store.list(std::string(kOurFolder)));
  std::vector<std::string> out;
  for (const auto& entry : entries) {
    if (entry.is_folder) out.push_back(topic_of_folder(entry.name));
  }
  std::ranges::sort(out);
  return out;
}

// Whether two records say the same of the same files, wherever those were before they had their names.
bool same_rows(CommitRecord a, CommitRecord b) {
  for (auto* record : {&a, &b}) {
    record->writer.clear();
    record->incomplete.clear();
    for (auto& file : record->files) file.temporary.clear();
  }
  return a == b;
}

class Copy {
 public:
  Copy(pipeline::Store& from, pipeline::Store& to, const std::function<void(const Copied&)>& tell)
      : from_(from), to_(to), tell_(tell) {}

  Result<Copied> run() {
    if (from_.where() == to_.where()) return Error{.code = ErrorCode::rejected, .message = from_.where() + " is where it is"};
    SLUICE_TRY(const auto topics, topics_of(from_));
    SLUICE_RETURN_IF_ERROR(put(std::string(kFormatFile), std::string(kFormatText)));
    for (const auto& topic : topics) SLUICE_RETURN_IF_ERROR(copy_topic(topic));
    return copied_;
  }

 private:
  Result<void> copy_topic(const std::string& topic) {
    copied_.topic = topic;
    successes_.clear();
    touched_.clear();
    // What is said to be complete before its records are listed has all its rows in these.
    SLUICE_RETURN_IF_ERROR(find_successes(topic_folder(topic)));
    SLUICE_TRY(const auto schemas, from_.list(schema_folder(topic)));
    for (const auto& entry : schemas) {
      if (!schema_version(entry.name)) continue;
      const auto name = schema_folder(topic) + "/" + entry.name;
      SLUICE_TRY(const auto text, from_.read(name, 0, kSmallBytes));
      SLUICE_RETURN_IF_ERROR(put(name, text));
    }
    SLUICE_TRY(const auto partitions, partitions_of(from_, topic));
    for (const auto partition : partitions) SLUICE_RETURN_IF_ERROR(copy_partition(topic, partition));
    return copy_successes(topic);
  }

  // A small object that never changes.
  Result<void> put(const std::string& name, const std::string& text) {
    SLUICE_TRY(const auto put, to_.put(temporary(), name, text));
    if (put != pipeline::Published::name_is_taken) return {};
    SLUICE_TRY(const auto there, to_.read(name, 0, kSmallBytes));
    return there == text ? Result<void>{} : another_archive(name);
  }

  Error another_archive(const std::string& name) const {
    return {.code = ErrorCode::rejected,
            .message = to_.where() + " holds another archive: its " + name + " is not that of " + from_.where(),
            .hint = "copy to a place of its own; a sink that has gone on at the copy makes it another archive"};
  }

  Result<void> copy_partition(const std::string& topic, std::int32_t partition) {
    copied_.partition = partition;
    SLUICE_TRY(const auto firsts, list_records(from_, topic, partition));
    SLUICE_TRY(auto chain, Chain::open(to_, topic, partition, writer_));
    if (const auto lost = chain.lost()) {  // of an earlier try
      SLUICE_TRY(const auto plan, plan_rewind(to_, topic, partition, lost->first));
      SLUICE_RETURN_IF_ERROR(go_back(to_, plan));
      SLUICE_TRY(chain, Chain::open(to_, topic, partition, writer_));
    }
    SLUICE_RETURN_IF_ERROR(check_beginning(topic, partition));
    for (const auto first : firsts) {
      const auto end = chain.end().value_or(Offset{0});
      if (first < end) continue;
      SLUICE_TRY(auto record, read_record(from_, topic, partition, first));
      if (first > end) {
        return Error{.code = ErrorCode::corrupt,
                     .message = from_.where() + ": commit records of " + topic + " partition " + std::to_string(partition) +
                                " are missing before " + record_name(topic, partition, first),
                     .hint = "see sluice verify " + from_.where()};
      }
      SLUICE_RETURN_IF_ERROR(copy_record(chain, std::move(record), first == firsts.back()));
    }
    return {};
  }

  // That what the target has is the beginning of what is copied: its newest record is one of ours.
  Result<void> check_beginning(const std::string& topic, std::int32_t partition) {
    SLUICE_TRY(const auto there, read_newest(to_, topic, partition));
    if (!there) return {};
    auto here = read_record(from_, topic, partition, there->first);
    if (!here.ok() && here.error().code != ErrorCode::not_found) return std::move(here).error();
    if (here.ok() && same_rows(*here, *there)) return {};
    return another_archive(record_name(topic, partition, there->first));
  }

  Result<void> copy_record(Chain& chain, CommitRecord record, bool newest) {
    for (auto& file : record.files) SLUICE_RETURN_IF_ERROR(copy_file(chain, record.first, newest, file));
    SLUICE_RETURN_IF_ERROR(chain.commit(record.first, record.end, std::move(record.files),
                                        {.gap = record.gap, .now_ms = record.time_ms, .incomplete = std::move(record.incomplete),
                                         .filter = std::move(record.filter), .filtered = record.filtered}));
    ++copied_.records;
    return {};
  }

  Result<void> copy_file(Chain& chain, Offset first, bool newest, ArchivedFile& file) {
    auto name = file.name;
    auto size = from_.size(name);
    if (!size.ok() && size.error().code == ErrorCode::not_found && newest) {
      // The newest record's files may be without their names still; not every place can read them then.
      if (auto waiting = from_.size(file.temporary); waiting.ok()) {
        size = waiting;
        name = file.temporary;
      }
    }
    if (!size.ok() && size.error().code == ErrorCode::not_found) {
      return Error{.code = newest ? ErrorCode::back_off : ErrorCode::not_found,
                   .message = from_.where() + "/" + file.name + " is committed and not there",
                   .hint = newest ? "a sink that runs gives it its name; then copy again" : "see sluice verify " + from_.where()};
    }
    if (!size.ok()) return std::move(size).error();
    SLUICE_TRY(const auto writer, to_.create(chain.new_temporary(first, file.name.substr(file.name.rfind('.'))), file.name));
    std::uint32_t crc = 0;
    std::uint64_t bytes = 0;
    while (bytes < *size) {
      SLUICE_TRY(const auto piece, from_.read(name, bytes, kPieceBytes));
      if (piece.empty()) break;
      crc = crc32c(piece, crc);
      bytes += piece.size();
      SLUICE_RETURN_IF_ERROR(writer->append(piece));
    }
    if (bytes != file.bytes || crc != file.crc32c) {
      return Error{.code = ErrorCode::corrupt,
                   .message = from_.where() + "/" + file.name + " is not what was committed",
                   .hint = "see sluice verify " + from_.where()};
    }
    SLUICE_TRY(file.temporary, writer->finish());
    touched_.insert(folder_of(file.name));
    ++copied_.files;
    copied_.bytes += bytes;
    copied_.rows += file.rows;
    if (tell_) tell_(copied_);
    return {};
  }

  Result<void> find_successes(const std::string& folder) {
    SLUICE_TRY(const auto entries, from_.list(folder));
    for (const auto& entry : entries) {
      if (entry.is_folder) SLUICE_RETURN_IF_ERROR(find_successes(folder + "/" + entry.name));
      if (entry.name != "_SUCCESS" || entry.is_folder) continue;
      SLUICE_TRY(const auto text, from_.read(folder + "/_SUCCESS", 0, kSmallBytes));
      boost::json::error_code failed;
      const auto value = boost::json::parse(text, failed);
      const auto* watermark = failed || !value.is_object() ? nullptr : value.get_object().if_contains("watermark_ms");
      if (watermark != nullptr && watermark->is_int64()) successes_[folder] = watermark->get_int64();
    }
    return {};
  }

  // With the counts of what is at the target.
  Result<void> copy_successes(const std::string& topic) {
    for (const auto& [folder, watermark_ms] : successes_) {
      const auto there = to_.size(folder + "/_SUCCESS");
      if (there.ok() && !touched_.contains(folder)) continue;
      const auto below = folder.substr(topic_folder(topic).size() + 1);
      SLUICE_RETURN_IF_ERROR(write_success(to_, topic, below, watermark_ms, temporary()));
    }
    return {};
  }

  std::string temporary() { return std::string(kOurFolder) + "/" + writer_ + "-" + std::to_string(temporaries_++) + ".tmp"; }

  pipeline::Store& from_;
  pipeline::Store& to_;
  const std::function<void(const Copied&)>& tell_;
  const std::string writer_ = unique_text();
  std::uint64_t temporaries_ = 0;
  Copied copied_;
  std::map<std::string, std::int64_t> successes_;  // of the topic at hand: folder to watermark
  std::set<std::string> touched_;                  // its folders that got a file
};

// Removes what lies below a folder and `which` takes.
template <typename Which>
Result<std::uint64_t> remove_below(pipeline::Store& store, const std::string& folder, const Which& which) {
  SLUICE_TRY(const auto entries, store.list(folder));
  std::uint64_t removed = 0;
  for (const auto& entry : entries) {
    const auto name = folder + "/" + entry.name;
    if (entry.is_folder) {
      SLUICE_TRY(const auto below, remove_below(store, name, which));
      removed += below;
    } else if (which(entry.name)) {
      SLUICE_RETURN_IF_ERROR(store.remove(name));
      ++removed;
    }
  }
  return removed;
}

}  // namespace

Result<Copied> copy_archive(pipeline::Store& from, pipeline::Store& to, const std::function<void(const Copied&)>& tell) {
  return Copy(from, to, tell).run();
}

Result<std::uint64_t> remove_archive(pipeline::Store& store) {
  SLUICE_TRY(const auto topics, topics_of(store));
  std::uint64_t removed = 0;
  for (const auto& topic : topics) {
    SLUICE_TRY(const auto files, remove_below(store, topic_folder(topic), [](const std::string& name) {
      return name == "_SUCCESS" || parse_file_name(name).has_value();
    }));
    removed += files;
    SLUICE_TRY(const auto partitions, partitions_of(store, topic));
    for (const auto partition : partitions) {
      SLUICE_TRY(const auto leftovers, store.leftovers(temporary_folder(topic, partition), topic_folder(topic) + "/"));
      for (const auto& leftover : leftovers) SLUICE_RETURN_IF_ERROR(store.discard(leftover.id));
    }
  }
  for (const auto& topic : topics) {
    SLUICE_RETURN_IF_ERROR(remove_below(store, chain_root(topic), [](const std::string&) { return true; }));
  }
  SLUICE_RETURN_IF_ERROR(store.remove(std::string(kFormatFile)));
  return removed;
}

}  // namespace sluice::deliver::archive
