#pragma once
// The options of a descriptor, custom ones by the declarations in their pool.

#include "protobuf/elements.h"

namespace google::protobuf {
class DescriptorPool;
class Message;
}  // namespace google::protobuf

namespace sluice::protobuf {

// `options`: a FileOptions, MessageOptions…. Extensions that `pool` does not know are left out.
[[nodiscard]] Options options_of(const google::protobuf::Message& options,
                                 const google::protobuf::DescriptorPool& pool);

}  // namespace sluice::protobuf
