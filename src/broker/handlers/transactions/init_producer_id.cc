#include "broker/errors.h"
#include "broker/handler.h"
#include "kafka/transaction_messages.h"
#include "node/transactions.h"

namespace sluice::broker {

namespace {

void handle(const CallPtr& call, const kafka::InitProducerIdRequest& request,
            const Reply<kafka::InitProducerIdResponse>& reply) {
  if (request.transactional_id.has_value() && request.transactional_id->empty()) {
    return reply({.error_code = kafka::Code::invalid_request});
  }
  const node::ProducerIdentity known{ProducerId{request.producer_id}, ProducerEpoch{request.producer_epoch}};
  call->node.transactions().init(
      request.transactional_id, request.transaction_timeout_ms, known,
      [reply, version = call->header.version](const Result<node::ProducerIdentity>& identity) {
        kafka::InitProducerIdResponse response;
        response.error_code = fenced_before(code_of(identity), version, 4);
        response.producer_epoch = -1;
        if (identity.ok()) {
          response.producer_id = identity->id.value;
          response.producer_epoch = identity->epoch.value;
        }
        reply(response);
      });
}

}  // namespace

extern constinit const Api kInitProducerId = api<kafka::InitProducerIdRequest, &handle>({0, 5}, Runs::on_worker);

}  // namespace sluice::broker
