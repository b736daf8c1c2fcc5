// 1. Top-level messages of both files, then those nested in them, are paired by name; one that the reader lacks is a
// reason.
// 2. Of a pair, fields are compared by number wherever they stand: their kind (scalar, map, message, group), the kind
// of
//    scalar on the wire, the message that they name (its path without the package), their label. Fields that only one
//    of them has matter when they are required, or have left a oneof for good.
// 3. A field whose message lives in another file on either side is followed there, once a pair of messages.

#include "protobuf/compatibility.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <limits>
#include <map>
#include <set>
#include <utility>

#include "protobuf/field_kind.h"
#include "protobuf/model.h"

namespace sluice::protobuf {
namespace pb = google::protobuf;

namespace {

// Without the package.
std::string_view local_name(const pb::Descriptor& message) {
  std::string_view name = message.full_name();
  const auto& package = message.file()->package();
  return package.empty() ? name : name.substr(package.size() + 1);
}

std::string path_of(const pb::Descriptor& message) {
  std::string path = "#/" + std::string(local_name(message));
  for (auto& letter : path) letter = letter == '.' ? '/' : letter;
  return path;
}

// "/name" of the oneof, where both fields are in one of that name.
std::string in_oneof(const pb::FieldDescriptor& reader, const pb::FieldDescriptor& writer) {
  const auto* now = reader.real_containing_oneof();
  const auto* old = writer.real_containing_oneof();
  return now != nullptr && old != nullptr && now->name() == old->name() ? "/" + now->name() : "";
}

class Comparison {
 public:
  Comparison(const pb::FileDescriptor& reader, const pb::FileDescriptor& writer) : reader_(reader), writer_(writer) {}
  std::vector<Incompatibility> run();

 private:
  using Message = pb::Descriptor;
  using Field = pb::FieldDescriptor;
  struct Use {
    std::size_t user;
    std::string path;  // of the field; "": the used one is nested in the user
  };
  struct Pair {
    const Message* reader;
    const Message* writer;
    std::vector<Use> uses = {};
    bool compatible = true;
  };

  void top_level();
  void use(const Message& reader, const Message& writer, const std::string& path);
  void messages(const Message& reader, const Message& writer);
  void oneofs(const Message& reader, const Message& writer, const std::string& path);
  void removed_from_oneofs(const Message& reader, const Message& writer, const std::string& path);
  void unmatched(const Message& reader, const Message& writer, const std::string& path);
  void nested(const Message& reader, const Message& writer);
  void types(const Field& reader, const Field& writer, const std::string& path);
  void labels(const Field& reader, const Field& writer, FieldKind kind, const std::string& path);
  void named_types(const Message& reader, const Message& writer, const std::string& path);
  void tell_users();
  void add(std::string type, const std::string& path, std::string description) {
    found_.push_back({std::move(type), path, std::move(description)});
  }

