#include "deliver/archive/latest/latest_topic.h"

#include <algorithm>
#include <utility>

#include "base/uuid.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::size_t kLargestPointerBytes = std::size_t{64} << 20;
constexpr std::size_t kKeptVersions = 3;

std::string new_id() {
  const auto uuid = Uuid::random();
  return hex({reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size() / 2});
}

}  // namespace

struct LatestTopic::Version {
  std::string id = new_id();  // no two tries share a name
  LatestPointer pointer = {};
  std::vector<TableFile> files = {};
};

Result<std::optional<LatestPointer>> read_latest(pipeline::Store& store, const std::string& topic) {
  const auto name = latest_name(topic);
  auto text = store.read(name, 0, kLargestPointerBytes);
  if (!text.ok() && text.error().code == ErrorCode::not_found) return std::optional<LatestPointer>();
  if (!text.ok()) return std::move(text).error();
  SLUICE_TRY(auto pointer, parse_latest_pointer(*text, name));
  return std::optional(std::move(pointer));
}

Result<std::unique_ptr<LatestTopic>> LatestTopic::open(const LatestContext& context, std::string topic) {
  SLUICE_TRY(auto plan, TopicPlan::read(*rule_of(context.options.topics, topic)));
  std::unique_ptr<LatestTopic> out(new LatestTopic(context, std::move(topic), std::move(plan)));
  SLUICE_TRY(out->pointer_, read_latest(context.store, out->topic_));
  SLUICE_RETURN_IF_ERROR(out->check_against_log());
  SLUICE_RETURN_IF_ERROR(out->clean());
  return out;
}

Result<std::vector<Offset>> LatestTopic::ends() const {
  SLUICE_TRY(const auto topic, context_.log.describe(topic_));
  std::vector<Offset> ends;
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    SLUICE_TRY(const auto range, context_.log.range(topic_, i));
    ends.push_back(range.last_stable);
  }
  return ends;
}

Result<void> LatestTopic::check_against_log() const {
  if (!pointer_) return {};
  SLUICE_TRY(const auto now, ends());
  for (std::size_t i = 0; i < pointer_->offsets.size(); ++i) {
    if (i < now.size() && pointer_->offsets[i] <= now[i]) continue;
    return Error{.code = ErrorCode::rejected,
                 .message = context_.store.where() + "/" + latest_name(topic_) + " is of offset " +
                            to_string(pointer_->offsets[i]) + " of partition " + std::to_string(i) +
                            ", and the log ends before that: this is not the log that it was made of",
                 .hint = "was the topic deleted and made again? Move " + topic_folder(topic_) + " out of " +
                         context_.store.where()};
  }
  return {};
}

std::string LatestTopic::temporaries() const { return chain_root(topic_) + "/latest"; }

Result<void> LatestTopic::write(Version& version, const std::stop_token& stop) const {
  version.pointer.time_ms = context_.clock.wall_ms();
  SLUICE_TRY(const auto table, Table::read({context_.log, context_.catalog, context_.local},
                                           {.topic = topic_,
                                            .columns = plan_.rule->columns,
                                            .filter = plan_.filter ? &*plan_.filter : nullptr,
                                            .scratch_folder = context_.options.scratch_folder},
                                           stop));
  auto& pointer = version.pointer;
  pointer.topic = topic_;
  pointer.offsets = table->ends();
  pointer.version = version_name(pointer.offsets, version.id);
  pointer.schema = table->schema().text;
  const auto& format = *context_.options.format;
  const auto sum = digits20(sum_of(pointer.offsets));
  const auto suffix = "." + std::string(format.suffix());
  const auto begin = [&](std::size_t n) {
    const auto number = sum + "-" + std::to_string(n);
    return context_.store.create(temporaries() + "/" + number + "-" + version.id + suffix,
                                 version_folder(topic_, pointer.version) + "/" + number + suffix);
  };
  SLUICE_RETURN_IF_ERROR(write_table(*table, format, context_.options.roll_bytes, begin, version.files, stop));
  for (std::size_t n = 0; n < version.files.size(); ++n) {
    const auto& file = version.files[n];
    pointer.files.push_back({sum + "-" + std::to_string(n) + suffix, file.bytes, file.crc32c, file.rows});
    pointer.rows += file.rows;
    pointer.bytes += file.bytes;
  }
  pointer.unreadable = table->unreadable();
  pointer.filter = plan_.rule->where;
  pointer.filtered = table->filtered();
  return {};
}

