#include "pipeline/dead_letters.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::pipeline {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{16} << 20;
constexpr std::size_t kHeaderBytes = std::size_t{1} << 20;  // the largest that a piece carries
constexpr const char* kLargestMessage = "67108864";         // 64 MiB

}  // namespace

Result<void> ensure_dead_letters_topic(Log& log) {
  SLUICE_RETURN_IF_ERROR(log.ensure_topic(
      {std::string(kDeadLettersTopic),
       1,
       {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"max.message.bytes", kLargestMessage}},
       true}));
  return {};
}

Result<std::uint64_t> append_dead_letter(Producer& producer, const NewRecord& record, std::string_view why,
                                         std::span<const Header> origin) {
  std::vector<Header> common{{"__topic", ByteView(record.topic)}, {"__error", ByteView(why)}};
  common.insert(common.end(), origin.begin(), origin.end());
  std::vector<Header> large;
  for (const auto& header : record.headers) {
    (header.value && header.value->size() > kHeaderBytes ? large : common).push_back(header);
  }
  std::uint64_t appended = 0;
  const auto put = [&](ByteView bytes, std::optional<ByteView> of_header) -> Result<void> {
    const auto total = std::to_string(std::max<std::size_t>(1, (bytes.size() + kPieceBytes - 1) / kPieceBytes));
    for (std::size_t part = 0; part == 0 || part * kPieceBytes < bytes.size(); ++part) {
      const auto number = std::to_string(part + 1);
      auto headers = common;
      headers.push_back({"__part", ByteView(number)});
      headers.push_back({"__parts", ByteView(total)});
      if (of_header) headers.push_back({"__header", of_header});
      const auto piece = bytes.substr(part * kPieceBytes, kPieceBytes);
      SLUICE_RETURN_IF_ERROR(producer.append({kDeadLettersTopic, 0, record.timestamp_ms, record.key, piece, headers}));
      appended += piece.size();
    }
    return {};
  };
  SLUICE_RETURN_IF_ERROR(put(record.value.value_or(ByteView{}), std::nullopt));
  for (const auto& header : large) SLUICE_RETURN_IF_ERROR(put(*header.value, header.name));
  return appended;
}

}  // namespace sluice::pipeline
