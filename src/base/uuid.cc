#include "base/uuid.h"

#include <random>

namespace sluice {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string Uuid::text() const {
  std::string text;
  unsigned buffer = 0;
  int bits = 0;
  for (const auto byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += kAlphabet[(buffer >> bits) & 63U];
    }
  }
  text += kAlphabet[(buffer << (6 - bits)) & 63U];
  return text;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  Error refused{ErrorCode::rejected, "'" + std::string(text) + "' is not a Kafka uuid (22 characters of base64url)"};
  if (text.size() != 22) return refused;
  Uuid uuid;
  unsigned buffer = 0;
  int bits = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return refused;
    buffer = (buffer << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8 && at < uuid.bytes.size()) {
      bits -= 8;
      uuid.bytes[at++] = static_cast<std::uint8_t>(buffer >> bits);
    }
  }
  return uuid;
}

Uuid Uuid::random() {
  std::random_device device;
  Uuid uuid;
  do {
    for (auto& byte : uuid.bytes) byte = static_cast<std::uint8_t>(device());
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0fU) | 0x40U);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3fU) | 0x80U);
  } while (uuid.text().front() == '-');
  return uuid;
}

}  // namespace sluice
