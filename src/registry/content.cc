#include "registry/content.h"

#include <algorithm>
#include <cstring>

#include "avro/schema.h"

namespace sluice::registry {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void put_int32(std::string& bytes, std::int32_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift & 0xff);
}

}  // namespace

Md5 Content::md5() const {
  std::string bytes = text;
  for (const auto& reference : references) {
    bytes += reference.name + reference.subject;
    put_int32(bytes, reference.version);
  }
  if (metadata) {
    bytes += '\1';
    metadata->hash_into(bytes);
  }
  if (rule_set) {
    bytes += '\1';
    rule_set->hash_into(bytes);
  }
  const auto digest = avro::md5(bytes);
  Md5 out;
  std::memcpy(out.data(), digest.data(), out.size());
  return out;
}

std::string guid_text(const Md5& md5) {
  std::string out;
  for (std::size_t i = 0; i < md5.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[md5[i] >> 4];
    out += kHex[md5[i] & 15];
  }
  return out;
}

std::optional<Md5> parse_guid(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (kHex.find(lower) != std::string_view::npos) {
      digits += lower;
    } else if (c != '-') {
      return std::nullopt;
    }
  }
  Md5 out;
  if (digits.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(kHex.find(digits[2 * i]) << 4 | kHex.find(digits[2 * i + 1]));
  }
  return out;
}

std::size_t Md5Hash::operator()(const Md5& md5) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, md5.data(), sizeof out);
  return out;
}

}  // namespace sluice::registry
