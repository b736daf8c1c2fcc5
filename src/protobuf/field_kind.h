#pragma once
// What of a field's type and label the wire depends on.

namespace google::protobuf {
class FieldDescriptor;
}

namespace sluice::protobuf {

// Scalars of one kind are written alike, so that either type reads what the other wrote.
enum class FieldKind {
  general_number,
  signed_number,
  fixed32,
  fixed64,
  float_,
  double_,
  string_or_bytes,
  message,
  group,
  map
};

[[nodiscard]] FieldKind kind_of(const google::protobuf::FieldDescriptor& field);
[[nodiscard]] constexpr bool is_scalar(FieldKind kind) { return kind < FieldKind::message; }

enum class FieldLabel { none, optional, required, repeated };

// As it is written: a oneof's fields and most of proto3's have none.
[[nodiscard]] FieldLabel label_of(const google::protobuf::FieldDescriptor& field);

}  // namespace sluice::protobuf
