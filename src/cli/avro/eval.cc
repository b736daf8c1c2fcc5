// `sluice avro eval`: src/avro/eval answers, this reads and writes lines.
#include "avro/eval/eval.h"

#include <iostream>

#include "cli/avro/commands.h"
#include "cli/avro/input.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

int run() {
  auto input = Input::open("-");
  if (!input.ok()) return fail(input.error());
  LineReader lines(*input, avro::eval::kMaxLineBytes, [] { std::cout.flush(); });
  while (std::cout) {
    const auto line = lines.next();
    if (!line.ok()) return fail(line.error());
    if (!*line) return 0;
    std::cout << ((*line)->cut ? avro::eval::answer_to_longer((*line)->text) : avro::eval::answer((*line)->text))
              << '\n';
  }
  return kRefused;  // nobody reads the answers
}

}  // namespace

Command avro_eval_command() {
  return {
      .noun = "avro",
      .verb = "eval",
      .help =
          "Answers questions about schemas and data, one JSON object a line, as a filter: to compare other "
          "implementations",
      .arguments = {},
      .options = {},
      .run = run,
      .more =
          "Standard input: {\"id\":1,\"op\":\"encode\",\"schema\":\"\\\"int\\\"\",\"json\":\"-1\"}. Standard output: "
          "{\"id\":1,\"ok\":true,\"hex\":\"01\"}. Operations: parse, canonical, compat, encode, decode, resolve, "
          "read_file, write_file."};
}

}  // namespace sluice::cli
