#pragma once
// Data as lines of Avro's JSON, both ways, as the commands of the noun `avro` share it.

#include <functional>
#include <optional>
#include <string>

#include "avro/program.h"
#include "avro/resolution.h"
#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"
#include "cli/avro/input.h"

namespace sluice::cli {

inline constexpr std::size_t kMaxDatumBytes = std::size_t{256} << 20;

// Data of one schema as JSON, by that schema or by another.
class DatumReader {
 public:
  // Errors: rejected, the schemas are nothing to each other.
  [[nodiscard]] static Result<DatumReader> create(avro::Schema writer, std::optional<avro::Schema> reader);

  // Appends the datum at the front of `bytes`, and takes it off. Errors: corrupt, it is none, or more bytes are needed;
  // rejected, the reader cannot take it.
  [[nodiscard]] Result<void> read(ByteView& bytes, std::string& out);

 private:
  DatumReader() = default;

  std::optional<avro::Resolution> resolution_;
  std::optional<avro::Program> program_;
  Bytes resolved_;
};

// Gives the bytes of each line to `take`; blank lines are passed over. Errors: those of `take` and the input; rejected,
// with name, line and path of what does not fit.
[[nodiscard]] Result<void> encode_lines(LineReader& lines, const std::string& name, avro::Schema schema,
                                        const std::function<Result<void>(ByteView)>& take);

// The exit status of a command that is done; says the error.
[[nodiscard]] int finish(const Result<void>& done);

}  // namespace sluice::cli
