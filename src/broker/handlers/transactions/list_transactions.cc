#include <algorithm>

#include "broker/handler.h"
#include "broker/handlers/transactions/state_names.h"
#include "kafka/transaction_listings.h"

namespace sluice::broker {

namespace {

using Request = kafka::ListTransactionsRequest;

template <typename T>
bool passes(const std::vector<T>& filter, const T& value) {
  return filter.empty() || std::ranges::count(filter, value) > 0;
}

bool wanted(const Request& request, const node::TransactionInfo& info, std::int64_t now_ms) {
  const bool old_enough = request.duration_filter < 0 || (info.started_ms >= 0 && now_ms - info.started_ms > request.duration_filter);
  return old_enough && passes(request.state_filters, state_name(info.state)) &&
         passes(request.producer_id_filters, info.producer.id.value);
}

void handle(const CallPtr& call, const Request& request, const Reply<kafka::ListTransactionsResponse>& reply) {
  kafka::ListTransactionsResponse response;
  for (const auto& filter : request.state_filters) {
    if (std::ranges::count(kTransactionStates, filter) == 0) response.unknown_state_filters.push_back(filter);
  }
  const auto now = call->node.clock().wall_ms();
  for (const auto& info : call->node.transactions().list()) {
    if (!wanted(request, info, now)) continue;
    response.transaction_states.push_back({info.transactional_id, info.producer.id.value, state_name(info.state)});
  }
  reply(response);
}

}  // namespace

// Version 2 filters by a regular expression of RE2's kind, which we have no engine for.
extern constinit const Api kListTransactions = api<Request, &handle>({0, 1});

}  // namespace sluice::broker
