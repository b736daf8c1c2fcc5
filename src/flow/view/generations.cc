// Forgetting: a tombstone for each record that is met (repeats are harmless), and the position last: as long as there is one, there may be more to do.

#include <charconv>
#include <filesystem>
#include <optional>

#include "flow/view/position.h"
#include "flow/view/view.h"
#include "io/clock.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kPollBytes = std::size_t{1} << 20;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<void> tombstone_all(pipeline::Log& log, pipeline::Producer& producer, const std::string& topic) {
  SLUICE_TRY(const auto range, log.range(topic, 0));
  SLUICE_TRY(const auto reader, log.reader(topic, 0, range.start));
  while (reader->next_offset() < range.last_stable) {
    SLUICE_TRY(const auto records, reader->poll(0, kPollBytes));
    if (records.empty()) break;
    SLUICE_RETURN_IF_ERROR(producer.begin());
    for (const auto& record : records) {
      if (!record.key || !record.value) continue;
      SLUICE_RETURN_IF_ERROR(producer.append(
          {.topic = topic, .partition = 0, .timestamp_ms = io::system_clock().wall_ms(), .key = record.key, .value = std::nullopt, .headers = {}}));
    }
    SLUICE_RETURN_IF_ERROR(producer.commit({}));
  }
  return {};
}

// A topic that is gone is held by nobody.
Result<void> drop_holds(pipeline::Log& log, const std::string& owner) {
  SLUICE_TRY(const auto topics, log.topics());
  for (const auto& topic : topics) {
    for (std::int32_t partition = 0; partition < topic.partitions; ++partition) {
      const auto dropped = log.hold(owner, topic.name, partition, std::nullopt);
      if (!dropped.ok() && dropped.error().code != ErrorCode::not_found) return dropped;
    }
  }
  return {};
}

Result<void> forget(pipeline::Log& log, const std::string& name, std::uint32_t generation) {
  const auto owner = owner_name(name, generation);
  SLUICE_TRY(const auto producer, log.producer(owner));
  SLUICE_RETURN_IF_ERROR(drop_holds(log, owner));
  SLUICE_TRY(const auto position, pipeline::read_position(log, position_key(name, generation)));
  if (!position) return {};
  SLUICE_RETURN_IF_ERROR(tombstone_all(log, *producer, state_topic(name, generation)));
  SLUICE_RETURN_IF_ERROR(producer->begin());
  const pipeline::PositionUpdate gone{position_key(name, generation), std::nullopt};
  SLUICE_RETURN_IF_ERROR(producer->commit({&gone, 1}));
  return {};
}

}  // namespace

Result<void> forget_generations(pipeline::Log& log, const std::string& name, std::uint32_t keep, const std::string& folder) {
  const auto prefix = state_topic_prefix(name);
  SLUICE_TRY(const auto topics, log.topics());
  for (const auto& topic : topics) {
    if (!topic.name.starts_with(prefix)) continue;
    const auto generation = number(std::string_view(topic.name).substr(prefix.size()));
    if (generation && *generation != keep) SLUICE_RETURN_IF_ERROR(forget(log, name, *generation));
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto generation = number(entry.path().filename().string());
    if (generation && *generation != keep) std::filesystem::remove_all(entry.path(), error);
  }
  if (error && error != std::errc::no_such_file_or_directory) return Error{ErrorCode::back_off, folder + ": " + error.message()};
  return {};
}

}  // namespace sluice::flow
