#include "node/embedded_batch.h"

#include <string>
#include <vector>

namespace sluice::node {

namespace {

constexpr std::size_t kRecordOverheadBytes = 128;
constexpr std::size_t kDefaultMaxMessageBytes = 1048588;

}  // namespace

record::Compression compression_of(const TopicInfo& topic) {
  const auto found = topic.config.find("compression.type");
  if (found == topic.config.end()) return record::Compression::none;
  if (found->second == "gzip") return record::Compression::gzip;
  if (found->second == "snappy") return record::Compression::snappy;
  if (found->second == "lz4") return record::Compression::lz4;
  if (found->second == "zstd") return record::Compression::zstd;
  return record::Compression::none;
}

std::size_t max_record_bytes(const TopicInfo& topic) {
  const auto limit = topic.config.find("max.message.bytes");
  return limit == topic.config.end() ? kDefaultMaxMessageBytes : std::stoull(limit->second);
}

std::size_t batch_bytes(const pipeline::NewRecord& record) {
  std::size_t bytes = kRecordOverheadBytes + record.key.value_or(ByteView{}).size() + record.value.value_or(ByteView{}).size();
  for (const auto& header : record.headers) bytes += header.name.size() + header.value.value_or(ByteView{}).size();
  return bytes;
}

Result<void> check_size(std::size_t bytes, std::size_t limit, const std::string& topic) {
  if (bytes <= limit) return {};
  return refused(ErrorCode::rejected, Reason::message_too_large,
                 "a record of " + std::to_string(bytes) + " bytes is over max.message.bytes=" + std::to_string(limit) + " of " + topic);
}

void add_record(record::BatchBuilder& batch, const pipeline::NewRecord& record) {
  std::vector<record::Header> headers;
  headers.reserve(record.headers.size());
  for (const auto& header : record.headers) headers.push_back({header.name, header.value});
  batch.add(record.timestamp_ms, record.key, record.value, headers);
}

}  // namespace sluice::node
