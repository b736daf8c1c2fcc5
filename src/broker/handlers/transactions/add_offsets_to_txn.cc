#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/transaction_messages.h"
#include "node/transactions.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::AddOffsetsToTxnRequest& request,
            const Reply<kafka::AddOffsetsToTxnResponse>& reply) {
  const auto added = call->node.transactions().add_group(
      request.transactional_id, {ProducerId{request.producer_id}, ProducerEpoch{request.producer_epoch}},
      request.group_id);
  reply({.error_code = fenced_before(code_of(added), call->header.version, 2)});
}

}  // namespace

extern constinit const Api kAddOffsetsToTxn = api<kafka::AddOffsetsToTxnRequest, &handle>({0, 4}, Runs::on_worker);

}  // namespace sluice::broker
