#include "deliver/avro_file/archive_run.h"

#include <algorithm>

#include "base/trace.h"
#include "base/uuid.h"
#include "deliver/avro_file/layout.h"

namespace sluice::deliver::avro_file {

namespace {

constexpr std::string_view kFormatText = "{\"format\":\"sluice-archive\",\"version\":1}\n";

std::string writer_id() {
  const auto uuid = Uuid::random();
  return hex({reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()});
}

std::string text_of(const TopicPartition& at) { return at.first + " partition " + std::to_string(at.second); }

// Errors that concern one partition and leave the others alone.
bool is_of_one_partition(ErrorCode code) {
  return code == ErrorCode::rejected || code == ErrorCode::corrupt || code == ErrorCode::unsupported;
}

pipeline::StageItem& item_of(std::map<std::string, pipeline::StageItem>& items, const std::string& topic) {
  auto& item = items[topic];
  if (item.name.empty()) {
    item.name = topic;
    item.state = "archiving";
  }
  return item;
}

}  // namespace

Result<std::vector<TopicPartition>> matching_partitions(pipeline::Log& log, const std::vector<std::string>& globs) {
  SLUICE_TRY(const auto topics, log.topics());
  std::vector<TopicPartition> out;
  for (const auto& topic : topics) {
    if (!topic_matches(globs, topic.name)) continue;
    for (std::int32_t i = 0; i < topic.partitions; ++i) out.emplace_back(topic.name, i);
  }
  return out;
}

Result<std::unique_ptr<ArchiveRun>> ArchiveRun::begin(const SinkOptions& options, pipeline::Log& log,
                                                      pipeline::SchemaCatalog& catalog, pipeline::Store& store,
                                                      const io::Clock& clock) {
  SLUICE_TRY(auto compressor, BlockCompressor::create(options.codec));
  std::unique_ptr<ArchiveRun> run(
      new ArchiveRun(ArchiverContext{options, log, catalog, store, clock, writer_id(), compressor.get()}));
  run->compressor_ = std::move(compressor);
  SLUICE_RETURN_IF_ERROR(run->check_format());
  return run;
}

Result<void> ArchiveRun::check_format() {
  auto& store = context_.store;
  const std::string name(kFormatFile);
  auto text = store.read(name, 0, 4096);
  if (text.ok()) {
    if (*text == kFormatText) return {};
    return Error{.code = ErrorCode::unsupported,
                 .message = store.where() + "/" + name + " is of an archive that this program does not know: " + *text};
  }
  if (text.error().code != ErrorCode::not_found) return std::move(text).error();
  const auto temporary = std::string(kOurFolder) + "/format-" + context_.writer + ".tmp";
  SLUICE_TRY(const auto file, store.create(temporary));
  SLUICE_RETURN_IF_ERROR(file->append(kFormatText));
  SLUICE_RETURN_IF_ERROR(file->finish());
  SLUICE_TRY(const auto published, store.publish(temporary, name));
  return published == pipeline::Published::name_is_taken ? store.remove(temporary) : Result<void>{};
}

Result<void> ArchiveRun::discover() {
  SLUICE_TRY(const auto all, matching_partitions(context_.log, context_.options.topics));
  for (const auto& at : all) {
    if (!partitions_.contains(at) && !failures_.contains(at)) SLUICE_RETURN_IF_ERROR(open(at));
  }
  return {};
}

Result<void> ArchiveRun::open(const TopicPartition& at) {
  auto opened = PartitionArchiver::open(context_, at.first, at.second);
  if (!opened.ok()) return settle(at, std::move(opened).error());
  partitions_[at] = std::move(*opened);
  return {};
}

void ArchiveRun::drop(const TopicPartition& at) {
  const auto found = partitions_.find(at);
  if (found == partitions_.end()) return;
  rows_before_ += found->second->rows_read();
  partitions_.erase(found);
}

// Keeps to itself an error that concerns one partition; gives back any other.
Result<void> ArchiveRun::settle(const TopicPartition& at, Error error) {
  if (error.code == ErrorCode::not_found && !context_.log.describe(at.first).ok()) {
    trace::info("archive", text_of(at) + ": the topic is gone");
    if (const auto found = partitions_.find(at); found != partitions_.end()) {
      SLUICE_RETURN_IF_ERROR(found->second->roll());
    }
    drop(at);
    return {};
  }
  if (!is_of_one_partition(error.code)) return std::move(error).in(text_of(at));
  trace::error("archive", text_of(at) + " is not archived from here on: " + error.text());
  drop(at);
  failures_[at] = {error.message, error.hint};
  return {};
}

Result<bool> ArchiveRun::step() {
  bool moved = false;
  for (auto next = partitions_.begin(); next != partitions_.end();) {
    const auto current = next++;  // settle() may remove it
    auto stepped = current->second->step(0);
    if (!stepped.ok()) {
      SLUICE_RETURN_IF_ERROR(settle(TopicPartition(current->first), std::move(stepped).error()));
    } else {
      moved = moved || *stepped;
    }
  }
  return moved;
}

Result<void> ArchiveRun::roll() {
  for (auto next = partitions_.begin(); next != partitions_.end();) {
    const auto current = next++;
    if (auto rolled = current->second->roll(); !rolled.ok()) {
      SLUICE_RETURN_IF_ERROR(settle(TopicPartition(current->first), std::move(rolled).error()));
    }
  }
  return {};
}

Result<void> ArchiveRun::catch_up(const std::stop_token& stop) {
  std::map<TopicPartition, Offset> targets;
  for (const auto& [at, archiver] : partitions_) {
    if (const auto range = context_.log.range(at.first, at.second); range.ok()) targets[at] = range->last_stable;
  }
  const auto behind = [&] {
    return std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
      const auto found = partitions_.find(target.first);
      return found != partitions_.end() && found->second->next() < target.second;
    });
  };
  while (behind() && !stop.stop_requested()) SLUICE_RETURN_IF_ERROR(step());
  return {};
}

