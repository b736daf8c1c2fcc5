#include "base/error.h"

#include <ostream>

namespace sluice {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::retry: return "retry";
    case ErrorCode::back_off: return "back_off";
    case ErrorCode::fenced: return "fenced";
    case ErrorCode::rejected: return "rejected";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::out_of_space: return "out_of_space";
    case ErrorCode::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string text = message;
  if (!detail.empty()) text += " (" + detail + ")";
  if (!hint.empty()) text += "; " + hint;
  return text;
}

Error Error::in(std::string_view context) && {
  message = std::string(context) + ": " + message;
  return std::move(*this);
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error.code) << ": " << error.text();
}

}  // namespace sluice
