#include <algorithm>

#include "broker/handler.h"
#include "broker/handlers/transactions/state_names.h"
#include "kafka/transaction_listings.h"

namespace sluice::broker {

namespace {

using Response = kafka::DescribeTransactionsResponse;
using State = Response::TransactionState;

State describe(const std::vector<node::TransactionInfo>& all, const std::string& id) {
  State out;
  out.transactional_id = id;
  const auto found = std::ranges::find(all, id, &node::TransactionInfo::transactional_id);
  if (found == all.end()) {
    out.error_code = kafka::Code::transactional_id_not_found;
    return out;
  }
  out.transaction_state = state_name(found->state);
  out.transaction_timeout_ms = found->timeout_ms;
  out.transaction_start_time_ms = found->state == node::TransactionState::ongoing ? found->started_ms : -1;
  out.producer_id = found->producer.id.value;
  out.producer_epoch = found->producer.epoch.value;
  for (const auto& where : found->partitions) {
    if (out.topics.empty() || out.topics.back().topic != where.topic) out.topics.emplace_back().topic = where.topic;
    out.topics.back().partitions.push_back(where.partition);
  }
  return out;
}

void handle(const CallPtr& call, const kafka::DescribeTransactionsRequest& request, const Reply<Response>& reply) {
  const auto all = call->node.transactions().list();
  Response response;
  for (const auto& id : request.transactional_ids) response.transaction_states.push_back(describe(all, id));
  reply(response);
}

}  // namespace

extern constinit const Api kDescribeTransactions = api<kafka::DescribeTransactionsRequest, &handle>({0, 0});

}  // namespace sluice::broker
