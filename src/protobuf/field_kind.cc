#include "protobuf/field_kind.h"

#include <google/protobuf/descriptor.h>

namespace sluice::protobuf {
namespace pb = google::protobuf;

FieldKind kind_of(const pb::FieldDescriptor& field) {
  using F = pb::FieldDescriptor;
  if (field.is_map()) return FieldKind::map;
  switch (field.type()) {
    case F::TYPE_SINT32:
    case F::TYPE_SINT64:
      return FieldKind::signed_number;
    case F::TYPE_FIXED32:
    case F::TYPE_SFIXED32:
      return FieldKind::fixed32;
    case F::TYPE_FIXED64:
    case F::TYPE_SFIXED64:
      return FieldKind::fixed64;
    case F::TYPE_FLOAT:
      return FieldKind::float_;
    case F::TYPE_DOUBLE:
      return FieldKind::double_;
    case F::TYPE_STRING:
    case F::TYPE_BYTES:
      return FieldKind::string_or_bytes;
    case F::TYPE_MESSAGE:
      return FieldKind::message;
    case F::TYPE_GROUP:
      return FieldKind::group;
    default:
      return FieldKind::general_number;  // int32, int64, uint32, uint64, bool, enums
  }
}

FieldLabel label_of(const pb::FieldDescriptor& field) {
  if (field.is_repeated()) return FieldLabel::repeated;
  if (field.is_required()) return FieldLabel::required;
  if (field.real_containing_oneof() != nullptr) return FieldLabel::none;
  const bool proto3 = field.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3;
  return !proto3 || field.has_optional_keyword() ? FieldLabel::optional : FieldLabel::none;
}

}  // namespace sluice::protobuf
