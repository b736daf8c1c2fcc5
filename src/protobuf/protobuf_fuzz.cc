// Two schemas, a zero byte between them; each a .proto text, or a descriptor's bytes after a byte of 0xFF. What parses
// prints as what parses the same, normalized too; its descriptor comes back; a schema can be read by itself; any two
// can be compared.

#include <google/protobuf/stubs/strutil.h>

#include <cstdlib>
#include <optional>

#include "protobuf/compatibility.h"
#include "protobuf/schema.h"

namespace {

using namespace sluice;  // NOLINT: the fuzzer's entry must be global

std::optional<protobuf::Schema> parse(std::string_view input) {
  std::string base64;
  if (input.starts_with('\xFF')) {
    google::protobuf::Base64Escape({input.data() + 1, input.size() - 1}, &base64);
    input = base64;
  }
  auto schema = protobuf::Schema::parse(input);
  if (!schema.ok()) return std::nullopt;
  return *std::move(schema);
}

void check(bool holds) {
  if (!holds) std::abort();
}

void check_schema(const protobuf::Schema& schema) {
  const auto again = protobuf::Schema::parse(schema.text());
  check(again.ok() && again->text() == schema.text());
  check(check_compatibility(*again, schema).empty() && check_compatibility(schema, *again).empty());
  const auto normalized = protobuf::Schema::parse(schema.normalized());
  check(normalized.ok() && normalized->normalized() == schema.normalized());
  check(check_compatibility(*normalized, schema).empty());
  const auto sent = protobuf::Schema::parse(schema.serialized());
  if (sent.ok()) check(check_compatibility(*sent, schema).empty());
  check(protobuf::Schema::parse(schema.without_extensions()).ok() || !schema.without_extensions().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // A descriptor holds zeros of its own: the last one divides.
  const auto zero = input.starts_with('\xFF') ? input.rfind('\0') : input.find('\0');
  const auto old = parse(input.substr(0, zero));
  if (!old) return 0;
  check_schema(*old);
  if (zero == std::string_view::npos) return 0;
  const auto now = parse(input.substr(zero + 1));
  if (!now) return 0;
  static_cast<void>(check_compatibility(*now, *old));
  static_cast<void>(check_compatibility(*old, *now));
  return 0;
}
