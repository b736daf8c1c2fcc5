#pragma once
// A file that a client sent, read but not yet resolved: Google's FileDescriptorProto, and where in the text its parts
// stand.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace google::protobuf {
class DescriptorPool;
class FileDescriptor;
}  // namespace google::protobuf

namespace sluice::protobuf {

class Source {
 public:
  // A .proto text, or a FileDescriptorProto in base64. Errors: rejected, with line and column.
  [[nodiscard]] static Result<Source> read(std::string_view text, const std::string& name);
  ~Source();
  Source(Source&&) noexcept;
  Source& operator=(Source&&) noexcept;

  [[nodiscard]] bool is_text() const;
  // Resolves it in `pool`, where its imports are (those that lack may serve options only: they are left out, as are
  // options that nobody declares). Errors: rejected, with line and column. To be called once.
  [[nodiscard]] Result<const google::protobuf::FileDescriptor*> build(google::protobuf::DescriptorPool& pool);

 private:
  struct State;
  explicit Source(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::protobuf
