// All partitions of a transaction's request are added, or none: when one cannot be, the others answer
// OPERATION_NOT_ATTEMPTED. Versions 4 and later carry several transactions, and may only ask (verify_only).

#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/transaction_messages.h"
#include "node/transactions.h"

namespace sluice::broker {

namespace {

using kafka::Code;
using Topic = kafka::AddPartitionsToTxnRequest::Topic;
using TopicResult = kafka::AddPartitionsToTxnResponse::TopicResult;
using Transaction = kafka::AddPartitionsToTxnRequest::Transaction;

Code check_there(node::Node& node, const std::string& topic, std::int32_t partition) {
  const auto info = node.topic(topic);
  if (!info.ok()) return code_of(info);
  return partition >= 0 && partition < info->partitions ? Code::none : Code::unknown_topic_or_partition;
}

// Each partition with the code of check_there(); true if all are there.
bool lay_out(node::Node& node, const std::vector<Topic>& topics, std::vector<TopicResult>& results) {
  bool all = true;
  for (const auto& topic : topics) {
    auto& out = results.emplace_back();
    out.name = topic.name;
    for (const auto partition : topic.partitions) {
      const auto code = check_there(node, topic.name, partition);
      all = all && code == Code::none;
      out.results_by_partition.push_back({partition, code});
    }
  }
  return all;
}

std::vector<TopicResult> add(const CallPtr& call, const Transaction& transaction) {
  std::vector<TopicResult> results;
  const bool all_there = lay_out(call->node, transaction.topics, results);
  const node::ProducerIdentity producer{ProducerId{transaction.producer_id}, ProducerEpoch{transaction.producer_epoch}};
  auto& transactions = call->node.transactions();
  auto code = Code::operation_not_attempted;
  if (all_there && !transaction.verify_only) {
    std::vector<node::TopicPartition> partitions;
    for (const auto& topic : transaction.topics) {
      for (const auto partition : topic.partitions) partitions.push_back({topic.name, partition});
    }
    code = code_of(transactions.add_partitions(transaction.transactional_id, producer, partitions));
  }
  for (auto& topic : results) {
    for (auto& partition : topic.results_by_partition) {
      if (partition.partition_error_code != Code::none) continue;
      const bool verify = all_there && transaction.verify_only;
      const auto own = verify ? code_of(transactions.verify(transaction.transactional_id, producer,
                                                            {topic.name, partition.partition_index}))
                              : code;
      partition.partition_error_code = fenced_before(own, call->header.version, 2);
    }
  }
  return results;
}

void handle(const CallPtr& call, const kafka::AddPartitionsToTxnRequest& request,
            const Reply<kafka::AddPartitionsToTxnResponse>& reply) {
  kafka::AddPartitionsToTxnResponse response;
  if (call->header.version < 4) {
    response.results_by_topic_v3_and_below =
        add(call, {request.v3_and_below_transactional_id, request.v3_and_below_producer_id,
                   request.v3_and_below_producer_epoch, false, request.v3_and_below_topics});
    return reply(response);
  }
  for (const auto& transaction : request.transactions) {
    response.results_by_transaction.push_back({transaction.transactional_id, add(call, transaction)});
  }
  reply(response);
}

}  // namespace

extern constinit const Api kAddPartitionsToTxn =
    api<kafka::AddPartitionsToTxnRequest, &handle>({0, 5}, Runs::on_worker);

}  // namespace sluice::broker
