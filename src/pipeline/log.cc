#include "pipeline/log.h"

namespace sluice::pipeline {

namespace {

constexpr std::size_t kTableReadBytes = std::size_t{4} << 20;
// A reader that gives nothing below the end is waiting for a transaction's outcome or skipping control records.
constexpr std::int64_t kTableWaitMs = 100;

std::uint32_t load_le32(const char* at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(at[0])) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(at[1])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(at[2])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(at[3])) << 24;
}

// org.apache.kafka.common.utils.Utils.murmur2.
std::uint32_t murmur2(ByteView data) {
  constexpr std::uint32_t kM = 0x5bd1e995;
  constexpr int kR = 24;
  std::uint32_t h = 0x9747b28c ^ static_cast<std::uint32_t>(data.size());
  std::size_t at = 0;
  for (; at + 4 <= data.size(); at += 4) {
    std::uint32_t k = load_le32(data.data() + at);
    k *= kM;
    k ^= k >> kR;
    k *= kM;
    h *= kM;
    h ^= k;
  }
  if (at < data.size()) {
    for (std::size_t i = data.size(); i-- > at;) {
      h ^= static_cast<std::uint32_t>(static_cast<unsigned char>(data[i])) << (8 * (i - at));
    }
    h *= kM;
  }
  h ^= h >> 13;
  h *= kM;
  h ^= h >> 15;
  return h;
}

}  // namespace

Result<std::map<std::string, std::string>> read_table(Log& log, const std::string& topic) {
  SLUICE_TRY(const auto range, log.range(topic, 0));
  SLUICE_TRY(const auto reader, log.reader(topic, 0, range.start));
  std::map<std::string, std::string> table;
  while (reader->next_offset() < range.last_stable) {
    SLUICE_TRY(const auto records, reader->poll(kTableWaitMs, kTableReadBytes));
    for (const auto& record : records) {
      if (!record.key) continue;
      if (record.value) {
        table.insert_or_assign(std::string(*record.key), std::string(*record.value));
      } else {
        table.erase(std::string(*record.key));
      }
    }
  }
  return table;
}

Result<std::optional<std::string>> read_position(Log& log, const std::string& key) {
  auto table = read_table(log, std::string(kPositionsTopic));
  if (!table.ok()) {
    if (table.error().code == ErrorCode::not_found) return std::optional<std::string>{};
    return std::move(table).error();
  }
  const auto found = table->find(key);
  if (found == table->end()) return std::optional<std::string>{};
  return std::optional<std::string>{found->second};
}

std::int32_t partition_of(ByteView key, std::int32_t partitions) {
  return static_cast<std::int32_t>(murmur2(key) & 0x7fffffffU) % partitions;
}

}  // namespace sluice::pipeline
