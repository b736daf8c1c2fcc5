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
#include <span>
#include <vector>

#include "avro/schema.h"
#include "avro/utf8.h"
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
  std::uint64_t items_of_no_bytes = 1 << 20;  // in the whole value
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

enum class Fault : std::uint8_t { short_, boolean, integer, symbol, branch, size, depth, items, utf8 };
// The error of a run of `bytes` through `operation` that stopped at byte `at`. Finds the path to it by a second run.
[[nodiscard]] Error fault(const Program& program, const Operation& operation, ByteView bytes, const DecodeLimits& limits,
                          Fault fault, std::size_t at);
[[nodiscard]] Error bytes_after(std::size_t count);

// ByteReader with the loops of varints in the caller: most of decoding is varints of a few bytes.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  [[nodiscard]] const char* position() const { return at_; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] bool varint(std::uint64_t& out) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      out = static_cast<unsigned char>(*at_++);
      return true;
    }
    return remaining() >= 8 ? varint_of_word(out) : varint_slow(out);
  }
  [[nodiscard]] bool zigzag(std::int64_t& out) {
    std::uint64_t value = 0;
    if (!varint(value)) return false;
    out = zigzag_decode(value);
    return true;
  }
  [[nodiscard]] bool view(std::size_t size, ByteView& out) {
    if (size > remaining()) return false;
    out = {at_, size};
    at_ += size;
    return true;
  }

 private:
  // Up to 8 bytes at once: the first byte without its high bit ends the number; the groups of 7 bits are then closed up
  // by halves.
  [[nodiscard]] bool varint_of_word(std::uint64_t& out) {
    std::uint64_t word = 0;
    std::memcpy(&word, at_, sizeof word);  // little-endian, as this machine
    const auto ends = ~word & 0x8080808080808080;
    if (ends == 0) return varint_slow(out);
    word &= (ends ^ (ends - 1)) & 0x7f7f7f7f7f7f7f7f;
    word = (word & 0x007f007f007f007f) | ((word & 0x7f007f007f007f00) >> 1);
    word = (word & 0x00003fff00003fff) | ((word & 0x3fff00003fff0000) >> 2);
    out = (word & 0x000000000fffffff) | ((word & 0x0fffffff00000000) >> 4);
    at_ += __builtin_ctzll(ends) / 8 + 1;
    return true;
  }
  [[nodiscard]] [[gnu::noinline]] bool varint_slow(std::uint64_t& out) {
    const auto* at = at_;
    std::uint64_t value = 0;
    for (unsigned shift = 0; at != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      if (shift == 63 && byte > 1) return false;  // over 64 bits
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        at_ = at;
        out = value;
        return true;
      }
    }
    return false;
  }

  const char* at_;
  const char* end_;
};

template <typename Visitor>
class Run {
 public:
  Run(const Program& program, ByteView bytes, Visitor& visitor, DecodeLimits limits)
      : program_(program), in_(bytes), begin_(bytes.data()), visitor_(visitor), depth_(limits.depth), utf8_(limits.utf8), spare_items_(limits.items_of_no_bytes) {}

  // Inlined where it is called, the types with parts below out of line: a field costs a jump, not a call.
  [[nodiscard]] [[gnu::always_inline]] bool value(const Operation& operation) {
    switch (operation.type) {
      case Type::null: visitor_.null(); return true;
      case Type::boolean: return boolean();
      case Type::int_:
      case Type::long_: return integer(operation);
      case Type::float_: return floating<float>();
      case Type::double_: return floating<double>();
      case Type::string: {
        ByteView text;
        if (!text_of(text)) return false;
        visitor_.string(text);
        return true;
      }
      case Type::bytes: {
        ByteView bytes;
        if (!sized(bytes)) return false;
        visitor_.bytes(*operation.node, bytes);
        return true;
      }
      case Type::fixed: {
        ByteView bytes;
        if (!in_.view(operation.size, bytes)) return false;
        visitor_.bytes(*operation.node, bytes);
        return true;
      }
      case Type::enum_: {
        std::uint64_t symbol = 0;
        if (!in_.varint(symbol)) return false;
        if ((symbol & 1) != 0 || symbol >> 1 >= operation.size) return refuse(Fault::symbol);
        visitor_.symbol(*operation.node, symbol >> 1);
        return true;
      }
      case Type::union_: return branch(operation);
      case Type::record: return record(operation);
      case Type::array:
      case Type::map: return blocks(operation);
    }
    return false;
  }

