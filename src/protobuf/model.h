#pragma once
// A schema built: its text and its descriptors.

#include <memory>
#include <string>

namespace google::protobuf {
class DescriptorPool;
class FileDescriptor;
}  // namespace google::protobuf

namespace sluice::protobuf {

struct Model {
  Model();
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  std::string text;                                        // Schema::text()
  std::unique_ptr<google::protobuf::DescriptorPool> pool;  // the imports too; over known_types()
  const google::protobuf::FileDescriptor* file = nullptr;  // in the pool
};

}  // namespace sluice::protobuf
