#pragma once
// Kafka's words for the states of transactions.

#include <array>
#include <string>
#include <string_view>

#include "node/transactions.h"

namespace sluice::broker {

inline constexpr std::array<std::string_view, 6> kTransactionStates = {"Empty",       "Ongoing",        "PrepareCommit",
                                                                       "PrepareAbort", "CompleteCommit", "CompleteAbort"};

[[nodiscard]] inline std::string state_name(node::TransactionState state) {
  return std::string(kTransactionStates[static_cast<std::size_t>(state)]);
}

}  // namespace sluice::broker