  [[nodiscard]] ByteView rest() const { return {in_.position(), in_.remaining()}; }
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(in_.position() - begin_); }
  [[nodiscard]] Fault why() const { return fault_; }

 private:
  bool refuse(Fault fault) {
    fault_ = fault;
    return false;
  }

  bool boolean() {
    ByteView byte;
    if (!in_.view(1, byte)) return false;
    if (static_cast<unsigned char>(byte[0]) > 1) return refuse(Fault::boolean);
    visitor_.boolean(byte[0] != 0);
    return true;
  }

  bool integer(const Operation& operation) {
    std::int64_t value = 0;
    if (!in_.zigzag(value)) return false;
    if (operation.type == Type::int_ && value != static_cast<std::int32_t>(value)) return refuse(Fault::integer);
    visitor_.integer(*operation.node, value);
    return true;
  }

  template <typename Number>
  bool floating() {
    ByteView bytes;
    if (!in_.view(sizeof(Number), bytes)) return false;
    Number number;
    std::memcpy(&number, bytes.data(), sizeof number);  // little-endian, as this machine
    if constexpr (sizeof(Number) == sizeof(float)) {
      visitor_.float_number(number);
    } else {
      visitor_.double_number(number);
    }
    return true;
  }

  bool sized(ByteView& out) {
    std::int64_t size = 0;
    if (!in_.zigzag(size)) return false;
    if (size < 0) return refuse(Fault::size);
    return in_.view(static_cast<std::size_t>(size), out);
  }

  bool text_of(ByteView& out) { return sized(out) && (!utf8_ || is_utf8(out) || refuse(Fault::utf8)); }

  [[gnu::noinline]] bool branch(const Operation& operation) {
    std::uint64_t index = 0;
    if (!in_.varint(index)) return false;
    if ((index & 1) != 0 || index >> 1 >= operation.children) return refuse(Fault::branch);
    if (--depth_ < 0) return refuse(Fault::depth);
    visitor_.begin_branch(*operation.node, index >> 1);
    if (!value(*program_.child(operation, index >> 1))) return false;
    visitor_.end_branch(*operation.node, index >> 1);
    ++depth_;
    return true;
  }

  [[gnu::noinline]] bool record(const Operation& operation) {
    if (--depth_ < 0) return refuse(Fault::depth);
    visitor_.begin_record(*operation.node);
    const auto* field = program_.child(operation, 0);
    for (std::size_t i = 0; i < operation.children; ++i, ++field) {
      visitor_.field(*operation.node, i);
      if (!value(*field)) return false;
    }
    visitor_.end_record(*operation.node);
    ++depth_;
    return true;
  }

  // Blocks of items: a count, negative when the block's size in bytes follows; zero ends them.
  [[gnu::noinline]] bool blocks(const Operation& operation) {
    if (--depth_ < 0) return refuse(Fault::depth);
    const bool map = operation.type == Type::map;
    map ? visitor_.begin_map() : visitor_.begin_array();
    while (true) {
      std::int64_t count = 0;
      if (!in_.zigzag(count)) return false;
      if (count == 0) break;
      const char* end = nullptr;
      if (count < 0) {
        std::int64_t size = 0;
        if (!in_.zigzag(size)) return false;
        if (size < 0 || static_cast<std::uint64_t>(size) > in_.remaining() || count == std::numeric_limits<std::int64_t>::min()) return refuse(Fault::size);
        end = in_.position() + size;
        count = -count;
      }
      if (!items(operation, map, count)) return false;
      if (end != nullptr && in_.position() != end) return refuse(Fault::size);
    }
    map ? visitor_.end_map() : visitor_.end_array();
    ++depth_;
    return true;
  }

  bool items(const Operation& operation, bool map, std::int64_t count) {
    const auto& child = *program_.child(operation, 0);
    for (; count > 0; --count) {
      const char* before = in_.position();
      if (map) {
        ByteView key;
        if (!text_of(key)) return false;
        visitor_.key(key);
      } else {
        visitor_.item();
      }
      if (!value(child)) return false;
      if (in_.position() == before && spare_items_-- == 0) return refuse(Fault::items);
    }
    return true;
  }

  const Program& program_;
  Cursor in_;
  const char* begin_;
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
  if (!run.value(operation)) [[unlikely]] return program_detail::fault(program, operation, bytes, limits, run.why(), run.position());
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
