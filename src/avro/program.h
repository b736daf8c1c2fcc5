#pragma once
// A schema compiled for decoding: its graph walked once into one array of operations, and a value's bytes run through it.
//
//   Program program(schema);
//   SLUICE_RETURN_IF_ERROR(decode(program, bytes, visitor));
//
// The operations of a record's fields, or a union's branches, lie side by side; a record that is used twice, or within
// itself, is there once. decode() allocates nothing: strings and bytes are given to the visitor as views into the input.
// Every read is bounded: by the input's end, by depth, and by a number of items that take no bytes (arrays of nulls).
//
// A visitor is a class with the functions of NoVisitor; deriving from it, it hides those that it wants.

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "avro/limit.h"
#include "avro/schema.h"
#include "avro/utf8.h"
#include "avro/varint.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Of the operation that lies behind a record's fields, and behind items: nothing more is expected.
inline constexpr Type kNoType = static_cast<Type>(0xff);

struct Operation {
  Type type = Type::null;
  std::uint32_t children = 0;  // their number: fields, branches, or one for items
  std::uint32_t first = 0;     // index of the first child
  std::uint32_t size = 0;      // bytes of a fixed; symbols of an enum
  const Node* node = nullptr;
};

// Shares the schema's nodes. Immutable, shared freely between threads.
class Program {
 public:
  explicit Program(Schema schema);

  [[nodiscard]] const Schema& schema() const { return schema_; }
  [[nodiscard]] const Operation& root() const { return operations_.front(); }
  [[nodiscard]] const Operation* child(const Operation& of, std::size_t i) const { return operations_.data() + of.first + i; }

 private:
  class Compiler;

  Schema schema_;
  std::vector<Operation> operations_;
};

struct DecodeLimits {
  int depth = 200;
  std::uint64_t items_of_no_bytes = 1 << 20;  // in the whole value; fields of records without bytes count as well
  bool utf8 = false;                          // strings and keys of maps must be UTF-8, as the specification has it
};

struct NoVisitor {
  void null() {}
  void boolean(bool) {}
  void integer(const Node&, std::int64_t) {}  // int and long
  void float_number(float) {}
  void double_number(double) {}
  void string(ByteView) {}                 // UTF-8 only where DecodeLimits asks for it
  void bytes(const Node&, ByteView) {}     // bytes and fixed
  void symbol(const Node&, std::size_t) {}
  void begin_branch(const Node&, std::size_t) {}  // before the value of a union
  void end_branch(const Node&, std::size_t) {}
  void begin_record(const Node&) {}
  void field(const Node&, std::size_t) {}  // before its value
  void end_record(const Node&) {}
  void begin_array() {}
  void item() {}  // before an item of an array
  void end_array() {}
  void begin_map() {}
  void key(ByteView) {}  // before its value
  void end_map() {}
};

namespace program_detail {

enum class Fault : std::uint8_t { short_, boolean, integer, symbol, branch, size, depth, items, length, utf8 };
// The error of a run of `bytes` through `operation` that stopped at byte `at`. Finds the path to it by a second run.
[[nodiscard]] Error fault(const Program& program, const Operation& operation, ByteView bytes, const DecodeLimits& limits,
                          Fault fault, std::size_t at);
[[nodiscard]] Error bytes_after(std::size_t count);

template <typename Visitor>
class Run {
 public:
  // A place that is null means a failure here: no bytes are a place, too.
  Run(const Program& program, ByteView bytes, Visitor& visitor, DecodeLimits limits)
      : program_(program), begin_(bytes.data() == nullptr ? "" : bytes.data()), end_(begin_ + bytes.size()), at_(begin_), visitor_(visitor),
        depth_(limits.depth), utf8_(limits.utf8), spare_items_(limits.items_of_no_bytes) {}

  // The value at the front. False: at position() is what why() says.
  [[nodiscard]] bool front(const Operation& operation) {
    const char* behind = value(operation, at_);
    if (behind != nullptr) [[likely]] at_ = behind;
    return behind != nullptr;
  }
  [[nodiscard]] ByteView rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] Fault why() const { return fault_; }

