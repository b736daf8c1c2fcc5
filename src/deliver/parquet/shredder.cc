#include "deliver/parquet/shredder.h"

#include <arrow/util/utf8.h>
#include <parquet/types.h>

#include <bit>
#include <cstring>

namespace sluice::deliver::parquet {

namespace {

// A row of a few bytes must not become entries without number: arrays of null, arrays of unions with many members.
constexpr std::uint64_t kMaxItemsOfNoBytes = 1 << 20;
constexpr std::size_t kMaxEntries = 1 << 26;

static_assert(std::endian::native == std::endian::little);

const std::uint8_t* unsigned_bytes(const char* bytes) { return reinterpret_cast<const std::uint8_t*>(bytes); }

::parquet::ByteArray byte_array(ByteView bytes) {
  return {static_cast<std::uint32_t>(bytes.size()), unsigned_bytes(bytes.data())};
}

bool is_ascii(ByteView text) {
  std::uint64_t any = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    any |= word;
  }
  std::uint64_t last = 0;
  std::memcpy(&last, text.data() + at, text.size() - at);
  return ((any | last) & 0x8080808080808080) == 0;
}

bool is_negative(ByteView number) { return (static_cast<unsigned char>(number[0]) & 0x80) != 0; }

// A number in two's complement, big-endian, without the bytes in front that only repeat its sign.
ByteView trimmed(ByteView number) {
  const char sign = is_negative(number) ? '\xff' : '\0';
  while (number.size() > 1 && number[0] == sign && is_negative(number.substr(1)) == (sign != 0)) number.remove_prefix(1);
  return number;
}

// Of at most 8 bytes.
std::int64_t to_int64(ByteView number) {
  std::uint64_t value = is_negative(number) ? ~std::uint64_t{0} : 0;
  for (const char byte : number) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

template <typename T>
T load(ByteView bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);  // Avro's floats are little-endian, as this machine
  return value;
}

}  // namespace

Shredder::Shredder(const Shape& shape) : shape_(shape), entries_(shape.leaves().size()) {
  arrow::util::InitializeUTF8();  // without it every text is valid
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].has_definitions = shape.leaves()[i].max_definition > 0;
    entries_[i].has_repetitions = shape.leaves()[i].max_repetition > 0;
  }
}

Result<void> Shredder::append(ByteView row) {
  char* copy = arena_.take(row.size());
  if (!row.empty()) std::memcpy(copy, row.data(), row.size());
  ByteReader in({copy, row.size()});
  spare_items_ = kMaxItemsOfNoBytes;
  spare_entries_ = kMaxEntries;
  refused_ = nullptr;
  if (value(shape_.root(), in, 0) && in.ok() && in.at_end()) {
    ++rows_;
    return {};
  }
  if (refused_ != nullptr) {
    return Error{ErrorCode::rejected, "a row cannot be written as Parquet: column '" + shape_.name(*refused_) + "': " + why_,
                 "row of " + std::to_string(row.size()) + " bytes, up to byte " + std::to_string(in.position() - copy)};
  }
  return Error{ErrorCode::rejected, std::string("a row is no value of the file's schema: it ") +
                                        (in.ok() ? "has bytes behind its last column" : "ends too early"),
               "row of " + std::to_string(row.size()) + " bytes"};
}

void Shredder::clear() {
  for (auto& entries : entries_) entries.clear();
  arena_.clear();
  rows_ = 0;
  pushed_ = 0;
}

bool Shredder::refuse(const Step& step, const char* why) {
  if (refused_ == nullptr) {
    refused_ = &step;
    why_ = why;
  }
  return false;
}

void Shredder::push_none(const Step& step, std::int16_t definition, std::int16_t repetition) {
  for (auto leaf = step.first_leaf; leaf < step.first_leaf + step.leaves; ++leaf) entries_[leaf].push(definition, repetition);
}

// Reading past the end gives zeros, and in.ok() says so where a loop or the row ends.
bool Shredder::value(const Step& step, ByteReader& in, std::int16_t repetition) {
  switch (step.kind) {
    case Kind::null: return push_none(step, static_cast<std::int16_t>(step.definition - 1), repetition), true;
    case Kind::boolean: {
      const auto value = in.u8();
      if (value > 1) return refuse(step, "a boolean is neither 0 nor 1");
      return push(step, repetition, value != 0), true;
    }
    case Kind::int_: return integer(step, in, repetition);
    case Kind::long_: return push(step, repetition, in.zigzag()), true;
    case Kind::float_:
    case Kind::double_: {
      const auto bytes = in.view(step.kind == Kind::float_ ? sizeof(float) : sizeof(double));
      if (!in.ok()) return false;
      step.kind == Kind::float_ ? push(step, repetition, load<float>(bytes)) : push(step, repetition, load<double>(bytes));
      return true;
    }
    case Kind::bytes:
    case Kind::string: return sized(step, in, repetition);
    case Kind::fixed: return push(step, repetition, ::parquet::FixedLenByteArray(unsigned_bytes(in.view(step.size).data()))), in.ok();
    case Kind::symbol: return symbol(step, in, repetition);
    case Kind::decimal32:
    case Kind::decimal64:
    case Kind::decimal_fixed: return decimal(step, in, repetition);
    case Kind::record:
      for (const auto& field : shape_.children(step)) {
        if (!value(field, in, repetition)) return false;
      }
      return true;
    case Kind::array:
    case Kind::map: return blocks(step, in, repetition);
    case Kind::optional: return optional(step, in, repetition);
    case Kind::single: return in.varint() == 0 ? value(shape_.child(step, 0), in, repetition) : refuse(step, "a union has no such branch");
    case Kind::choice: return choice(step, in, repetition);
  }
  return false;
}

