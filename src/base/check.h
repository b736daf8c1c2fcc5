#pragma once
// SLUICE_CHECK(condition): a bug of ours when false. Stays on in release builds: prints where, and aborts. Never for
// bytes from disk or network, which are parsed and refused.

namespace sluice {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace sluice

#define SLUICE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::check_failed(#condition, __FILE__, __LINE__))