 private:
  // Takes where a value begins and gives where it ends, or null. The place goes from call to call in a register: in memory it
  // would be waited for at each field. Inlined where it is called, the types with parts below out of line: a field costs a
  // jump, not a call. There is no union in a union.
  template <bool kInUnion = false>
  [[nodiscard]] [[gnu::always_inline]] const char* value(const Operation& operation, const char* at) {
    switch (operation.type) {
      case Type::null: visitor_.null(); return at;
      case Type::boolean: return boolean(at);
      case Type::int_:
      case Type::long_: return integer(operation, at);
      case Type::float_: return floating<float>(at);
      case Type::double_: return floating<double>(at);
      case Type::string: {
        ByteView text;
        at = text_of(at, text);
        if (at != nullptr) visitor_.string(text);
        return at;
      }
      case Type::bytes: {
        ByteView bytes;
        at = sized(at, bytes);
        if (at != nullptr) visitor_.bytes(*operation.node, bytes);
        return at;
      }
      case Type::fixed:
        if (operation.size > left(at)) return refuse(Fault::short_, at);
        visitor_.bytes(*operation.node, {at, operation.size});
        return at + operation.size;
      case Type::enum_: {
        const auto symbol = read_varint(at, end_);
        if (symbol.at == nullptr) return refuse(Fault::short_, at);
        if ((symbol.value & 1) != 0 || symbol.value >> 1 >= operation.size) return refuse(Fault::symbol, at);
        visitor_.symbol(*operation.node, symbol.value >> 1);
        return symbol.at;
      }
      case Type::union_:
        if constexpr (kInUnion) break;
        else return branch(operation, at);
      case Type::record: return record(operation, at);
      case Type::array:
      case Type::map: return blocks(operation, at);
    }
    return nullptr;
  }

  [[gnu::cold]] const char* refuse(Fault fault, const char* at) {
    fault_ = fault;
    at_ = at;
    return nullptr;
  }
  [[nodiscard]] std::size_t left(const char* at) const { return static_cast<std::size_t>(end_ - at); }

  const char* boolean(const char* at) {
    if (at == end_) return refuse(Fault::short_, at);
    const auto byte = static_cast<unsigned char>(*at);
    if (byte > 1) return refuse(Fault::boolean, at);
    visitor_.boolean(byte != 0);
    return at + 1;
  }

  // Whether there may be so many more values that take no bytes.
  [[nodiscard]] bool spare(std::uint64_t count) {
    if (count > spare_items_) return false;
    spare_items_ -= count;
    return true;
  }

  const char* integer(const Operation& operation, const char* at) {
    const auto number = read_varint(at, end_);
    if (number.at == nullptr) return refuse(Fault::short_, at);
    const auto value = zigzag_decode(number.value);
    if (operation.type == Type::int_ && value != static_cast<std::int32_t>(value)) return refuse(Fault::integer, at);
    visitor_.integer(*operation.node, value);
    return number.at;
  }

  template <typename Number>
  const char* floating(const char* at) {
    Number number;
    if (left(at) < sizeof number) return refuse(Fault::short_, at);
    std::memcpy(&number, at, sizeof number);  // little-endian, as this machine
    if constexpr (sizeof(Number) == sizeof(float)) {
      visitor_.float_number(number);
    } else {
      visitor_.double_number(number);
    }
    return at + sizeof number;
  }

  const char* sized(const char* at, ByteView& out) {
    const auto size = read_varint(at, end_);
    if (size.at == nullptr) return refuse(Fault::short_, at);
    if ((size.value & 1) != 0) return refuse(Fault::size, at);
    if (size.value >> 1 > left(size.at)) return refuse(size.value >> 1 > kMaxLength ? Fault::length : Fault::short_, at);
    out = {size.at, size.value >> 1};
    return size.at + (size.value >> 1);
  }

  const char* text_of(const char* at, ByteView& out) {
    const char* behind = sized(at, out);
    return behind == nullptr || !utf8_ || is_utf8(out) ? behind : refuse(Fault::utf8, at);
  }

  [[gnu::always_inline]] const char* branch(const Operation& operation, const char* at) {
    const auto index = read_varint(at, end_);
    if (index.at == nullptr) return refuse(Fault::short_, at);
    if ((index.value & 1) != 0 || index.value >> 1 >= operation.children) return refuse(Fault::branch, at);
    if (depth_ <= 0) return refuse(Fault::depth, at);
    const auto& child = *program_.child(operation, index.value >> 1);
    const bool nests = child.children != 0;  // else the depth need not be written
    if (nests) --depth_;
    visitor_.begin_branch(*operation.node, index.value >> 1);
    at = value<true>(child, index.at);
    if (at == nullptr) return at;
    visitor_.end_branch(*operation.node, index.value >> 1);
    if (nests) ++depth_;
    return at;
  }

