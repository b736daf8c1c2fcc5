#include "avro/resolution_run.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "avro/limit.h"

namespace sluice::avro::resolution {

bool Run::datum() {
  if (!call(0)) return false;
  write_pending(at_);
  return !out_.full() || refuse(Fault::full);
}

// The common steps. The place is kept in a register and given back to `at_` where others need it.
bool Run::run(const Step* step, std::uint32_t slots) {
  const char* at = at_;
  for (;; ++step) {
    const char* next = at;
    std::uint32_t index = 0;
    switch (step->op) {
      case Op::end: at_ = at; return true;
      case Op::boolean: next = pass_boolean(at, end_); break;
      case Op::int_: next = pass_int(at, end_); break;
      case Op::long_: next = pass_long(at, end_); break;
      case Op::sized: next = pass_sized(at, end_); break;
      case Op::fixed: next = static_cast<std::size_t>(end_ - at) >= step->a ? at + step->a : nullptr; break;
      case Op::symbol: next = pass_index(at, end_, step->a, index); break;
      case Op::branch:
        index_ = at;
        next = pass_index(at, end_, step->b, index);
        if (next == nullptr) break;
        at = next;
        step = code_.steps.data() + code_.table[step->a + index] - 1;
        continue;
      case Op::jump: step = code_.steps.data() + step->a - 1; continue;
      case Op::constant: write_constant(at, *step, at); break;
      case Op::index: write_constant(index_, *step, at); break;
      case Op::skip: write_pending(at); break;
      case Op::skipped: pending_ = at; break;
      case Op::save: write_pending(at), begin_slot(at, slots + step->a); break;
      case Op::saved: end_slot(at, slots + step->a); break;
      case Op::saved_save: end_slot(at, slots + step->a), begin_slot(at, slots + step->b); break;
      case Op::emit: write_slot(at, slots + step->a); break;
      default:
        at_ = at;
        if (!other(*step, slots)) return within(*step);
        if (step->op == Op::array || step->op == Op::map) step = code_.steps.data() + step->a - 1;
        next = at_;
    }
    if (next == nullptr) return lost(*step, at);
    at = next;
  }
}

bool Run::other(const Step& step, std::uint32_t slots) {
  switch (step.op) {
    case Op::array:
    case Op::map: return blocks(step, slots);
    case Op::call: return call(step.a);
    case Op::replay:
    case Op::replayed: return replay(step, slots);
    case Op::translate: return translate(step);
    case Op::int_to_float: return promote<std::int32_t, float>();
    case Op::int_to_double: return promote<std::int32_t, double>();
    case Op::long_to_float: return promote<std::int64_t, float>();
    case Op::long_to_double: return promote<std::int64_t, double>();
    case Op::float_to_double: return promote<float, double>();
    default: reason_ = code_.reasons[step.a]; return refuse(Fault::refused);
  }
}

bool Run::call(std::uint32_t i) {
  if (--depth_ < 0) return refuse(Fault::depth);
  const auto& entry = code_.entries[i];
  const auto slots = top_;
  top_ += entry.slots;
  if (top_ > kSlots && more_slots_.size() < top_ - kSlots) more_slots_.resize(top_ - kSlots);
  const char* before = at_;
  if (!run(code_.steps.data() + entry.step, slots)) return false;
  if (at_ == before && spare_items_-- == 0) return refuse(Fault::items);
  top_ = slots;
  ++depth_;
  return true;
}

bool Run::replay(const Step& step, std::uint32_t slots) {
  write_pending(at_);
  auto& aside = slot(slots + step.a);
  if (step.op == Op::replay) {
    aside.end = at_;
    at_ = aside.begin;
  } else {
    at_ = aside.end;
  }
  pending_ = at_;
  return true;
}

// Blocks: a count, negative when the block's size in bytes follows; zero ends them. A size is wrong when items change, so
// then the count is written without it.
bool Run::blocks(const Step& step, std::uint32_t slots) {
  if (--depth_ < 0) return refuse(Fault::depth);
  while (true) {
    const char* start = at_;
    auto number = read_varint(at_, end_);
    if (number.at == nullptr) return refuse(Fault::short_);
    at_ = number.at;
    auto count = zigzag_decode(number.value);
    if (count == 0) break;
    const char* end = nullptr;
    if (count < 0) {
      number = read_varint(at_, end_);
      if (number.at == nullptr) return refuse(Fault::short_);
      at_ = number.at;
      const auto size = zigzag_decode(number.value);
      if (size < 0 || size > end_ - at_ || count == std::numeric_limits<std::int64_t>::min()) return refuse(Fault::size);
      end = at_ + size;
      count = -count;
      if (step.b != 0) write_count(start, count);
    }
    if (count > kMaxLength) return refuse(Fault::length);
    if (!items(step, slots, static_cast<std::uint64_t>(count))) return false;
    if (end != nullptr && at_ != end) return refuse(Fault::size);
  }
  ++depth_;
  return true;
}

void Run::write_count(const char* start, std::int64_t count) {
  write_pending(start);
  pending_ = at_;
  Bytes bytes;  // stays within the string itself
  ByteWriter(bytes).zigzag(count);
  const auto size = bytes.size();
  bytes.resize(kPadding);
  out_.constant(bytes.data(), size);
}

bool Run::items(const Step& step, std::uint32_t slots, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const char* before = at_;
    if (step.op == Op::map) {
      const auto* behind = pass_sized(at_, end_);
      if (behind == nullptr) return refuse(Fault::short_);
      at_ = behind;
    }
    if (!run(&step + 1, slots)) {
      path_.insert(0, "/" + std::to_string(i));
      return false;
    }
    if (at_ == before && spare_items_-- == 0) return refuse(Fault::items);
    if (out_.full()) return refuse(Fault::full);
  }
  return true;
}

