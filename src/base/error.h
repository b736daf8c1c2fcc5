#pragma once
// Why an operation did not happen, said so that a person and a caller can act.
//
// `code` is named for what the caller does next. A person who reads only `message` knows what was refused, where
// (file, line, column; topic, partition, offset; table, LSN) and why; `hint` says what to do about it.

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace sluice {

enum class ErrorCode : std::uint8_t {
  retry,           // the same call may succeed at once: reconnect, read again
  back_off,        // the same call may succeed later: wait, then try again
  fenced,          // somebody newer owns this: stop
  rejected,        // the request is wrong and stays wrong: tell the user
  not_found,       // there is no such thing
  already_exists,  // it is there already
  corrupt,         // bytes are not what they must be: do not use them
  unsupported,     // a thing of a later version, or one that we do not do
  out_of_space,    // disk or quota is full
  cancelled,       // we are stopping
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::rejected;
  std::string message;
  std::string detail = {};       // what is known beyond the message, one fact a line; may be empty
  std::string hint = {};         // what to do; may be empty
  std::uint16_t reason = 0;      // a module's own refinement of `code` (node::Reason, say); 0 is none

  // "message (detail); hint", for traces and tests.
  [[nodiscard]] std::string text() const;

  // The same error with "context: " before its message.
  [[nodiscard]] Error in(std::string_view context) &&;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

}  // namespace sluice
