#include "avro/sort_order.h"

#include <bit>
#include <cstring>
#include <limits>

#include "avro/varint.h"

namespace sluice::avro {
namespace {

using Ordering = std::strong_ordering;

struct Cursor {
  const char* at;
  const char* end;
};

// A float's or double's bits as a number whose order is the value's: all NaN are one, above all else.
template <typename Number, typename Bits>
Bits order_of(Number value) {
  if (value != value) return std::numeric_limits<Bits>::max();
  const auto bits = std::bit_cast<Bits>(value);
  return bits < 0 ? static_cast<Bits>(std::numeric_limits<Bits>::min() - bits - 1) : bits;
}

Ordering order_of_bytes(ByteView a, ByteView b) { return a.compare(b) <=> 0; }

// Both data, side by side. A step that fails leaves failed_ set, and what it returns means nothing.
class Comparison {
 public:
  Comparison(const Program& program, ByteView a, ByteView b, DecodeLimits limits)
      : program_(program), limits_(limits), a_(cursor(a)), b_(cursor(b)), depth_(limits.depth), spare_items_(limits.items_of_no_bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool met_map() const { return met_map_; }

  Ordering value(const Operation& operation) {
    switch (operation.type) {
      case Type::null: return Ordering::equal;
      case Type::boolean: return order_of_bytes(fixed(a_, 1), fixed(b_, 1));
      case Type::int_:
      case Type::long_: return number(a_) <=> number(b_);
      case Type::float_: return floating<float, std::int32_t>();
      case Type::double_: return floating<double, std::int64_t>();
      case Type::bytes:
      case Type::string: return order_of_bytes(sized(a_), sized(b_));
      case Type::fixed: return order_of_bytes(fixed(a_, operation.size), fixed(b_, operation.size));
      case Type::enum_: return index(a_, operation.size) <=> index(b_, operation.size);
      case Type::union_:
      case Type::record:
      case Type::array: return parts(operation);
      case Type::map: met_map_ = failed_ = true;
    }
    return Ordering::equal;
  }

 private:
  // What is left of the block at hand of an array.
  struct Items {
    std::uint64_t left = 0;
    bool ended = false;
  };

  static Cursor cursor(ByteView bytes) { return {bytes.data(), bytes.data() + bytes.size()}; }
  std::uint64_t varint(Cursor& in) {
    const auto number = read_varint(in.at, in.end);
    failed_ |= number.at == nullptr;
    if (number.at != nullptr) in.at = number.at;
    return number.value;
  }
  std::int64_t number(Cursor& in) { return zigzag_decode(varint(in)); }
  std::uint64_t index(Cursor& in, std::uint64_t count) {
    const auto value = varint(in);
    failed_ |= (value & 1) != 0 || value >> 1 >= count;
    return value >> 1;
  }
  ByteView fixed(Cursor& in, std::size_t size) {
    failed_ |= size > static_cast<std::size_t>(in.end - in.at);
    if (failed_) return {};
    const auto* at = in.at;
    in.at += size;
    return {at, size};
  }
  ByteView sized(Cursor& in) {
    const auto size = number(in);
    failed_ |= size < 0;
    return failed_ ? ByteView() : fixed(in, static_cast<std::size_t>(size));
  }
  template <typename Number, typename Bits>
  Ordering floating() {
    const auto read = [this](Cursor& in) {
      const auto bytes = fixed(in, sizeof(Number));
      Number value = 0;
      if (!failed_) std::memcpy(&value, bytes.data(), sizeof value);  // little-endian, as this machine
      return order_of<Number, Bits>(value);
    };
    const auto a = read(a_);
    return a <=> read(b_);
  }

  Ordering parts(const Operation& operation) {
    if (--depth_ < 0) failed_ = true;
    if (failed_) return Ordering::equal;
    const auto order = operation.type == Type::record  ? record(operation)
                       : operation.type == Type::array ? array(operation)
                                                       : branch(operation);
    ++depth_;
    return order;
  }

  Ordering branch(const Operation& operation) {
    const auto a = index(a_, operation.children);
    const auto b = index(b_, operation.children);
    return failed_ || a != b ? a <=> b : value(*program_.child(operation, a));
  }

  Ordering record(const Operation& operation) {
    for (std::size_t i = 0; i < operation.children && !failed_; ++i) {
      const auto& field = *program_.child(operation, i);
      const auto rule = operation.node->fields[i].order;
      if (rule == Order::ignore) {
        skip(a_, field);
        skip(b_, field);
        continue;
      }
      const auto order = value(field);
      if (order != 0) return rule == Order::descending ? 0 <=> order : order;
    }
    return Ordering::equal;
  }

  Ordering array(const Operation& operation) {
    Items a;
    Items b;
    while (true) {
      next_item(a_, a);
      next_item(b_, b);
      if (failed_ || a.ended || b.ended) return b.ended <=> a.ended;
      const auto* before = a_.at;
      const auto order = value(*program_.child(operation, 0));
      if (failed_ || order != 0) return order;
      if (a_.at == before && spare_items_-- == 0) failed_ = true;
    }
  }

  // On to an item, or to the array's end. Blocks may be cut differently.
  void next_item(Cursor& in, Items& items) {
    if (items.left == 0) {
      const auto count = number(in);
      if (count < 0) static_cast<void>(number(in));  // the block's size
      items.left = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
      items.ended = count == 0;
    }
    --items.left;
  }

  void skip(Cursor& in, const Operation& operation) {
    ByteView rest(in.at, static_cast<std::size_t>(in.end - in.at));
    NoVisitor visitor;
    failed_ |= !decode_part(program_, operation, rest, visitor, limits_).ok();
    in = cursor(rest);
  }

  const Program& program_;
  DecodeLimits limits_;
  Cursor a_;
  Cursor b_;
  int depth_;
  std::uint64_t spare_items_;
  bool failed_ = false;
  bool met_map_ = false;
};

}  // namespace

Result<Ordering> compare(const Program& program, ByteView a, ByteView b, DecodeLimits limits) {
  Comparison comparison(program, a, b, limits);
  const auto order = comparison.value(program.root());
  if (!comparison.failed()) return order;
  if (comparison.met_map()) return Error{ErrorCode::rejected, "maps have no order: a field with one must be of order \"ignore\""};
  // Why, and where: the pass that proves a datum knows.
  if (auto first = check(program, a, limits); !first.ok()) return std::move(first).error().in("the first datum");
  if (auto second = check(program, b, limits); !second.ok()) return std::move(second).error().in("the second datum");
  return Error{ErrorCode::corrupt, "the data cannot be compared: one is nested too deeply, or has too many items that take no bytes"};
}

}  // namespace sluice::avro
