#pragma once
// Errors that say a limit of ours: what is refused may be right, but is too deep, too long or too many.

#include <string>

#include "base/error.h"

namespace sluice::avro {

inline constexpr std::uint16_t kOverLimit = 1;  // Error::reason
// Of a string or bytes, and the items of a block: the most that Java takes.
inline constexpr std::int64_t kMaxLength = 2147483639;

[[nodiscard]] inline Error over_limit(ErrorCode code, std::string message) {
  return {.code = code, .message = std::move(message), .reason = kOverLimit};
}
[[nodiscard]] inline bool is_over_limit(const Error& error) { return error.reason == kOverLimit; }

}  // namespace sluice::avro
