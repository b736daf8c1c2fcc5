#pragma once
// From a tree of texts to a Config: keys that exist, values that mean something.

#include <string>

#include "base/result.h"
#include "server/config/config.h"
#include "server/config/document.h"

namespace sluice::server {

// Every key is one that settings.cc knows and that this version has. Errors: rejected, with all findings, the first in
// the message; unsupported, when all of them are keys of a later version.
[[nodiscard]] Result<void> check_keys(const Value& root);

// Writes the defaults of what is missing into the tree, with the origin "default".
void fill_defaults(Value& root);

// Reads a checked and filled tree. Errors: rejected, unsupported, each with the value's place.
[[nodiscard]] Result<Config> read_config(const Value& root);

}  // namespace sluice::server