  [[gnu::noinline]] const char* record(const Operation& operation, const char* at) {
    if (--depth_ < 0) return refuse(Fault::depth, at);
    const char* before = at;
    const Node& node = *operation.node;
    visitor_.begin_record(node);
    const auto* field = program_.child(operation, 0);
    const auto* const end = field + operation.children;
    for (std::size_t i = 0; field != end; ++i, ++field) {
      visitor_.field(node, i);
      at = value(*field, at);
      if (at == nullptr) return at;
    }
    visitor_.end_record(node);
    ++depth_;
    return at != before || spare(operation.children + 1) ? at : refuse(Fault::items, at);
  }

  // Blocks of items: a count, negative when the block's size in bytes follows; zero ends them.
  [[gnu::noinline]] const char* blocks(const Operation& operation, const char* at) {
    if (--depth_ < 0) return refuse(Fault::depth, at);
    const bool map = operation.type == Type::map;
    map ? visitor_.begin_map() : visitor_.begin_array();
    while (true) {
      auto number = read_varint(at, end_);
      if (number.at == nullptr) return refuse(Fault::short_, at);
      auto count = zigzag_decode(number.value);
      const char* end = nullptr;
      if (count < 0) {
        at = number.at;
        number = read_varint(at, end_);
        if (number.at == nullptr) return refuse(Fault::short_, at);
        const auto size = number.value >> 1;
        if ((number.value & 1) != 0 || size > left(number.at) || count == std::numeric_limits<std::int64_t>::min()) return refuse(Fault::size, at);
        end = number.at + size;
        count = -count;
      }
      at = number.at;
      if (count == 0) break;
      if (count > kMaxLength) return refuse(Fault::length, at);
      at = items(operation, map, count, at);
      if (at == nullptr) return at;
      if (end != nullptr && at != end) return refuse(Fault::size, at);
    }
    map ? visitor_.end_map() : visitor_.end_array();
    ++depth_;
    return at;
  }

  const char* items(const Operation& operation, bool map, std::int64_t count, const char* at) {
    const auto& child = *program_.child(operation, 0);
    for (; count > 0; --count) {
      const char* before = at;
      if (map) {
        ByteView key;
        at = text_of(at, key);
        if (at == nullptr) return at;
        visitor_.key(key);
      } else {
        visitor_.item();
      }
      at = value(child, at);
      if (at == nullptr) return at;
      if (at == before && !spare(1)) return refuse(Fault::items, at);
    }
    return at;
  }

  const Program& program_;
  const char* begin_;
  const char* end_;
  const char* at_;
  Visitor& visitor_;
  int depth_;
  bool utf8_;
  std::uint64_t spare_items_;
  Fault fault_ = Fault::short_;
};

}  // namespace program_detail

// As decode_front(), by a part of the program.
template <typename Visitor>
[[nodiscard]] Result<void> decode_part(const Program& program, const Operation& operation, ByteView& bytes, Visitor& visitor,
                                       DecodeLimits limits = {}) {
  program_detail::Run<Visitor> run(program, bytes, visitor, limits);
  if (!run.front(operation)) [[unlikely]] return program_detail::fault(program, operation, bytes, limits, run.why(), run.position());
  bytes = run.rest();
  return {};
}

// Runs the value at the front of `bytes` through `visitor` and takes it off `bytes`. Errors: corrupt, with the position and
// the path; the visitor has then seen a part.
template <typename Visitor>
[[nodiscard]] Result<void> decode_front(const Program& program, ByteView& bytes, Visitor& visitor, DecodeLimits limits = {}) {
  return decode_part(program, program.root(), bytes, visitor, limits);
}

// The same for one value from the first byte to the last. Errors: corrupt.
template <typename Visitor>
[[nodiscard]] Result<void> decode(const Program& program, ByteView bytes, Visitor& visitor, DecodeLimits limits = {}) {
  SLUICE_RETURN_IF_ERROR(decode_part(program, program.root(), bytes, visitor, limits));
  if (!bytes.empty()) return program_detail::bytes_after(bytes.size());
  return {};
}

// Whether `bytes` is one value of the schema. Errors: corrupt, with the reason.
[[nodiscard]] Result<void> check(const Program& program, ByteView bytes, DecodeLimits limits = {});

// The bytes of each field of a record, in order. Errors: corrupt; rejected, when the schema is no record.
[[nodiscard]] Result<void> split(const Program& program, ByteView bytes, std::vector<ByteView>& fields, DecodeLimits limits = {});

}  // namespace sluice::avro