// Gives the files their names and moves the pointer. False: another writer's is as new.
Result<bool> LatestTopic::name_files(const Version& version) {
  const auto folder = version_folder(topic_, version.pointer.version);
  for (std::size_t n = 0; n < version.files.size(); ++n) {
    SLUICE_RETURN_IF_ERROR(context_.store.publish(version.files[n].temporary, folder + "/" + version.pointer.files[n].name));
  }
  SLUICE_TRY(pointer_, read_latest(context_.store, topic_));
  if (pointer_ && sum_of(pointer_->offsets) >= sum_of(version.pointer.offsets)) return false;
  auto pointer = version.pointer;
  if (pointer_) {
    pointer.previous = pointer_->previous;
    pointer.previous.insert(pointer.previous.begin(), pointer_->version);
    pointer.previous.resize(std::min(pointer.previous.size(), kKeptVersions - 1));
  }
  const auto temporary = temporaries() + "/" + digits20(sum_of(pointer.offsets)) + "-pointer-" + version.id;
  SLUICE_RETURN_IF_ERROR(context_.store.replace(temporary, latest_name(topic_), to_json(pointer)));
  pointer_ = std::move(pointer);
  return true;
}

Result<void> LatestTopic::publish(const std::stop_token& stop) {
  SLUICE_TRY(const auto now, ends());
  if (pointer_ && pointer_->offsets == now) return {};
  SLUICE_RETURN_IF_ERROR(check_against_log());
  Version version;
  const auto written = write(version, stop);
  auto named = written.ok() ? name_files(version) : Result<bool>(written.error());
  if (!named.ok() || !*named) {
    for (const auto& file : version.files) static_cast<void>(context_.store.discard(file.temporary).ok());
  }
  if (!named.ok()) return std::move(named).error();
  if (!*named) SLUICE_RETURN_IF_ERROR(remove_version(version.pointer.version));
  return clean();
}

Result<void> LatestTopic::remove_version(const std::string& version) const {
  const auto folder = version_folder(topic_, version);
  SLUICE_TRY(const auto files, context_.store.list(folder));
  for (const auto& file : files) SLUICE_RETURN_IF_ERROR(context_.store.remove(folder + "/" + file.name));
  return context_.store.remove(folder);
}

// Of what sorts before the pointer's version only the ones that it names stay: their writers are done or have lost. What
// sorts after it may be another writer's work.
Result<void> LatestTopic::clean() const {
  if (!pointer_) return {};
  SLUICE_TRY(const auto entries, context_.store.list(topic_folder(topic_)));
  for (const auto& entry : entries) {
    if (!entry.is_folder || !entry.name.starts_with("v-") || entry.name >= pointer_->version) continue;
    if (std::ranges::find(pointer_->previous, entry.name) != pointer_->previous.end()) continue;
    SLUICE_RETURN_IF_ERROR(remove_version(entry.name));
  }
  SLUICE_TRY(const auto left, context_.store.leftovers(temporaries(), topic_folder(topic_) + "/v-"));
  for (const auto& each : left) {
    const auto sum = temporary_first(each.name);
    if (sum && *sum < sum_of(pointer_->offsets)) SLUICE_RETURN_IF_ERROR(context_.store.discard(each.id));
  }
  return {};
}

}  // namespace sluice::deliver::archive
