#pragma once
// Schemas, programs and resolutions, each compiled once.
//
//   SLUICE_TRY(const auto writer, compiled.schema(writer_text));
//   SLUICE_TRY(const auto reader, compiled.schema(reader_text));
//   SLUICE_TRY(const auto resolution, compiled.resolution(writer, reader));
//
// The key of a schema is its identity: copies of one Schema are the same, and so are the answers of schema() for one text;
// a text parsed elsewhere again is another. So a look-up compares two pointers, not two texts.

#include <cstdint>
#include <memory>
#include <string_view>

#include "avro/program.h"
#include "avro/resolution.h"
#include "avro/resolved_program.h"
#include "avro/schema.h"
#include "base/result.h"

namespace sluice::avro {

// Thread-safe: look-ups share a lock, and compiling is done outside of it.
class Compiled {
 public:
  // `capacity` of each kind; beyond it, what was used longest ago is let go. What was given out stays good.
  explicit Compiled(std::size_t capacity = 1024, ParseOptions options = {});
  ~Compiled();

  // Errors: those of Schema::parse(); not kept.
  [[nodiscard]] Result<Schema> schema(std::string_view text);
  [[nodiscard]] std::shared_ptr<const Program> program(const Schema& schema);
  // Errors: those of Resolution::compile(); not kept.
  [[nodiscard]] Result<Resolution> resolution(const Schema& writer, const Schema& reader);
  // Errors: those of ResolvedProgram::compile(); not kept.
  [[nodiscard]] Result<ResolvedProgram> program(const Schema& writer, const Schema& reader);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::avro