  const pb::FileDescriptor& reader_;
  const pb::FileDescriptor& writer_;
  std::vector<Incompatibility> found_;
  std::vector<Pair> pairs_;  // compared up to current_, then to be compared
  std::map<std::pair<const Message*, const Message*>, std::size_t> numbers_;
  std::size_t current_ = 0;
};

constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

// The pair is to be compared, if it is a new one, for the sake of the current one.
void Comparison::use(const Message& reader, const Message& writer, const std::string& path) {
  const auto [found, added] = numbers_.emplace(std::pair(&reader, &writer), pairs_.size());
  if (added) pairs_.push_back({&reader, &writer});
  if (current_ != kNobody) pairs_[found->second].uses.push_back({current_, path});
}

void Comparison::messages(const Message& reader, const Message& writer) {
  const auto before = found_.size();
  const auto path = path_of(writer);
  oneofs(reader, writer, path);
  removed_from_oneofs(reader, writer, path);
  unmatched(reader, writer, path);
  for (int i = 0; i < writer.field_count(); ++i) {
    const auto* found = reader.FindFieldByNumber(writer.field(i)->number());
    if (found == nullptr) continue;
    types(*found, *writer.field(i), path + in_oneof(*found, *writer.field(i)) + "/" + std::to_string(found->number()));
  }
  nested(reader, writer);
  if (found_.size() != before) pairs_[current_].compatible = false;
}

// A oneof keeps only the last of its fields on the wire, so two that were free must not come into one, nor one beside
// others.
void Comparison::oneofs(const Message& reader, const Message& writer, const std::string& path) {
  for (int i = 0; i < reader.real_oneof_decl_count(); ++i) {
    const auto& oneof = *reader.oneof_decl(i);
    int free = 0;
    std::set<const pb::OneofDescriptor*> others;
    for (int j = 0; j < oneof.field_count(); ++j) {
      const auto* field = writer.FindFieldByNumber(oneof.field(j)->number());
      if (field == nullptr) continue;
      if (field->real_containing_oneof() == nullptr) {
        ++free;
      } else {
        others.insert(field->real_containing_oneof());
      }
    }
    const auto at = path + "/" + oneof.name();
    if (free > 1) {
      add("MULTIPLE_FIELDS_MOVED_TO_ONEOF", at,
          "More than one field of the old schema that was in no oneof is in the oneof at path '" + at +
              "' of the new schema");
    } else if ((free == 1 && !others.empty()) || others.size() > 1) {
      add("FIELD_MOVED_TO_EXISTING_ONEOF", at,
          "A field of the old schema has moved into the oneof at path '" + at +
              "' of the new schema, beside fields that were in a oneof already");
    }
  }
}

void Comparison::removed_from_oneofs(const Message& reader, const Message& writer, const std::string& path) {
  for (int i = 0; i < writer.real_oneof_decl_count(); ++i) {
    const auto& oneof = *writer.oneof_decl(i);
    // A oneof that has gone altogether is told by its fields alone: removing them is compatible.
    if (reader.FindOneofByName(oneof.name()) == nullptr) continue;
    for (int j = 0; j < oneof.field_count(); ++j) {
      if (reader.FindFieldByNumber(oneof.field(j)->number()) != nullptr) continue;
      const auto at = path + "/" + oneof.name() + "/" + std::to_string(oneof.field(j)->number());
      add("ONEOF_FIELD_REMOVED", at,
          "The new schema lacks the field of a oneof at path '" + at + "' of the old schema");
    }
  }
}

void Comparison::unmatched(const Message& reader, const Message& writer, const std::string& path) {
  for (int i = 0; i < writer.field_count(); ++i) {
    const auto& field = *writer.field(i);
    if (!field.is_required() || reader.FindFieldByNumber(field.number()) != nullptr) continue;
    const auto at = path + "/" + std::to_string(field.number());
    add("REQUIRED_FIELD_REMOVED", at, "The new schema lacks the required field at path '" + at + "' of the old schema");
  }
  for (int i = 0; i < reader.field_count(); ++i) {
    const auto& field = *reader.field(i);
    if (!field.is_required() || writer.FindFieldByNumber(field.number()) != nullptr) continue;
    const auto at = path + "/" + std::to_string(field.number());
    add("REQUIRED_FIELD_ADDED", at,
        "The required field at path '" + at + "' of the new schema is not in the old schema");
  }
}

// Messages that only spell groups belong to their fields.
template <typename Scope>
std::set<const pb::Descriptor*> groups_of(const Scope& scope) {
  std::set<const pb::Descriptor*> groups;
  const auto add = [&](const pb::FieldDescriptor& field) {
    if (field.type() == pb::FieldDescriptor::TYPE_GROUP) groups.insert(field.message_type());
  };
  for (int i = 0; i < scope.extension_count(); ++i) add(*scope.extension(i));
  if constexpr (std::is_same_v<Scope, pb::Descriptor>) {
    for (int i = 0; i < scope.field_count(); ++i) add(*scope.field(i));
  }
  return groups;
}

void Comparison::nested(const Message& reader, const Message& writer) {
  const auto groups = groups_of(writer);
  for (int i = 0; i < writer.nested_type_count(); ++i) {
    const auto& old = *writer.nested_type(i);
    if (old.options().map_entry()) continue;
    const auto* now = reader.FindNestedTypeByName(old.name());
    if (now != nullptr && !now->options().map_entry()) {
      use(*now, old, "");
    } else if (!groups.contains(&old)) {
      const auto at = path_of(old);
      add("MESSAGE_REMOVED", at, "The new schema lacks the message at path '" + at + "' of the old schema");
    }
  }
}

void Comparison::types(const Field& reader, const Field& writer, const std::string& path) {
  const auto kind = kind_of(reader);
  const auto old = kind_of(writer);
  if (kind != old && is_scalar(kind) && is_scalar(old)) {
    add("FIELD_SCALAR_KIND_CHANGED", path,
        "The scalar field at path '" + path + "' has type " + reader.type_name() + " in the new schema and had type " +
            writer.type_name() + " in the old schema");
  } else if (kind != old) {
    add("FIELD_KIND_CHANGED", path,
        "The field at path '" + path + "' is of another kind in the new schema than in the old schema");
  } else if (kind == FieldKind::map) {
    types(*reader.message_type()->map_key(), *writer.message_type()->map_key(), path);
    types(*reader.message_type()->map_value(), *writer.message_type()->map_value(), path);
  } else {
    labels(reader, writer, kind, path);
    if (!is_scalar(kind)) named_types(*reader.message_type(), *writer.message_type(), path);
  }
}

void Comparison::labels(const Field& reader, const Field& writer, FieldKind kind, const std::string& path) {
  const auto now = label_of(reader);
  const auto old = label_of(writer);
  if (now == old) return;
  const bool number = is_scalar(kind) && kind != FieldKind::string_or_bytes;
  const bool both_written = now != FieldLabel::none && old != FieldLabel::none;
  const bool one_repeated = now == FieldLabel::repeated || old == FieldLabel::repeated;
  if (number && (both_written || one_repeated)) {
    add("FIELD_NUMERIC_LABEL_CHANGED", path,
        "The label of the numeric field at path '" + path + "' differs between the new schema and the old schema");
  } else if (now == FieldLabel::required) {
    add("REQUIRED_FIELD_ADDED", path,
        "The field at path '" + path + "' is required in the new schema and was not in the old schema");
  }
}

void Comparison::named_types(const Message& reader, const Message& writer, const std::string& path) {
  if (local_name(reader) != local_name(writer)) {
    add("FIELD_NAMED_TYPE_CHANGED", path,
        "The field at path '" + path + "' has type " + reader.full_name() + " in the new schema and had type " +
            writer.full_name() + " in the old schema");
  } else if (reader.file() != &reader_ || writer.file() != &writer_) {  // those of both files' own are compared anyway
    use(reader, writer, path);
  }
}

void Comparison::top_level() {
  const auto groups = groups_of(writer_);
  for (int i = 0; i < writer_.message_type_count(); ++i) {
    const auto& old = *writer_.message_type(i);
    const auto* now = reader_.FindMessageTypeByName(old.name());
    if (now != nullptr) {
      use(*now, old, "");
    } else if (!groups.contains(&old)) {
      const auto at = path_of(old);
      add("MESSAGE_REMOVED", at, "The new schema lacks the message at path '" + at + "' of the old schema");
    }
  }
}

// A pair that is incompatible makes the fields incompatible that name it, and so the pairs of those.
void Comparison::tell_users() {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if (!pairs_[i].compatible) open.push_back(i);
  }
  while (!open.empty()) {
    const auto& told = pairs_[open.back()];
    open.pop_back();
    for (const auto& [user, path] : told.uses) {
      if (!path.empty()) {
        add("FIELD_NAMED_TYPE_CHANGED", path,
            "The message of the field at path '" + path + "' in the new schema does not match that in the old schema");
      }
      if (std::exchange(pairs_[user].compatible, false)) open.push_back(user);
    }
  }
}

std::vector<Incompatibility> Comparison::run() {
  if (reader_.package() != writer_.package()) {
    add("PACKAGE_CHANGED", "#/",
        "The package is '" + reader_.package() + "' in the new schema and was '" + writer_.package() +
            "' in the old schema");
  }
  current_ = kNobody;
  top_level();
  for (current_ = 0; current_ < pairs_.size(); ++current_) {
    const auto pair = std::pair(pairs_[current_].reader, pairs_[current_].writer);
    messages(*pair.first, *pair.second);
  }
  tell_users();
  return std::move(found_);
}

}  // namespace

std::vector<Incompatibility> check_compatibility(const Schema& reader, const Schema& writer) {
  return Comparison(*reader.model().file, *writer.model().file).run();
}

}  // namespace sluice::protobuf
