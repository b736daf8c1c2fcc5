// A produce request is many appends and one answer.
//
//   1. Each partition carries exactly one batch (v3 and later), which the node validates and patches where it lies.
//   2. A topic may ask for schemas that are registered for it; a batch with a record that has none is refused whole, and the
//      answer says which records and why.
//   3. Appends finish in any order, on any thread: errors and acks 0 and 1 at once, acks=all after the sync round. The
//      last one to finish answers.
//   4. acks=0 gets no answer; an error closes the connection, the only sign that such a producer can notice.

#include <algorithm>

#include "broker/errors.h"
#include "broker/handler.h"
#include "broker/schema_check.h"
#include "kafka/data_messages.h"
#include "node/transactions.h"
#include "record/batch.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Partition = kafka::ProduceResponse::TopicProduceResponse::PartitionProduceResponse;

struct Pending {
  explicit Pending(Reply<kafka::ProduceResponse> r) : reply(std::move(r)) {}
  Reply<kafka::ProduceResponse> reply;
  kafka::ProduceResponse response;
  std::atomic<std::size_t> remaining{1};  // 1 for the handler itself, while it hands out the appends
  std::atomic<bool> failed{false};
  bool acknowledged = true;

  void finish_one() {
    if (remaining.fetch_sub(1) != 1) return;
    if (acknowledged) return reply(response);
    failed ? reply.close() : reply.nothing();
  }
  void refuse(Partition& partition, Code code, std::string message) {
    partition.error_code = code;
    partition.error_message = std::move(message);
    partition.base_offset = -1;
    failed = true;
  }
};

Refusal check_batch(kafka::Version version, bool has_transactional_id, ByteView records) {
  if (records.empty()) return {Code::invalid_record, "there is no record batch"};
  const auto size = record::BatchView::total_bytes(records);
  if (size == 0 || size > records.size()) return {Code::corrupt_message, "the record batch is cut short"};
  if (size < records.size()) return {Code::invalid_record, "more than one record batch for a partition"};
  constexpr std::size_t kMagicAt = 16;
  constexpr std::size_t kAttributesAt = 21;
  constexpr int kTransactional = 0x10;
  if (records.size() <= kAttributesAt + 1) return {Code::corrupt_message, "the record batch is cut short"};
  if (records[kMagicAt] != 2) return {Code::invalid_record, "only record batches of magic 2 are taken"};
  const auto attributes = load_be<std::int16_t>(records.data() + kAttributesAt);
  if (version < 7 && (attributes & 7) == static_cast<int>(record::Compression::zstd)) {
    return {Code::unsupported_compression_type, "zstd needs Produce version 7"};
  }
  // It would open a transaction that no coordinator knows, and nobody would close.
  if ((attributes & kTransactional) != 0 && !has_transactional_id) {
    return {Code::transactional_id_authorization_failed, "a transactional batch in a request without a transactional id"};
  }
  return {};
}

// A transaction's write: from version 12 it adds its partition (KIP-890); before, the client has added it.
Result<void> add_to_transaction(const CallPtr& call, const std::optional<std::string>& transactional_id,
                                const node::TopicPartition& where, ByteView records) {
  if (!transactional_id.has_value()) return {};
  SLUICE_TRY(const auto batch, record::BatchView::parse(records));
  if (!batch.is_transactional()) return {};
  auto& transactions = call->node.transactions();
  const node::ProducerIdentity producer{batch.producer_id(), batch.producer_epoch()};
  if (call->header.version < 12) return transactions.verify(*transactional_id, producer, where);
  return transactions.add_partitions(*transactional_id, producer, {where});
}

// Which records of a refused batch are to blame (KIP-467): those without a key, where keys are needed. Their producers then
// know that the others may be sent again.
std::vector<Partition::BatchIndexAndErrorMessage> record_errors(const CallPtr& call, const std::string& topic, ByteView records) {
  std::vector<Partition::BatchIndexAndErrorMessage> errors;
  const auto info = call->node.topic(topic);
  const auto batch = record::BatchView::parse(records);
  if (!info.ok() || !batch.ok()) return errors;
  const auto policy = info->config.find("cleanup.policy");
  if (policy == info->config.end() || policy->second.find("compact") == std::string::npos) return errors;
  std::int32_t index = 0;
  const auto read = batch->for_each([&](const record::Record& record) {
    if (!record.key.has_value()) errors.push_back({index, "a compacted topic takes no record without a key"});
    ++index;
    return true;
  });
  return read.ok() ? errors : std::vector<Partition::BatchIndexAndErrorMessage>{};
}

