#include "flow/value/text/base64.h"

#include <openssl/evp.h>

#include "flow/value/scan.h"

namespace sluice::flow {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view bytes) {
  constexpr std::size_t kLineBytes = 57;  // 76 characters
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kLineBytes) {
    if (at > 0) out += '\n';
    const auto line = bytes.substr(at, kLineBytes);
    unsigned char buffer[80];
    const int size = EVP_EncodeBlock(buffer, reinterpret_cast<const unsigned char*>(line.data()), static_cast<int>(line.size()));
    out.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(size));
  }
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t group = 0;
  int count = 0, ends = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    std::size_t bits = 0;
    if (c == '=') {
      if (ends == 0 && count < 2) return rejected("unexpected \"=\" while decoding base64 sequence");
      ++ends;
    } else {
      bits = kAlphabet.find(c);
      if (bits == kAlphabet.npos) return rejected("invalid symbol \"" + std::string(1, c) + "\" found while decoding base64 sequence");
      if (ends > 0) return rejected("invalid base64 end sequence");
    }
    group = group << 6 | static_cast<std::uint32_t>(bits);
    if (++count < 4) continue;
    for (int i = 0; i < 3 - ends; ++i) out += static_cast<char>(group >> (16 - 8 * i));
    group = 0, count = 0;
  }
  if (count != 0) return rejected("invalid base64 end sequence");
  return out;
}

}  // namespace sluice::flow
