#pragma once
// The .proto files that every schema may import without a reference: google/protobuf/, google/type/ and Confluent's
// own.

#include <string_view>

namespace google::protobuf {
class DescriptorPool;
}

namespace sluice::protobuf {

// All of them, built once; constant from then on.
[[nodiscard]] const google::protobuf::DescriptorPool& known_types();
[[nodiscard]] bool is_known_file(std::string_view path);

}  // namespace sluice::protobuf
