#pragma once
// `sluice avro eval`: questions to the Avro module, one JSON object a line, and their answers, one a line, so that
// another implementation's results can be compared with ours by a script. docs/avro-command.md describes operations and
// codes.
//
// No state is kept between lines. An answer's memory and time are bounded by the limits below, whatever the line says.

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::avro::eval {

inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxSchemaBytes = std::size_t{8} << 20;
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{128} << 20;  // of what a datum or a file becomes

// The answer to a line, which comes and goes without its line break.
[[nodiscard]] std::string answer(std::string_view line);
// The answer to a line longer than kMaxLineBytes, of which `front` is known.
[[nodiscard]] std::string answer_to_longer(std::string_view front);

}  // namespace sluice::avro::eval
