#include "deliver/archive/chain/chain.h"

#include <algorithm>

#include "base/trace.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

using pipeline::Published;

namespace {

constexpr std::size_t kLargestRecordBytes = std::size_t{64} << 20;

}  // namespace

Result<std::vector<Offset>> list_records(pipeline::Store& store, const std::string& topic, std::int32_t partition) {
  SLUICE_TRY(const auto entries, store.list(chain_folder(topic, partition)));
  std::vector<Offset> firsts;
  for (const auto& entry : entries) {
    if (const auto first = record_first(entry.name)) firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

Result<CommitRecord> read_record(pipeline::Store& store, const std::string& topic, std::int32_t partition,
                                 Offset first) {
  const auto name = record_name(topic, partition, first);
  SLUICE_TRY(const auto text, store.read(name, 0, kLargestRecordBytes));
  SLUICE_TRY(auto record, parse_commit_record(text, name));
  if (record.topic != topic || record.partition != partition || record.first != first) {
    return Error{.code = ErrorCode::corrupt, .message = "commit record " + name + " is another's"};
  }
  return record;
}

Result<std::optional<CommitRecord>> read_newest(pipeline::Store& store, const std::string& topic,
                                                std::int32_t partition) {
  SLUICE_TRY(const auto firsts, list_records(store, topic, partition));
  if (firsts.empty()) return std::optional<CommitRecord>{};
  SLUICE_TRY(auto record, read_record(store, topic, partition, firsts.back()));
  return std::optional<CommitRecord>{std::move(record)};
}

Error archive_is_gone(const std::string& where, const std::string& topic, std::int32_t partition, Offset end) {
  return {.code = ErrorCode::back_off,
          .message = where + ": the archive of " + topic + " partition " + std::to_string(partition) + " reached offset " +
                     to_string(end) + ", and its commit records are gone",
          .hint = "bring the folder back (is it mounted?); it goes on by itself. To begin a new archive instead, restart sluice"};
}

Result<Chain> Chain::open(pipeline::Store& store, std::string topic, std::int32_t partition, std::string writer,
                          io::Workers* workers) {
  Chain chain(store, std::move(topic), partition, std::move(writer), workers);
  SLUICE_TRY(const auto firsts, list_records(store, chain.topic_, partition));
  if (firsts.empty()) return chain;
  SLUICE_TRY(const auto record, read_record(store, chain.topic_, partition, firsts.back()));
  // Its writer may have died before the name was durable, and no file may be published by a record that can go away.
  // Publishing again what is published makes it so.
  const auto name = record_name(chain.topic_, partition, record.first);
  SLUICE_RETURN_IF_ERROR(store.put(chain.new_temporary(record.first, ".json"), name, to_json(record)));
  SLUICE_RETURN_IF_ERROR(chain.finish(record));
  return chain;
}

std::string Chain::new_temporary(Offset first, std::string_view suffix) {
  return temporary_folder(topic_, partition_) + "/" + digits20(first) + "-" + std::to_string(temporaries_++) + "-" +
         writer_ + std::string(suffix);
}

Result<void> Chain::commit(Offset first, Offset end, std::vector<ArchivedFile> files, Note note) {
  SLUICE_CHECK(!end_ || *end_ == first);
  SLUICE_RETURN_IF_ERROR(check_newest());
  CommitRecord record;
  record.topic = topic_;
  record.partition = partition_;
  record.first = first;
  record.end = end;
  record.totals = totals_;
  for (const auto& file : files) {
    record.rows += file.rows;
    record.totals.bytes += file.bytes;
  }
  record.totals.rows += record.rows;
  record.totals.files += files.size();
  record.writer = writer_;
  record.time_ms = note.now_ms;
  record.gap = note.gap;
  record.incomplete = std::move(note.incomplete);
  record.filter = std::move(note.filter);
  record.filtered = note.filtered;
  record.files = std::move(files);
  SLUICE_RETURN_IF_ERROR(create(record));
  SLUICE_RETURN_IF_ERROR(finish(record));
  if (!lost_) return {};
  return Error{.code = ErrorCode::back_off,
               .message = store_->where() + ": uploads of " + topic_ + " partition " + std::to_string(partition_) +
                          " were aborted by somebody before they became files"};
}

Result<void> Chain::check_newest() {
  if (!newest_) return {};
  auto there = store_->size(record_name(topic_, partition_, *newest_));
  if (there.ok()) return {};
  if (there.error().code != ErrorCode::not_found) return std::move(there).error();
  return archive_is_gone(store_->where(), topic_, partition_, *end_);
}

Result<void> Chain::create(const CommitRecord& record) {
  const auto name = record_name(topic_, partition_, record.first);
  const auto temporary = new_temporary(record.first, ".json");
  SLUICE_TRY(const auto published, store_->put(temporary, name, to_json(record)));
  if (published == Published::now) return {};
  // The name is there. It is ours when a store tried again by itself; else somebody was first.
  SLUICE_TRY(const auto there, read_record(*store_, topic_, partition_, record.first));
  if (there == record) return {};
  return Error{.code = ErrorCode::fenced,
               .message = "another writer (" + there.writer + ") archives " + topic_ + " partition " +
                          std::to_string(partition_) + " into " + store_->where() + ": it has committed offset " +
                          to_string(record.first),
               .hint = "let one sink archive a topic into one place; this one discarded what it had not committed"};
}

Result<void> Chain::finish(const CommitRecord& record) {
  SLUICE_TRY(const auto missing, publish_files(record));
  if (!missing.empty()) {
    SLUICE_TRY(const bool named, were_named(record));
    if (!named) {
      lost_ = record;
      return {};
    }
    tell_missing(missing);
  }
  if (store_->temporaries_expire() && !record.files.empty()) {
    SLUICE_RETURN_IF_ERROR(store_->replace(new_temporary(record.first, ".named"), named_name(topic_, partition_), digits20(record.first)));
  }
  newest_ = record.first;
  end_ = record.end;
  totals_ = record.totals;
  incomplete_ = record.incomplete;
  return remove_stale();
}

Result<std::vector<const ArchivedFile*>> Chain::publish_files(const CommitRecord& record) const {
  const auto& files = record.files;
  std::vector<char> is_there(files.size());
  const auto one = [&](std::size_t i) -> Result<void> {
    SLUICE_TRY(is_there[i], publish(files[i]));
    return {};
  };
  io::Workers nobody(0);
  SLUICE_RETURN_IF_ERROR((workers_ != nullptr ? *workers_ : nobody).each(files.size(), one));
  std::vector<const ArchivedFile*> missing;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (is_there[i] == 0) missing.push_back(&files[i]);
  }
  return missing;
}

Result<bool> Chain::were_named(const CommitRecord& record) const {
  if (!store_->temporaries_expire()) return true;  // else they would be there
  const auto named = store_->read(named_name(topic_, partition_), 0, 100);
  if (!named.ok() && named.error().code != ErrorCode::not_found) return named.error();
  return named.ok() && *named == digits20(record.first);
}

// Stopping would not bring them back; verify tells which offsets they held.
void Chain::tell_missing(const std::vector<const ArchivedFile*>& files) {
  missing_files_ += files.size();
  for (const auto* file : files) {
    trace::error("archive", store_->where() + "/" + file->name + " is gone, and with it " + std::to_string(file->rows) +
                                " rows of offsets " + to_string(file->first_offset) + " to " + to_string(file->last_offset) +
                                "; see sluice verify");
  }
}

Result<bool> Chain::publish(const ArchivedFile& file) const {
  const auto published = store_->publish(file.temporary, file.name);
  if (!published.ok() && published.error().code == ErrorCode::not_found) return false;
  if (!published.ok()) return published.error();
  if (*published != Published::name_is_taken) return true;
  SLUICE_TRY(const auto size, store_->size(file.name));
  if (size != file.bytes) {
    return Error{.code = ErrorCode::corrupt,
                 .message = "cannot publish " + file.name + ": a file of this name is there that is not ours",
                 .hint = "move it away, then start the sink again"};
  }
  SLUICE_RETURN_IF_ERROR(store_->discard(file.temporary));
  return true;
}

Result<void> Chain::remove_stale() {
  SLUICE_TRY(const auto leftovers, store_->leftovers(temporary_folder(topic_, partition_), topic_folder(topic_) + "/"));
  for (const auto& leftover : leftovers) {
    auto first = temporary_first(leftover.name);
    if (const auto file = parse_file_name(leftover.name); file && file->first == partition_) first = file->second;
    if (first && *first < *end_) SLUICE_RETURN_IF_ERROR(store_->discard(leftover.id));
  }
  return {};
}

}  // namespace sluice::deliver::archive
