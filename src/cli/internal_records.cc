#include "cli/internal_records.h"

#include "kafka/coordinator_records.h"
#include "kafka/message.h"
#include "kafka/metadata_records.h"
#include "kafka/records.h"

namespace sluice::cli {
namespace {

template <typename M>
std::optional<std::string> json_of(ByteReader& body, kafka::Version version) {
  const auto record = kafka::decode<M>(body, version);
  if (!record.ok()) return std::nullopt;
  return std::string("{\"") + M::kName + "\":" + kafka::to_json(*record, version) + "}";
}

// The type's own among Ms.
template <typename... Ms>
std::optional<std::string> metadata_json(kafka::MetadataFrame& frame) {
  std::optional<std::string> out;
  const auto one = [&]<typename M>() {
    if (frame.type == M::kType) out = json_of<M>(frame.body, frame.version);
  };
  (one.template operator()<Ms>(), ...);
  return out;
}

std::optional<InternalRecord> metadata_record(ByteView value) {
  auto frame = kafka::parse_metadata_frame(value);
  if (!frame.ok()) return std::nullopt;
  auto text = metadata_json<kafka::RegisterBrokerRecord, kafka::UnfenceBrokerRecord, kafka::TopicRecord, kafka::PartitionRecord,
                            kafka::ConfigRecord, kafka::PartitionChangeRecord, kafka::RemoveTopicRecord, kafka::FeatureLevelRecord,
                            kafka::ProducerIdsRecord, kafka::ClientQuotaRecord, kafka::UserScramCredentialRecord,
                            kafka::RemoveUserScramCredentialRecord, kafka::AccessControlEntryRecord,
                            kafka::RemoveAccessControlEntryRecord, kafka::NoOpRecord>(*frame);
  if (!text) return std::nullopt;
  return InternalRecord{"null", *std::move(text)};
}

template <typename Key, typename Value>
std::optional<InternalRecord> coordinator_record(kafka::CoordinatorFrame& key, std::optional<ByteView> value) {
  auto key_text = json_of<Key>(key.body, 0);
  if (!key_text) return std::nullopt;
  if (!value) return InternalRecord{*std::move(key_text), "null"};
  auto frame = kafka::parse_coordinator_frame(*value);
  auto value_text = frame.ok() ? json_of<Value>(frame->body, frame->number) : std::nullopt;
  if (!value_text) return std::nullopt;
  return InternalRecord{*std::move(key_text), *std::move(value_text)};
}

}  // namespace

std::optional<InternalRecord> internal_record(std::string_view topic, std::optional<ByteView> key, std::optional<ByteView> value) {
  if (topic == "__cluster_metadata") return value ? metadata_record(*value) : std::nullopt;
  if (!key || (topic != "__consumer_offsets" && topic != "__transaction_state")) return std::nullopt;
  auto frame = kafka::parse_coordinator_frame(*key);
  if (!frame.ok()) return std::nullopt;
  if (topic == "__transaction_state") return coordinator_record<kafka::TransactionLogKey, kafka::TransactionLogValue>(*frame, value);
  if (frame->number <= kafka::OffsetCommitKey::kType) return coordinator_record<kafka::OffsetCommitKey, kafka::OffsetCommitValue>(*frame, value);
  return coordinator_record<kafka::GroupMetadataKey, kafka::GroupMetadataValue>(*frame, value);
}

}  // namespace sluice::cli
