#include "cli/avro/commands.h"

#include "cli/commands.h"

namespace sluice::cli {

std::vector<Command> avro_commands(const Globals& globals) {
  return {
      avro_encode_command(),        avro_decode_command(), avro_canonical_command(), avro_fingerprint_command(globals),
      avro_compat_command(globals), avro_cat_command(),    avro_write_command(),     avro_schema_command(globals),
      avro_eval_command()};
}

}  // namespace sluice::cli