std::map<TopicPartition, Offset> ArchiveRun::ends() const {
  std::map<TopicPartition, Offset> out;
  for (const auto& [at, archiver] : partitions_) out[at] = archiver->end();
  return out;
}

pipeline::StageStatus ArchiveRun::status() const {
  pipeline::StageStatus status;
  status.rows_total = rows_before_;
  std::map<std::string, pipeline::StageItem> items;  // by topic; its partitions added up
  Totals totals;
  std::uint64_t missing_files = 0;
  for (const auto& [at, archiver] : partitions_) {
    auto& item = item_of(items, at.first);
    item.rows += archiver->totals().rows;
    item.offset = std::max<std::int64_t>(item.offset, 0) + archiver->end().value;
    if (const auto range = context_.log.range(at.first, at.second); range.ok()) {
      item.end_offset = std::max<std::int64_t>(item.end_offset, 0) + range->last_stable.value;
    }
    if (!archiver->note().empty()) item.note = archiver->note();
    totals.rows += archiver->totals().rows;
    totals.files += archiver->totals().files;
    totals.bytes += archiver->totals().bytes;
    missing_files += archiver->missing_files();
    status.rows_total += archiver->rows_read();
    status.lag_bytes += archiver->pending_bytes();
    status.lag_seconds = std::max(status.lag_seconds, static_cast<double>(archiver->pending_ms()) / 1000);
  }
  add_failures(items, status);
  for (auto& [topic, item] : items) status.items.push_back(std::move(item));
  status.files_published = totals.files;
  status.facts = {{"archive", context_.store.where()},
                  {"bytes", std::to_string(totals.bytes)},
                  {"codec", context_.options.codec},
                  {"rows", std::to_string(totals.rows)}};
  if (missing_files != 0) status.facts["files missing"] = std::to_string(missing_files);
  return status;
}

void ArchiveRun::add_failures(std::map<std::string, pipeline::StageItem>& items,
                              pipeline::StageStatus& status) const {
  for (const auto& [at, failure] : failures_) {
    auto& item = item_of(items, at.first);
    item.state = "failed";
    item.note = failure.what;
    status.error = failure.what;
    status.hint = failure.hint;
  }
}

}  // namespace sluice::deliver::avro_file
