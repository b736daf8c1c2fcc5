#include "deliver/archive/archive_run.h"

#include <algorithm>
#include <optional>
#include <ranges>

#include "base/trace.h"
#include "base/uuid.h"
#include "deliver/archive/chain/completion.h"
#include "deliver/archive/chain/cut_puts.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace {

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

Result<std::vector<TopicPartition>> matching_partitions(pipeline::Log& log, const std::vector<TopicRule>& rules) {
  SLUICE_TRY(const auto topics, log.topics());
  std::vector<TopicPartition> out;
  for (const auto& topic : topics) {
    if (rule_of(rules, topic.name) == nullptr) continue;
    for (std::int32_t i = 0; i < topic.partitions; ++i) out.emplace_back(topic.name, i);
  }
  return out;
}

Result<std::unique_ptr<ArchiveRun>> ArchiveRun::begin(ArchiverContext context) {
  context.writer = writer_id();
  std::unique_ptr<ArchiveRun> run(new ArchiveRun(std::move(context)));
  for (const auto& rule : run->context_.options.topics) {
    SLUICE_TRY(auto plan, TopicPlan::read(rule));
    run->plans_.push_back(std::move(plan));
  }
  SLUICE_RETURN_IF_ERROR(run->check_format());
  return run;
}

// Whether the place holds an archive that we know, or takes a new one; and that it does not overwrite, on which all rests.
Result<void> ArchiveRun::check_format() {
  auto& store = context_.store;
  const std::string name(kFormatFile);
  auto text = store.read(name, 0, 4096);
  if (text.ok() && *text != kFormatText) {
    return Error{.code = ErrorCode::unsupported,
                 .message = store.where() + "/" + name + " is of an archive that this program does not know: " + *text};
  }
  if (!text.ok() && text.error().code != ErrorCode::not_found) return std::move(text).error();
  SLUICE_RETURN_IF_ERROR(remove_cut_puts(store, std::string(kOurFolder), "format-"));
  const auto temporary = std::string(kOurFolder) + "/format-" + context_.writer + ".tmp";
  if (!text.ok()) SLUICE_RETURN_IF_ERROR(store.put(temporary + "1", name, kFormatText));
  SLUICE_TRY(const auto again, store.put(temporary + "2", name, kFormatText));
  if (again == pipeline::Published::name_is_taken) return {};
  return Error{.code = ErrorCode::unsupported,
               .message = store.where() + " overwrites an object although it was told not to: two writers could not be told apart",
               .hint = "use a place with conditional writes (If-None-Match on PUT and on the completion of uploads)"};
}

const TopicPlan& ArchiveRun::plan_of(const std::string& topic) const {
  const auto& rules = context_.options.topics;
  return plans_[static_cast<std::size_t>(rule_of(rules, topic) - rules.data())];
}

Result<TopicSchema*> ArchiveRun::schema_of(const std::string& topic) {
  auto& schema = schemas_[topic];
  if (!schema) {
    SLUICE_RETURN_IF_ERROR(remove_cut_puts(context_.store, chain_root(topic), "success-"));
    SLUICE_RETURN_IF_ERROR(remove_cut_puts(context_.store, schema_folder(topic), "tmp-"));
    SLUICE_TRY(schema, TopicSchema::open(context_.store, topic, context_.writer));
  }
  return schema.get();
}

Result<void> ArchiveRun::discover() {
  SLUICE_TRY(const auto all, matching_partitions(context_.log, context_.options.topics));
  std::vector<TopicPartition> added;
  for (const auto& at : all) {
    if (partitions_.contains(at) || failures_.contains(at)) continue;
    if (auto schema = schema_of(at.first); !schema.ok()) {
      SLUICE_RETURN_IF_ERROR(settle(at, std::move(schema).error()));
    } else {
      added.push_back(at);
    }
  }
  return open(added);
}

Result<void> ArchiveRun::open(const std::vector<TopicPartition>& which) {
  std::vector<std::optional<Error>> errors(which.size());
  std::vector<std::unique_ptr<PartitionArchiver>> opened(which.size());
  SLUICE_RETURN_IF_ERROR(workers_.each(which.size(), [&](std::size_t i) {
    const auto& [topic, partition] = which[i];
    auto one = PartitionArchiver::open(context_, plan_of(topic), topic, partition, *schemas_.at(topic));
    if (one.ok()) opened[i] = std::move(*one);
    else errors[i] = std::move(one).error();
    return Result<void>{};
  }));
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (errors[i]) SLUICE_RETURN_IF_ERROR(settle(which[i], *std::move(errors[i])));
    else partitions_[which[i]] = std::move(opened[i]);
  }
  return {};
}

