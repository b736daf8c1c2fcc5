#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/transaction_messages.h"
#include "node/transactions.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::EndTxnRequest& request, const Reply<kafka::EndTxnResponse>& reply) {
  const node::ProducerIdentity producer{ProducerId{request.producer_id}, ProducerEpoch{request.producer_epoch}};
  call->node.transactions().end(request.transactional_id, producer, request.committed,
                                [reply, producer, version = call->header.version](const Result<void>& ended) {
                                  kafka::EndTxnResponse response;
                                  response.error_code = fenced_before(code_of(ended), version, 2);
                                  // Version 5 tells the identity to go on with. It stays, as transaction.version 2 is
                                  // not offered.
                                  if (ended.ok()) {
                                    response.producer_id = producer.id.value;
                                    response.producer_epoch = producer.epoch.value;
                                  }
                                  reply(response);
                                });
}

}  // namespace

extern constinit const Api kEndTxn = api<kafka::EndTxnRequest, &handle>({0, 5}, Runs::on_worker);

}  // namespace sluice::broker
