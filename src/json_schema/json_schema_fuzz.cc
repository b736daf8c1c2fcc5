// A writer's schema, a zero byte, a reader's, a zero byte, and a value. A schema prints as what parses the same and reads
// what it writes; nothing takes for ever.

#include <cstdlib>

#include "json_schema/compatibility.h"
#include "json_schema/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice::json_schema;  // NOLINT: the fuzzer's entry must be global
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto next = [&] {
    const auto part = input.substr(0, input.find('\0'));
    input.remove_prefix(std::min(part.size() + 1, input.size()));
    return part;
  };
  const auto writer = Schema::parse(next());
  if (!writer.ok()) return 0;
  const auto again = Schema::parse(writer->text()), sorted = Schema::parse(writer->normalized());
  if (!again.ok() || again->text() != writer->text() || !sorted.ok() || sorted->normalized() != writer->normalized()) {
    std::abort();
  }
  for (const auto& found : check_compatibility(*again, *writer)) {
    if (found.type != "TOO_COMPLEX_TO_COMPARE") std::abort();
  }
  const std::vector<ReferencedText> references = {{"writer", writer->text()}};
  const auto reader = Schema::parse(next(), references);
  if (!reader.ok()) return 0;
  for (const bool lenient : {false, true}) static_cast<void>(check_compatibility(*reader, *writer, {.lenient = lenient}));
  static_cast<void>(check_compatibility(*writer, *reader));
  static_cast<void>(reader->validate(input).ok());
  return 0;
}