void ArchiveRun::drop(const TopicPartition& at) {
  const auto found = partitions_.find(at);
  if (found == partitions_.end()) return;
  rows_before_ += found->second->rows_read();
  filtered_before_ += found->second->rows_filtered();
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
  std::vector<TopicPartition> due;
  for (const auto& [at, archiver] : partitions_) {
    if (archiver->roll_is_due()) due.push_back(at);
  }
  SLUICE_RETURN_IF_ERROR(roll(due));
  return moved;
}

Result<void> ArchiveRun::roll() {
  const auto all = std::views::keys(partitions_);
  return roll({all.begin(), all.end()});
}

Result<void> ArchiveRun::roll(const std::vector<TopicPartition>& which) {
  std::vector<Result<void>> rolled(which.size(), Result<void>{});
  SLUICE_RETURN_IF_ERROR(workers_.each(which.size(), [&](std::size_t i) {
    rolled[i] = partitions_.at(which[i])->archive();
    return Result<void>{};
  }));
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (rolled[i].ok()) rolled[i] = partitions_.at(which[i])->go_on();
    if (!rolled[i].ok()) SLUICE_RETURN_IF_ERROR(settle(which[i], std::move(rolled[i]).error()));
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

Result<void> ArchiveRun::complete_folders() {
  struct Topic {
    std::int64_t watermark_ms = INT64_MAX;
    std::map<std::string, std::int64_t> folders = {};
  };
  std::map<std::string, Topic> topics;
  for (const auto& [at, archiver] : partitions_) {
    auto& topic = topics[at.first];
    topic.watermark_ms = std::min(topic.watermark_ms, archiver->watermark_ms());
    topic.folders.insert(archiver->incomplete().begin(), archiver->incomplete().end());
  }
  for (const auto& [name, topic] : topics) {
    for (const auto& [folder, end_ms] : topic.folders) {
      if (end_ms <= topic.watermark_ms) SLUICE_RETURN_IF_ERROR(complete(name, folder, topic.watermark_ms));
    }
  }
  return {};
}

Result<void> ArchiveRun::complete(const std::string& topic, const std::string& folder, std::int64_t watermark_ms) {
  const auto of_topic = [&](const auto& partition) { return partition.first.first == topic; };
  for (const auto& [at, archiver] : partitions_ | std::views::filter(of_topic)) {
    if (archiver->has_pending(folder)) return {};
  }
  const auto temporary = chain_root(topic) + "/success-" + std::to_string(successes_++) + "-" + context_.writer;
  SLUICE_RETURN_IF_ERROR(write_success(context_.store, topic, folder, watermark_ms, temporary));
  for (const auto& [at, archiver] : partitions_ | std::views::filter(of_topic)) archiver->completed(folder);
  return {};
}

std::map<TopicPartition, ArchiveEnd> ArchiveRun::ends() const {
  std::map<TopicPartition, ArchiveEnd> out;
  for (const auto& [at, archiver] : partitions_) out[at] = {archiver->end(), archiver->totals()};
  return out;
}

pipeline::StageStatus ArchiveRun::status() const {
  pipeline::StageStatus status;
  status.rows_total = rows_before_;
  std::map<std::string, pipeline::StageItem> items;  // by topic; its partitions added up
  Totals totals;
  std::uint64_t missing_files = 0;
  std::uint64_t filtered = filtered_before_;
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
    filtered += archiver->rows_filtered();
    status.dead_letters += archiver->dead_letters();
    status.open_files += archiver->open_files();
    status.rows_total += archiver->rows_read();
    status.lag_bytes += archiver->pending_bytes();
    status.lag_seconds = std::max(status.lag_seconds, static_cast<double>(archiver->pending_ms()) / 1000);
  }
  add_failures(items, status);
  for (auto& [topic, item] : items) status.items.push_back(std::move(item));
  status.files_published = totals.files;
  status.bytes_published = totals.bytes;
  status.facts = {{"archive", context_.store.where()},
                  {"format", context_.options.format->text()},
                  {"memory bytes", std::to_string(space_.used_bytes())},
                  {"rows", std::to_string(totals.rows)}};
  if (space_.spilled_bytes() != 0) status.facts["spilled bytes"] = std::to_string(space_.spilled_bytes());
  if (filtered != 0) status.facts["filtered rows"] = std::to_string(filtered);
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

}  // namespace sluice::deliver::archive
