#pragma once
// Options and their values, from tokens.

#include "protobuf/elements.h"
#include "protobuf/tokens.h"

namespace sluice::protobuf {

// name = value, standing at the name. False: not understood.
[[nodiscard]] bool read_option(Tokens& tokens, OptionElement& option);
// [name = value, …], if there is one here.
[[nodiscard]] bool read_bracketed_options(Tokens& tokens, Options& options);

}  // namespace sluice::protobuf
