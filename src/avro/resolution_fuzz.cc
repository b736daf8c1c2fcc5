// A writer's schema, a zero byte, a reader's, a zero byte, and a datum. What resolves is a datum of the writer, becomes one
// of the reader, and stays as it is where the resolution says so. Schemas that grow take what they grew from.

#include <algorithm>
#include <cstdlib>

#include "avro/growth.h"
#include "avro/program.h"
#include "avro/resolution.h"
#include "avro/resolved_program.h"

namespace {

using namespace sluice;  // NOLINT: a program of one file

constexpr avro::DecodeLimits kLimits{.depth = 2000, .items_of_no_bytes = 100'000};
constexpr avro::ResolveLimits kResolveLimits{.items_of_no_bytes = 1000, .output_bytes = 1 << 20};

void resolve(const avro::Resolution& resolution, const avro::Schema& writer, const avro::Schema& reader, ByteView datum) {
  ByteView rest = datum;
  Bytes out;
  if (!resolution.resolve_front(rest, out, kResolveLimits).ok()) {
    if (!out.empty()) std::abort();
    return;
  }
  const auto taken = datum.substr(0, datum.size() - rest.size());
  if (!avro::check(avro::Program(writer), taken, kLimits).ok()) std::abort();
  if (!avro::check(avro::Program(reader), out, kLimits).ok()) std::abort();
  if (resolution.is_identity() && out != taken) std::abort();
  // The other way to read it takes it, too.
  avro::NoVisitor nobody;
  if (!avro::decode(avro::ResolvedProgram::compile(writer, reader).value(), taken, nobody, kLimits).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  ByteView input{reinterpret_cast<const char*>(data), size};
  const auto next = [&] {
    const auto part = input.substr(0, input.find('\0'));
    input.remove_prefix(std::min(part.size() + 1, input.size()));
    return part;
  };
  const auto writer = avro::Schema::parse(next(), {.validate_defaults = false});
  const auto reader = avro::Schema::parse(next(), {.validate_defaults = false});
  if (!writer.ok() || !reader.ok()) return 0;
  const auto resolution = avro::Resolution::compile(*writer, *reader);
  if (resolution.ok()) resolve(*resolution, *writer, *reader, input);
  const auto first = avro::grow(std::nullopt, *writer);
  if (!first.ok()) return 0;
  const auto grown = avro::grow(*first, *reader);
  if (!grown.ok()) return 0;
  for (const auto* earlier : {&*writer, &*reader, &*first}) {
    const auto to_grown = avro::Resolution::compile(*earlier, *grown);
    if (!to_grown.ok()) std::abort();
    resolve(*to_grown, *earlier, *grown, input);
  }
  return 0;
}
