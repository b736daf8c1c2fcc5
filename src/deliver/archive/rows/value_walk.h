#pragma once
// A schema as a program that walks over a binary value of it: proves that the bytes are one, and finds the fields.
//
// It copies nothing and decodes nothing but lengths, so that the archive can take a value's bytes as they are.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::deliver::archive {

class ValueWalk {
 public:
  enum class Kind : std::uint8_t {
    null, boolean, int_, long_, float_, double_, bytes, fixed, enum_, array, map, record, union_
  };
  struct Field {
    std::string name;
    std::int32_t type;  // index of its node
  };

  // `schema` is Avro JSON. Errors: rejected, when it is none.
  [[nodiscard]] static Result<ValueWalk> compile(std::string_view schema);

  // Whether `bytes` is one value of the schema, from its first byte to its last.
  [[nodiscard]] bool matches(ByteView bytes) const;
  // The same for a record, with the bytes of each field in `fields`.
  [[nodiscard]] bool split(ByteView bytes, std::vector<ByteView>& fields) const;
  // The same for the first `count` fields of a record: what is behind them is not looked at.
  [[nodiscard]] bool first(ByteView bytes, std::size_t count, std::vector<ByteView>& fields) const;
  // The same for the record at the front of `bytes`, which is taken off.
  [[nodiscard]] bool take(ByteView& bytes, std::vector<ByteView>& fields) const;

  [[nodiscard]] bool is_record() const { return nodes_[root_].kind == Kind::record; }
  // Of the schema, when it is a record.
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  // For a field of a union of null and one other type: the index of null's branch (0 or 1).
  [[nodiscard]] std::optional<int> null_branch(const Field& field) const;
  // Whether values of `field`, a union of null and T, take those of `key_field` of another schema, a T, byte for byte.
  // Only for types without parts: a key column of another type stays null in a delete's row.
  [[nodiscard]] bool takes(const Field& field, const ValueWalk& other, const Field& key_field) const;

 private:
  struct Node {
    Kind kind = Kind::null;
    std::uint64_t size = 0;              // bytes of a fixed, symbols of an enum
    std::vector<std::int32_t> children;  // fields, branches, or the one item
  };
  class Compiler;

  [[nodiscard]] bool split_fields(ByteReader& in, std::size_t count, std::vector<ByteView>& fields) const;
  [[nodiscard]] bool walk(std::int32_t node, ByteReader& in, int depth) const;
  [[nodiscard]] bool walk_blocks(const Node& node, ByteReader& in, int depth) const;

  std::vector<Node> nodes_;
  std::size_t root_ = 0;
  std::vector<Field> fields_;
};

}  // namespace sluice::deliver::archive
