// What PostgreSQL's grammar takes, and what we take of it: statements, and one expression of the full set.

#include <cstddef>
#include <cstdint>

#include "sql/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(sluice::sql::parse_statements(text).ok());
  static_cast<void>(sluice::sql::parse_scalar(text).ok());
  return 0;
}
