#pragma once
// A 128-bit identifier: topic ids, directory ids. Kafka prints it as base64url without padding.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool is_zero() const { return *this == Uuid{}; }
  // Kafka's text, 22 characters of base64url.
  [[nodiscard]] std::string text() const;
  // Errors: rejected, when `text` is not 22 characters of base64url.
  static Result<Uuid> parse(std::string_view text);
  // A random (version 4) one whose Kafka text does not begin with '-', as Kafka has it.
  static Uuid random();
};

}  // namespace sluice
