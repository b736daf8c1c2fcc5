#include <openssl/evp.h>

#include <array>

#include "avro/schema.h"
#include "base/check.h"

namespace sluice::avro {
namespace {

constexpr std::uint64_t kEmpty = 0xc15d213aa4d7a795ULL;

constexpr std::array<std::uint64_t, 256> make_table() {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    auto v = i;
    for (int bit = 0; bit < 8; ++bit) v = (v >> 1) ^ (kEmpty & (0 - (v & 1)));
    table[i] = v;
  }
  return table;
}

std::string digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, algorithm, nullptr) == 1);
  return out;
}

}  // namespace

std::uint64_t rabin_fingerprint(std::string_view bytes) {
  static constexpr auto kTable = make_table();
  auto value = kEmpty;
  for (const char c : bytes) value = (value >> 8) ^ kTable[(value ^ static_cast<unsigned char>(c)) & 0xff];
  return value;
}

std::string md5(std::string_view bytes) { return digest(EVP_md5(), bytes); }
std::string sha256(std::string_view bytes) { return digest(EVP_sha256(), bytes); }

}  // namespace sluice::avro
