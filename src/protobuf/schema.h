#pragma once
// A Protobuf schema: one .proto file, parsed together with what it imports. Immutable, shared freely between threads.
//
// Parsing and checking is Google's own library's, so that what is taken here compiles with protoc 3.21 (proto2 and
// proto3). On top of it, as in Confluent's registry: options that nobody declares, and imports that only such options
// need, are kept in the text and left out of the descriptor.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::protobuf {

// Bounds on what a client may send: larger is refused before anything is built of it.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;     // of one text, as it was sent and as it is stored
constexpr std::size_t kMaxImportBytes = std::size_t{16} << 20;  // of all imports together
constexpr int kMaxDepth = 100;  // of brackets; messages nest at most 32 deep (the library's bound)

struct Import {
  std::string path;  // as `import` statements name it
  std::string text;
};

struct Model;

class Schema {
 public:
  // `text` is a .proto file, or a FileDescriptorProto in base64. `imports` holds what it imports, directly or not, each
  // before its users, in either form; google/protobuf/*.proto, google/type/*.proto and Confluent's own types are built
  // in and never taken from there. Errors: rejected, with line and column.
  [[nodiscard]] static Result<Schema> parse(std::string_view text, std::span<const Import> imports = {});

  // The file in the one layout that Confluent's registry stores: no comments, messages before enums, names as they were
  // written. Parses to the same descriptor but for the order of fields.
  [[nodiscard]] const std::string& text() const;
  // The same for every spelling of one meaning: sorted, names fully qualified, options of one name merged.
  [[nodiscard]] std::string normalized() const;
  // text() without custom options (Confluent's own stay), `extend` and `extensions`.
  [[nodiscard]] std::string without_extensions() const;
  // The FileDescriptorProto in base64, all names resolved.
  [[nodiscard]] std::string serialized() const;
  // Has the first message, which is what data is of when nothing says otherwise, a field of this name?
  [[nodiscard]] bool has_field(std::string_view name) const;

  // For this module's own.
  [[nodiscard]] const Model& model() const { return *model_; }

 private:
  explicit Schema(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> model_;
};

}  // namespace sluice::protobuf
