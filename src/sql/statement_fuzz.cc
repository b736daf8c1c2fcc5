// What PostgreSQL's grammar takes, and what we take of it.

#include <cstddef>
#include <cstdint>

#include "sql/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(sluice::sql::parse_statements({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