bool Run::translate(const Step& step) {
  write_pending(at_);
  std::uint32_t index = 0;
  const auto* next = pass_index(at_, end_, step.b, index);
  if (next == nullptr) return refuse(read_varint(at_, end_).at == nullptr ? Fault::short_ : Fault::symbol);
  const auto symbol = code_.table[step.a + index];
  if (symbol >= kNoSymbol) {
    reason_ = code_.reasons[symbol - kNoSymbol];
    return refuse(Fault::refused);
  }
  at_ = pending_ = next;
  char bytes[kPadding] = {};
  std::size_t size = 0;
  auto value = std::uint64_t{symbol} << 1;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out_.constant(bytes, size);
  return true;
}

template <typename From, typename To>
bool Run::promote() {
  write_pending(at_);
  From value{};
  if constexpr (std::is_same_v<From, float>) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof value)) return refuse(Fault::short_);
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
  } else {
    const auto number = read_varint(at_, end_);
    if (number.at == nullptr) return refuse(Fault::short_);
    if (sizeof(From) == sizeof(std::int32_t) && number.value >> 32 != 0) return refuse(Fault::integer);
    value = static_cast<From>(zigzag_decode(number.value));
    at_ = number.at;
  }
  pending_ = at_;
  char bytes[kPadding] = {};
  const auto promoted = static_cast<To>(value);
  std::memcpy(bytes, &promoted, sizeof promoted);
  out_.constant(bytes, sizeof promoted);
  return true;
}

// A step found no value at `at`: why.
bool Run::lost(const Step& step, const char* at) {
  at_ = at;
  const bool number = read_varint(at, end_).at != nullptr;
  fault_ = Fault::short_;
  if (step.op == Op::boolean && at != end_) fault_ = Fault::boolean;
  if (step.op == Op::int_ && number) fault_ = Fault::integer;
  if (step.op == Op::symbol && number) fault_ = Fault::symbol;
  if (step.op == Op::branch && number) fault_ = Fault::branch;
  if (step.op == Op::sized && number) fault_ = zigzag_decode(read_varint(at, end_).value) > kMaxLength ? Fault::length : Fault::size;
  return within(step);
}

// The way back from a fault: each level adds its part of the path in front.
bool Run::within(const Step& step) {
  path_.insert(0, code_.paths[code_.places[static_cast<std::size_t>(&step - code_.steps.data())]]);
  return false;
}

Error Run::error() const {
  const auto what = [this]() -> std::string {
    switch (fault_) {
      case Fault::none:
      case Fault::short_: return "it ends too early, or a number is longer than it may be";
      case Fault::boolean: return "a boolean is neither 0 nor 1";
      case Fault::integer: return "an int has more than 32 bits";
      case Fault::symbol: return "an enum has no such symbol";
      case Fault::branch: return "a union has no such branch";
      case Fault::size: return "a size is negative or wrong";
      case Fault::depth: return "it is nested too deeply";
      case Fault::items: return "it has too many items that take no bytes";
      case Fault::length: return "a length or count is above " + std::to_string(kMaxLength);
      case Fault::refused: return reason_;
      case Fault::full: return "it would become too long";
    }
    return "";
  }();
  const auto place = " at " + (path_.empty() ? "/" : path_) + ", byte " + std::to_string(at_ - begin_) + ": " + what;
  if (fault_ == Fault::refused) return {ErrorCode::rejected, "the datum cannot be resolved" + place};
  if (fault_ == Fault::full) return over_limit(ErrorCode::rejected, "the datum cannot be resolved" + place);
  if (fault_ == Fault::depth || fault_ == Fault::items || fault_ == Fault::length) return over_limit(ErrorCode::corrupt, "the datum cannot be resolved" + place);
  return {ErrorCode::corrupt, "the bytes are no datum of the writer's schema" + place};
}

}  // namespace sluice::avro::resolution
