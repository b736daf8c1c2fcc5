#include "broker/errors.h"
#include "broker/handler.h"
#include "broker/handlers/groups/commits.h"
#include "kafka/transaction_messages.h"
#include "node/transactions.h"

namespace sluice::broker {

namespace {

using Response = kafka::TxnOffsetCommitResponse;

Response all_refused(const kafka::TxnOffsetCommitRequest& request, kafka::Code code) {
  Response response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) out.partitions.push_back({partition.partition_index, code});
  }
  return response;
}

void handle(const CallPtr& call, const kafka::TxnOffsetCommitRequest& request, const Reply<Response>& reply) {
  const node::ProducerIdentity producer{ProducerId{request.producer_id}, ProducerEpoch{request.producer_epoch}};
  // From version 5 the commit itself adds the group to the transaction (KIP-890); before, AddOffsetsToTxn has. What is in no
  // transaction would stay pending for ever.
  auto& transactions = call->node.transactions();
  const auto belongs = call->header.version >= 5
                           ? transactions.add_group(request.transactional_id, producer, request.group_id)
                           : transactions.verify_group(request.transactional_id, producer);
  if (!belongs.ok()) return reply(all_refused(request, fenced_before(code_of(belongs), call->header.version, kafka::kNever)));
  const node::Committer who{request.group_id, request.member_id, request.group_instance_id, request.generation_id};
  commit_offsets<Response>(call, request.topics, who, producer, reply);
}

}  // namespace

extern constinit const Api kTxnOffsetCommit = api<kafka::TxnOffsetCommitRequest, &handle>({0, 5}, Runs::on_worker);

}  // namespace sluice::broker
