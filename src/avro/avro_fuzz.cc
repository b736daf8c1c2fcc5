// A schema's text, a zero byte, and a value's bytes. What parses prints as what parses the same; what decodes to JSON is
// encoded from it, and those bytes go both ways without a change.

#include <cstdlib>

#include "avro/compatibility.h"
#include "avro/encoder.h"
#include "avro/json.h"
#include "avro/program.h"

namespace {

// What decodes is encoded by the same calls, and says the same.
void encode_anew(const sluice::avro::Program& program, sluice::ByteView bytes, const std::string& json) {
  sluice::Bytes out;
  sluice::avro::Encoder encoder(program, out);
  if (!sluice::avro::decode(program, bytes, encoder).ok()) std::abort();
  auto datum = encoder.finish();
  std::string again;
  if (!datum.ok() || !sluice::avro::to_json(program, *datum, again).ok() || again != json) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice;  // NOLINT: the fuzzer's entry must be global
  const ByteView input{reinterpret_cast<const char*>(data), size};
  const auto zero = std::min(input.find('\0'), input.size());
  const auto schema = avro::Schema::parse(input.substr(0, zero));
  if (!schema.ok()) return 0;
  const auto text = schema->text();
  const auto again = avro::Schema::parse(text);
  if (!again.ok() || again->text() != text) std::abort();
  static_cast<void>(avro::check_compatibility(*schema, *again, {.compare_logical_types = true}).ok());
  static_cast<void>(avro::rabin_fingerprint(schema->canonical()));

  const avro::Program program(*schema);
  auto body = input.substr(std::min(zero + 1, input.size()));
  constexpr avro::DecodeLimits kLimits{.items_of_no_bytes = 1000};
  std::vector<ByteView> fields;
  const bool whole = avro::check(program, body, kLimits).ok();
  if (avro::split(program, body, fields).ok() != whole && program.root().type == avro::Type::record && whole) std::abort();
  std::string json;
  const auto at = body;
  if (!avro::to_json(program, body, json, kLimits).ok()) return 0;
  encode_anew(program, at.substr(0, at.size() - body.size()), json);
  // Twice: duplicate keys of a map, other block sizes and bad UTF-8 are gone after the first time.
  Bytes bytes;
  if (!avro::from_json(*schema, json, bytes).ok()) std::abort();
  ByteView rest = bytes;
  json.clear();
  if (!avro::to_json(program, rest, json).ok() || !rest.empty()) std::abort();
  Bytes same;
  if (!avro::from_json(*schema, json, same).ok() || same != bytes) std::abort();
  return 0;
}
