#pragma once
// A descriptor to elements, as Confluent's registry writes one that it was sent: types by their full names with a
// leading dot, maps as repeated messages marked `map_entry`, options in the order of their declaration, custom ones
// last.

#include "protobuf/elements.h"

namespace google::protobuf {
class FileDescriptor;
}

namespace sluice::protobuf {

[[nodiscard]] FileElement elements_of(const google::protobuf::FileDescriptor& file);

}  // namespace sluice::protobuf