// What of the batch has no schema of its topic, if the topic asks for that. True: nothing.
bool check_topic_schemas(const CallPtr& call, const std::string& topic, ByteView records, Pending& pending, Partition& partition) {
  if (call->options.schemas == nullptr) return true;
  const auto rules = call->node.schema_rules_of(topic);
  const auto batch = rules.any() ? record::BatchView::parse(records) : Result<record::BatchView>(record::BatchView{});
  if (!batch.ok() || !rules.any()) return true;  // the node says what is wrong with it
  const auto bad = check_schemas(*batch, topic, rules, *call->options.schemas);
  if (!bad.ok()) return pending.refuse(partition, code_of(bad.error()), "schemas of " + topic + ": " + message_of(bad.error())), false;
  if (bad->empty()) return true;
  for (const auto& each : *bad) partition.record_errors.push_back({each.index, each.why});
  pending.refuse(partition, Code::invalid_record,
                 "topic " + topic + " takes records with registered schemas only; record " + std::to_string(bad->front().index) +
                     " of the batch is refused, and the batch with it: " + bad->front().why);
  return false;
}

void append(const CallPtr& call, const std::optional<std::string>& transactional_id, node::Acks acks,
            const node::TopicPartition& where, ByteView records, const std::shared_ptr<Pending>& pending,
            Partition& partition) {
  if (const auto refusal = check_batch(call->header.version, transactional_id.has_value(), records); refusal.code != Code::none) {
    return pending->refuse(partition, refusal.code, refusal.message);
  }
  if (!check_topic_schemas(call, where.topic, records, *pending, partition)) return;
  if (const auto added = add_to_transaction(call, transactional_id, where, records); !added.ok()) {
    const auto code = fenced_before(code_of(added), call->header.version, kafka::kNever);  // no version of Produce has the newer word
    return pending->refuse(partition, code, message_of(added.error()));
  }
  pending->remaining.fetch_add(1);
  call->node.append(where, call->writable(records), acks, node::Writer::client,
                    [call, topic = where.topic, records, pending, &partition](const Result<node::Appended>& appended) {
                      if (appended.ok()) {
                        partition.base_offset = appended->base_offset.value;
                        partition.log_append_time_ms = appended->append_time_ms;
                        partition.log_start_offset = appended->log_start.value;
                      } else {
                        pending->refuse(partition, code_of(appended.error()), message_of(appended.error()));
                        if (partition.error_code == Code::invalid_record) partition.record_errors = record_errors(call, topic, records);
                      }
                      pending->finish_one();
                    });
}

// All partitions of the request with their indexes, so that their places stay while appends fill them in.
void lay_out(const kafka::ProduceRequest& request, kafka::ProduceResponse& response) {
  for (const auto& topic : request.topic_data) {
    auto& out = response.responses.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partition_data) out.partition_responses.push_back({.index = partition.index});
  }
}

void handle(const CallPtr& call, const kafka::ProduceRequest& request, const Reply<kafka::ProduceResponse>& reply) {
  const auto pending = std::make_shared<Pending>(reply);
  pending->acknowledged = request.acks != 0;
  lay_out(request, pending->response);
  const bool bad_acks = request.acks < -1 || request.acks > 1;
  const auto acks = request.acks == 0 ? node::Acks::none : request.acks == 1 ? node::Acks::leader : node::Acks::all;
  for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
    const auto& topic = request.topic_data[t];
    for (std::size_t p = 0; p < topic.partition_data.size(); ++p) {
      auto& partition = pending->response.responses[t].partition_responses[p];
      const auto& records = topic.partition_data[p].records;
      if (bad_acks) {
        pending->refuse(partition, Code::invalid_required_acks, "acks is -1, 0 or 1");
      } else {
        append(call, request.transactional_id, acks, {topic.name, partition.index},
               records.has_value() ? records->bytes : ByteView{}, pending, partition);
      }
    }
  }
  pending->finish_one();
}

}  // namespace

// Versions 0 to 2 are listed because old librdkafka looks for them before it compresses; no client sends them, and the codec
// refuses them (KAFKA-18659).
extern constinit const Api kProduce = api<kafka::ProduceRequest, &handle>({0, 12});

}  // namespace sluice::broker
