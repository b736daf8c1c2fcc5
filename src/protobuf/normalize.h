#pragma once
// Elements made the same for every spelling of one meaning: sorted, names fully qualified, maps as maps, numbers in
// decimal.

#include "protobuf/elements.h"

namespace google::protobuf {
class FileDescriptor;
}

namespace sluice::protobuf {

// Precondition: `element` was read from the text of `file`, or of one that prints the same.
void normalize(FileElement& element, const google::protobuf::FileDescriptor& file);

}  // namespace sluice::protobuf
