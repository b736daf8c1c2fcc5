#include "deliver/parquet/assembler.h"

#include <parquet/types.h>

#include <cstring>

namespace sluice::deliver::parquet {

namespace {

constexpr std::size_t kMaxRowBytes = 256 << 20;

ByteView view(const ::parquet::ByteArray& bytes) { return {reinterpret_cast<const char*>(bytes.ptr), bytes.len}; }
ByteView view(const ::parquet::FixedLenByteArray& bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes.ptr), size}; }

void write_sized(ByteView bytes, ByteWriter& out) {
  out.zigzag(static_cast<std::int64_t>(bytes.size()));
  out.raw(bytes);
}

// A number in two's complement, big-endian: as few bytes as hold it, or as many as the fixed has.
bool write_decimal(const Step& step, ByteView number, ByteWriter& out) {
  const auto is_negative = [](char byte) { return (static_cast<unsigned char>(byte) & 0x80) != 0; };
  const char sign = is_negative(number[0]) ? '\xff' : '\0';
  while (number.size() > 1 && number[0] == sign && is_negative(number[1]) == is_negative(sign)) number.remove_prefix(1);
  if (step.node->type == avro::Type::bytes) return write_sized(number, out), true;
  const auto size = static_cast<std::size_t>(step.node->size);
  if (number.size() > size) return false;
  out.bytes().append(size - number.size(), sign);
  out.raw(number);
  return true;
}

bool write_decimal(const Step& step, std::int64_t value, ByteWriter& out) {
  char number[sizeof value];
  store_be<std::int64_t>(number, value);
  return write_decimal(step, {number, sizeof number}, out);
}

template <typename T>
T load(const void* value) {
  T loaded;
  std::memcpy(&loaded, value, sizeof loaded);
  return loaded;
}

template <typename T>
void write_raw(const void* value, ByteWriter& out) {
  out.raw({static_cast<const char*>(value), sizeof(T)});
}

}  // namespace

Assembler::Assembler(const Shape& shape, std::vector<std::size_t> fields) : shape_(shape), fields_(std::move(fields)) {}

Result<void> Assembler::next(Bytes& out) {
  ByteWriter writer(out);
  row_begin_ = out.size();
  for (const auto field : fields_) {
    const auto& step = shape_.child(shape_.root(), field);
    if (!column(step).ready()) return corrupt(step, "it has fewer rows than its row group");
    if (column(step).repetition() != 0) return corrupt(step, "an array goes on where a row begins");
    if (!value(step, writer)) return corrupt(*refused_, why_);
  }
  return {};
}

Result<void> Assembler::end() {
  for (const auto field : fields_) {
    const auto& step = shape_.child(shape_.root(), field);
    for (auto leaf = step.first_leaf; leaf < step.first_leaf + step.leaves; ++leaf) {
      if (columns_[leaf]->ready()) return corrupt(step, "it has more entries than its row group has rows");
    }
  }
  return {};
}

bool Assembler::refuse(const Step& step, const char* why) {
  if (refused_ == nullptr) {
    refused_ = &step;
    why_ = why;
  }
  return false;
}

Error Assembler::corrupt(const Step& step, const char* why) const {
  return {ErrorCode::corrupt, "column '" + shape_.name(step) + "': " + why};
}

bool Assembler::value(const Step& step, ByteWriter& out) {
  switch (step.kind) {
    case Kind::record:
      for (const auto& field : shape_.children(step)) {
        if (!value(field, out)) return false;
      }
      return true;
    case Kind::array:
    case Kind::map: return items(step, out);
    case Kind::optional: return optional(step, out);
    case Kind::single: return out.zigzag(0), value(shape_.child(step, 0), out);
    case Kind::choice: return choice(step, out);
    case Kind::null: return none(step);
    default: return leaf(step, out);
  }
}

