#pragma once
// Elements to text, in the layout of Confluent's registry.

#include <string>

#include "protobuf/elements.h"

namespace sluice::protobuf {

[[nodiscard]] std::string print(const FileElement& file);

}  // namespace sluice::protobuf