bool Shredder::integer(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto number = in.zigzag();
  if (number != static_cast<std::int32_t>(number)) return refuse(step, "an int has more than 32 bits");
  return push(step, repetition, static_cast<std::int32_t>(number)), true;
}

bool Shredder::sized(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto size = in.zigzag();
  if (size < 0) return refuse(step, "a size is negative");
  const auto bytes = in.view(static_cast<std::size_t>(size));
  if (!in.ok() || (step.kind == Kind::string && !text(step, bytes))) return false;
  return push(step, repetition, byte_array(bytes)), true;
}

bool Shredder::text(const Step& step, ByteView text) {
  if (is_ascii(text) || arrow::util::ValidateUTF8(text)) return true;
  return refuse(step, "its text is not UTF-8");
}

bool Shredder::symbol(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto number = in.zigzag();
  const auto& symbols = step.node->symbols;
  if (number < 0 || static_cast<std::size_t>(number) >= symbols.size()) return refuse(step, "an enum has no such symbol");
  return push(step, repetition, byte_array(symbols[static_cast<std::size_t>(number)])), true;
}

bool Shredder::decimal(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto& node = *step.node;
  const auto size = node.type == avro::Type::fixed ? std::int64_t{node.size} : in.zigzag();
  if (size <= 0) return in.ok() && refuse(step, "a decimal of no bytes");
  const auto bytes = in.view(static_cast<std::size_t>(size));
  if (!in.ok()) return false;
  const auto number = trimmed(bytes);
  constexpr const char* kTooLarge = "a decimal has more digits than its type";
  if (step.kind == Kind::decimal_fixed) {
    if (number.size() > step.size) return refuse(step, kTooLarge);
    char* widened = arena_.take(step.size);
    std::memset(widened, is_negative(number) ? 0xff : 0, step.size);
    std::memcpy(widened + step.size - number.size(), number.data(), number.size());
    return push(step, repetition, ::parquet::FixedLenByteArray(unsigned_bytes(widened))), true;
  }
  if (number.size() > sizeof(std::int64_t)) return refuse(step, kTooLarge);
  const auto value = to_int64(number);
  const auto limit = power_of_ten(node.precision);
  if (value >= limit || value <= -limit) return refuse(step, kTooLarge);
  step.kind == Kind::decimal32 ? push(step, repetition, static_cast<std::int32_t>(value)) : push(step, repetition, value);
  return true;
}

bool Shredder::optional(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto branch = in.zigzag();
  if (branch == Shape::type_branch(step)) return value(shape_.child(step, 0), in, repetition);
  if (branch != step.null_branch) return refuse(step, "a union has no such branch");
  return push_none(step, step.definition, repetition), true;
}

bool Shredder::choice(const Step& step, ByteReader& in, std::int16_t repetition) {
  const auto branch = in.zigzag();
  if (branch < 0 || branch >= step.children) return refuse(step, "a union has no such branch");
  if (branch == step.null_branch) return push_none(step, static_cast<std::int16_t>(step.definition - 1), repetition), true;
  for (std::int64_t i = 0; i < step.children; ++i) {
    const auto& member = shape_.child(step, static_cast<std::size_t>(i));
    if (i != branch) push_none(member, step.definition, repetition);
    else if (!value(member, in, repetition)) return false;
  }
  return true;
}

// Blocks of items: a count, negative when the block's size in bytes follows; zero ends them.
bool Shredder::blocks(const Step& step, ByteReader& in, std::int16_t repetition) {
  bool is_empty = true;
  while (true) {
    auto count = in.zigzag();
    if (!in.ok()) return false;
    if (count == 0) break;
    if (count < 0) {
      if (count == INT64_MIN || in.zigzag() < 0) return refuse(step, "a size is negative");
      count = -count;
    }
    for (; count > 0; --count) {
      if (!item(step, in, is_empty ? repetition : step.repetition)) return false;
      is_empty = false;
    }
  }
  if (is_empty) push_none(step, step.definition, repetition);
  return true;
}

bool Shredder::item(const Step& step, ByteReader& in, std::int16_t repetition) {
  if (step.leaves > spare_entries_) return refuse(step, "a row has too many items");
  spare_entries_ -= step.leaves;
  pushed_ += step.leaves;
  const auto before = in.remaining();
  for (const auto& part : shape_.children(step)) {
    if (!value(part, in, repetition) || !in.ok()) return false;
  }
  if (in.remaining() == before && spare_items_-- == 0) return refuse(step, "it has too many items that take no bytes");
  return true;
}

}  // namespace sluice::deliver::parquet
