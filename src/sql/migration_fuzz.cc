// What a migration may be.

#include <cstddef>
#include <cstdint>

#include "sql/migration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(sluice::sql::parse_migration({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