bool Assembler::leaf(const Step& step, ByteWriter& out) {
  auto& from = column(step);
  if (!from.ready()) return refuse(step, "it ends too early");
  if (from.definition() != step.definition) return refuse(step, "a value is missing that cannot be null");
  const void* value = from.take();
  if (value == nullptr) return refuse(step, "it has fewer values than its levels say");
  switch (step.kind) {
    case Kind::boolean: return out.u8(load<bool>(value) ? 1 : 0), true;
    case Kind::int_: return out.zigzag(load<std::int32_t>(value)), true;
    case Kind::long_: return out.zigzag(load<std::int64_t>(value)), true;
    case Kind::float_: return write_raw<float>(value, out), true;
    case Kind::double_: return write_raw<double>(value, out), true;
    case Kind::fixed: return out.raw(view(load<::parquet::FixedLenByteArray>(value), step.size)), true;
    case Kind::symbol: return symbol(step, view(load<::parquet::ByteArray>(value)), out);
    case Kind::decimal32: return write_decimal(step, load<std::int32_t>(value), out) || refuse(step, "a decimal is too large");
    case Kind::decimal64: return write_decimal(step, load<std::int64_t>(value), out) || refuse(step, "a decimal is too large");
    case Kind::decimal_fixed:
      return write_decimal(step, view(load<::parquet::FixedLenByteArray>(value), step.size), out) ||
             refuse(step, "a decimal is too large");
    default: break;
  }
  const auto bytes = view(load<::parquet::ByteArray>(value));
  if (out.size() - row_begin_ + bytes.size() > kMaxRowBytes) return refuse(step, "a row is too large");
  return write_sized(bytes, out), true;
}

bool Assembler::symbol(const Step& step, ByteView text, ByteWriter& out) {
  auto& numbers = symbols_[step.node];
  if (numbers.empty()) {
    for (const auto& known : step.node->symbols) numbers.emplace(known, numbers.size());
  }
  const auto found = numbers.find(text);
  if (found == numbers.end()) return refuse(step, "a value is no symbol of its enum");
  return out.zigzag(static_cast<std::int64_t>(found->second)), true;
}

bool Assembler::none(const Step& step) {
  for (auto leaf = step.first_leaf; leaf < step.first_leaf + step.leaves; ++leaf) {
    auto& column = *columns_[leaf];
    if (!column.ready()) return refuse(step, "it ends too early");
    if (column.definition() == shape_.leaves()[leaf].max_definition) return refuse(step, "there is a value where there is none");
    column.skip();
  }
  return true;
}

bool Assembler::optional(const Step& step, ByteWriter& out) {
  if (!column(step).ready()) return refuse(step, "it ends too early");
  const bool is_null = column(step).definition() <= step.definition;
  out.zigzag(is_null ? step.null_branch : Shape::type_branch(step));
  return is_null ? none(step) : value(shape_.child(step, 0), out);
}

bool Assembler::choice(const Step& step, ByteWriter& out) {
  if (!column(step).ready()) return refuse(step, "it ends too early");
  if (step.null_branch >= 0 && column(step).definition() < step.definition) return out.zigzag(step.null_branch), none(step);
  bool found = false;
  for (std::size_t i = 0; i < step.children; ++i) {
    const auto& member = shape_.child(step, i);
    if (member.leaves == 0) continue;
    if (!column(member).ready()) return refuse(step, "it ends too early");
    if (column(member).definition() <= step.definition) {
      if (!none(member)) return false;
      continue;
    }
    if (found) return refuse(step, "two members of a union have values");
    found = true;
    out.zigzag(static_cast<std::int64_t>(i));
    if (!value(member, out)) return false;
  }
  return found || refuse(step, "no member of a union has a value");
}

// One block of all items. Its count stands in front of them and is known behind them.
bool Assembler::items(const Step& step, ByteWriter& out) {
  auto& first = column(step);
  if (!first.ready()) return refuse(step, "it ends too early");
  if (first.definition() < step.definition) return refuse(step, "a value is missing that cannot be null");
  if (first.definition() == step.definition) return out.zigzag(0), none(step);
  const auto begin = out.size();
  std::int64_t count = 0;
  do {
    if (first.definition() <= step.definition) return refuse(step, "an array has an item that is none");
    for (const auto& part : shape_.children(step)) {
      if (!value(part, out)) return false;
    }
    ++count;
    if (out.size() - row_begin_ + static_cast<std::size_t>(count) > kMaxRowBytes) return refuse(step, "a row is too large");
  } while (first.ready() && first.repetition() == step.repetition);
  Bytes prefix;
  ByteWriter(prefix).zigzag(count);
  out.bytes().insert(begin, prefix);
  out.zigzag(0);
  return true;
}

}  // namespace sluice::deliver::parquet
