#pragma once
// Kafka's error codes for the node's errors: the one table between the two.

#include "base/result.h"
#include "kafka/api.h"
#include "kafka/field.h"
#include "node/reason.h"

namespace sluice::broker {

[[nodiscard]] kafka::Code code_of(const Error& error);

template <typename T>
[[nodiscard]] kafka::Code code_of(const Result<T>& result) {
  return result.ok() ? kafka::Code::none : code_of(result.error());
}

// What a person reads beside the code: message and hint. Kafka's clients show it as it is.
[[nodiscard]] std::string message_of(const Error& error);

// An error of the broker's own: one of Kafka's codes, and why.
struct Refusal {
  kafka::Code code = kafka::Code::none;
  std::string message = {};
};
[[nodiscard]] Refusal refusal_of(const Error& error);

// Old clients know no PRODUCER_FENCED: before `since` they get INVALID_PRODUCER_EPOCH.
[[nodiscard]] kafka::Code fenced_before(kafka::Code code, kafka::Version version, kafka::Version since);

}  // namespace sluice::broker
