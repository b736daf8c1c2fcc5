#include "base/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace sluice {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t v = i;
    for (int bit = 0; bit < 8; ++bit) v = (v & 1U) ? (v >> 1) ^ 0x82f63b78U : v >> 1;
    table[i] = v;
  }
  return table;
}

std::uint32_t by_table(const char* at, std::size_t size, std::uint32_t crc) {
  static constexpr auto kTable = make_table();
  for (; size > 0; --size, ++at) crc = kTable[(crc ^ static_cast<unsigned char>(*at)) & 0xffU] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const char* at, std::size_t size, std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; size >= 8; size -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return narrow;
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
__attribute__((target("+crc"))) std::uint32_t by_instruction(const char* at, std::size_t size, std::uint32_t crc) {
  for (; size >= 8; size -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    crc = __builtin_aarch64_crc32cx(crc, word);
  }
  for (; size > 0; --size, ++at) crc = __builtin_aarch64_crc32cb(crc, static_cast<unsigned char>(*at));
  return crc;
}
bool has_instruction() { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }
#else
std::uint32_t by_instruction(const char* at, std::size_t size, std::uint32_t crc) { return by_table(at, size, crc); }
bool has_instruction() { return false; }
#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t crc) {
  static const bool kFast = has_instruction();
  const auto run = kFast ? by_instruction : by_table;
  return ~run(bytes.data(), bytes.size(), ~crc);
}

}  // namespace sluice
