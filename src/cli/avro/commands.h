#pragma once
// The rows of the noun `avro`, each in a file of its own: all offline, on files and pipes.

#include "cli/command.h"

namespace sluice::cli {

Command avro_encode_command();
Command avro_decode_command();
Command avro_canonical_command();
Command avro_fingerprint_command(const Globals& globals);
Command avro_compat_command(const Globals& globals);
Command avro_cat_command();
Command avro_write_command();
Command avro_schema_command(const Globals& globals);
Command avro_eval_command();

}  // namespace sluice::cli
