#pragma once
// From one schema to another: a datum's bytes by its writer's schema become its bytes by a reader's, without a value in
// between.
//
//   SLUICE_TRY(const auto resolution, Resolution::compile(writer, reader));
//   SLUICE_RETURN_IF_ERROR(resolution.resolve(datum, out));
//
// The rules are those of Avro 1.12, "Schema Resolution", as Java's Resolver reads them: records match by their fields
// alone, enums and fixed by their short name, a union's branch by its full name first, then by its structure, then by
// promotion; aliases of the reader rename the writer's types and fields; what has no counterpart in a union's branch, in an
// array's items or among an enum's symbols is wrong only in the datum that has it.
//
// Every byte is proved to be the writer's on the way; what needs no change is copied in one piece, however many fields it
// spans. Blocks of arrays and maps stay as they are cut.

#include <cstdint>
#include <memory>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

namespace resolution {
struct Code;
}

struct ResolveLimits {
  int depth = 200;
  std::uint64_t items_of_no_bytes = 1 << 20;  // in the whole datum
  std::size_t output_bytes = 1 << 30;         // of one datum; defaults may make much of little
};

// Immutable, cheap to copy, shared freely between threads.
class Resolution {
 public:
  // What becomes of schemas of which no datum can be resolved: refused at once, or, as in Java, each datum is where it first
  // has what does not fit.
  enum class Misfits : std::uint8_t { at_once, in_data };

  // Errors: rejected: the path in the schemas and why.
  [[nodiscard]] static Result<Resolution> compile(const Schema& writer, const Schema& reader, Misfits misfits = Misfits::at_once);

  // Appends the reader's bytes of `datum`, which is one datum from the first byte to the last. Errors: corrupt, it is no
  // datum of the writer; rejected, it has what the reader cannot take; either of them, it is over a limit (limit.h). All
  // name the path in the datum, and leave `out` as it was.
  [[nodiscard]] Result<void> resolve(ByteView datum, Bytes& out, const ResolveLimits& limits = {}) const;
  // The same for the datum at the front of `bytes`, which is taken off.
  [[nodiscard]] Result<void> resolve_front(ByteView& bytes, Bytes& out, const ResolveLimits& limits = {}) const;

  // Whether the writer's bytes are always the reader's.
  [[nodiscard]] bool is_identity() const;

 private:
  explicit Resolution(std::shared_ptr<const resolution::Code> code) : code_(std::move(code)) {}

  std::shared_ptr<const resolution::Code> code_;
};

}  // namespace sluice::avro
