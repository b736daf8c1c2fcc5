#pragma once
// A writer's and a reader's schema compiled for decoding: bytes of the writer's run through it, and a visitor sees a value of
// the reader's. resolution.h writes the reader's bytes instead; the rules are the same.
//
//   SLUICE_TRY(const auto program, ResolvedProgram::compile(writer, reader));
//   SLUICE_RETURN_IF_ERROR(decode(program, bytes, visitor));
//
// The visitor is program.h's; the nodes that it is given are the reader's. One thing differs: the fields of a record come in
// the writer's order, and those that the writer lacks, with their defaults, after all others; field(i) tells which it is. (So
// an Encoder is no visitor here: resolution.h is what writes the reader's bytes.)
// Nothing is allocated, and strings are views: into the input, or into the program where they are of a default.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "avro/limit.h"
#include "avro/program.h"
#include "avro/schema.h"
#include "avro/utf8.h"
#include "avro/varint.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

namespace resolved {

enum class Op : std::uint8_t {
  null, boolean, int_, long_, float_, double_, string, bytes, fixed, union_, record, array, map,
  symbol,  // of `size`: table[first + index] is the reader's
  wrap,    // the one child as branch `field` of the reader's union
  int_to_float, int_to_double, long_to_float, long_to_double, float_to_double,
  error,  // always wrong, for reasons[size]
};

inline constexpr std::uint32_t kNone = 0xffffffff;  // as a field: the reader has no such; as a branch: the reader has no union

// One value of the writer's.
struct Step {
  Op op = Op::error;
  std::uint32_t children = 0;  // fields, branches, or one for items
  std::uint32_t first = 0;     // index of the first child
  std::uint32_t size = 0;      // bytes of a fixed; symbols; record: its defaults
  std::uint32_t field = kNone;  // of the reader's record, where it is a field's; of its union, where it is a branch's
  const Node* node = nullptr;   // the reader's; of a branch, below that
  const Node* united = nullptr;  // the reader's union
};

struct Default {
  std::uint32_t field = 0;  // of the reader
  std::uint32_t step = 0;
  Bytes bytes;
};

struct Code {
  Schema writer;
  Schema reader;
  std::vector<Step> steps;  // the first is the whole datum
  std::vector<std::uint32_t> table;
  std::vector<std::string> reasons;
  std::vector<std::vector<Default>> defaults;  // of each record
};

inline constexpr std::uint32_t kRefused = 0x80000000;  // in the table: and the index of the reason

enum class Fault : std::uint8_t { corrupt, refused };
[[nodiscard]] Error fault(const Code& code, ByteView bytes, const DecodeLimits& limits, Fault fault, std::uint32_t reason, std::size_t at);

template <typename Visitor>
class Run {
 public:
  Run(const Code& code, ByteView bytes, Visitor& visitor, const DecodeLimits& limits)
      : code_(code), begin_(bytes.data() == nullptr ? "" : bytes.data()), end_(begin_ + bytes.size()), at_(begin_), visitor_(visitor),
        depth_(limits.depth), utf8_(limits.utf8), spare_items_(limits.items_of_no_bytes) {}

  // The value at the front, as program.h's Run.
  [[nodiscard]] bool front(const Step& step) {
    const char* behind = value(step, at_);
    if (behind != nullptr) [[likely]] at_ = behind;
    return behind != nullptr;
  }
  [[nodiscard]] ByteView rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] Fault why() const { return fault_; }
  [[nodiscard]] std::uint32_t reason() const { return reason_; }

 private:
  template <typename>
  friend class Run;

  template <bool kInUnion = false>
  [[nodiscard]] [[gnu::always_inline]] const char* value(const Step& step, const char* at) {
    switch (step.op) {
      case Op::null: visitor_.null(); return at;
      case Op::boolean: return boolean(at);
      case Op::int_:
      case Op::long_: return number(step, at, [&](std::int64_t n) { visitor_.integer(*step.node, n); });
      case Op::float_: return floating<float>(at, [&](float n) { visitor_.float_number(n); });
      case Op::double_: return floating<double>(at, [&](double n) { visitor_.double_number(n); });
      case Op::string: return sized(at, [&](ByteView text) { visitor_.string(text); }, utf8_);
      case Op::bytes: return sized(at, [&](ByteView bytes) { visitor_.bytes(*step.node, bytes); }, false);
      case Op::fixed:
        if (step.size > left(at)) return refuse(at);
        visitor_.bytes(*step.node, {at, step.size});
        return at + step.size;
      case Op::symbol: return symbol(step, at);
      case Op::union_:
        if constexpr (kInUnion) break;
        else return branch(step, at);
      case Op::wrap:
        if constexpr (kInUnion) break;
        else return wrapped(child(step, 0), at);
      case Op::record: return record(step, at);
      case Op::array:
      case Op::map: return blocks(step, at);
      default: return rare(step, at);
    }
    return nullptr;
  }

  [[gnu::noinline]] const char* rare(const Step& step, const char* at) {
    switch (step.op) {
      case Op::int_to_float:
      case Op::long_to_float: return number(step, at, [&](std::int64_t n) { visitor_.float_number(static_cast<float>(n)); });
      case Op::int_to_double:
      case Op::long_to_double: return number(step, at, [&](std::int64_t n) { visitor_.double_number(static_cast<double>(n)); });
      case Op::float_to_double: return floating<float>(at, [&](float n) { visitor_.double_number(n); });
      default: return refuse(at, Fault::refused, step.size);
    }
  }

  [[gnu::cold]] const char* refuse(const char* at, Fault fault = Fault::corrupt, std::uint32_t reason = 0) {
    fault_ = fault;
    reason_ = reason;
    at_ = at;
    return nullptr;
  }
  [[nodiscard]] std::size_t left(const char* at) const { return static_cast<std::size_t>(end_ - at); }
  [[nodiscard]] const Step& child(const Step& step, std::size_t i) const { return code_.steps[step.first + i]; }
  [[nodiscard]] bool spare(std::uint64_t count) {
    if (count > spare_items_) return false;
    spare_items_ -= count;
    return true;
  }

  const char* boolean(const char* at) {
    if (at == end_ || static_cast<unsigned char>(*at) > 1) return refuse(at);
    visitor_.boolean(*at != 0);
    return at + 1;
  }

  // int and long.
  template <typename Give>
  [[gnu::always_inline]] const char* number(const Step& step, const char* at, const Give& give) {
    const auto read = read_varint(at, end_);
    if (read.at == nullptr) return refuse(at);
    const auto n = zigzag_decode(read.value);
    const bool is_int = step.op == Op::int_ || step.op == Op::int_to_float || step.op == Op::int_to_double;
    if (is_int && n != static_cast<std::int32_t>(n)) return refuse(at);
    give(n);
    return read.at;
  }

  template <typename Number, typename Give>
  [[gnu::always_inline]] const char* floating(const char* at, const Give& give) {
    Number n;
    if (left(at) < sizeof n) return refuse(at);
    std::memcpy(&n, at, sizeof n);  // little-endian, as this machine
    give(n);
    return at + sizeof n;
  }

  template <typename Give>
  [[gnu::always_inline]] const char* sized(const char* at, const Give& give, bool utf8) {
    const auto size = read_varint(at, end_);
    if (size.at == nullptr || (size.value & 1) != 0 || size.value >> 1 > left(size.at)) return refuse(at);
    const ByteView bytes(size.at, size.value >> 1);
    if (utf8 && !is_utf8(bytes)) return refuse(at);
    give(bytes);
    return size.at + bytes.size();
  }

  const char* symbol(const Step& step, const char* at) {
    const auto index = read_varint(at, end_);
    if (index.at == nullptr || (index.value & 1) != 0 || index.value >> 1 >= step.size) return refuse(at);
    const auto own = code_.table[step.first + (index.value >> 1)];
    if (own >= kRefused) return refuse(at, Fault::refused, own - kRefused);
    visitor_.symbol(*step.node, own);
    return index.at;
  }

  [[gnu::always_inline]] const char* branch(const Step& step, const char* at) {
    const auto index = read_varint(at, end_);
    if (index.at == nullptr || (index.value & 1) != 0 || index.value >> 1 >= step.children) return refuse(at);
    return wrapped(child(step, index.value >> 1), index.at);
  }

  [[gnu::always_inline]] const char* wrapped(const Step& step, const char* at) {
    if (step.united != nullptr) visitor_.begin_branch(*step.united, step.field);
    at = value<true>(step, at);
    if (at != nullptr && step.united != nullptr) visitor_.end_branch(*step.united, step.field);
    return at;
  }

  [[gnu::noinline]] const char* record(const Step& step, const char* at) {
    if (--depth_ < 0) return refuse(at);
    const char* before = at;
    const Node& node = *step.node;
    visitor_.begin_record(node);
    const auto* field = &child(step, 0);
    for (const auto* const end = field + step.children; field != end; ++field) {
      if (field->field == kNone) {
        at = pass(*field, at);
      } else {
        visitor_.field(node, field->field);
        at = value(*field, at);
      }
      if (at == nullptr) return at;
    }
    for (const auto& missing : code_.defaults[step.size]) {
      visitor_.field(node, missing.field);
      give_default(missing);
    }
    visitor_.end_record(node);
    ++depth_;
    return at != before || spare(step.children + 1) ? at : refuse(at);
  }

  // Over what the reader does not have.
  [[gnu::noinline]] const char* pass(const Step& step, const char* at) {
    NoVisitor nobody;
    Run<NoVisitor> run(code_, {at, left(at)}, nobody, {.depth = depth_, .items_of_no_bytes = spare_items_, .utf8 = utf8_});
    if (!run.front(step)) return refuse(run.at_);
    spare_items_ = run.spare_items_;
    return run.at_;
  }

  // Its bytes were proved when the schemas were compiled.
  [[gnu::noinline]] void give_default(const Default& missing) {
    Run run(code_, missing.bytes, visitor_, {.depth = depth_});
    static_cast<void>(run.front(code_.steps[missing.step]));
  }

  [[gnu::noinline]] const char* blocks(const Step& step, const char* at) {
    if (--depth_ < 0) return refuse(at);
    const bool map = step.op == Op::map;
    map ? visitor_.begin_map() : visitor_.begin_array();
    while (true) {
      auto read = read_varint(at, end_);
      if (read.at == nullptr) return refuse(at);
      auto count = zigzag_decode(read.value);
      const char* end = nullptr;
      if (count < 0) {
        at = read.at;
        read = read_varint(at, end_);
        if (read.at == nullptr || (read.value & 1) != 0 || read.value >> 1 > left(read.at) || count == std::numeric_limits<std::int64_t>::min()) return refuse(at);
        end = read.at + (read.value >> 1);
        count = -count;
      }
      at = read.at;
      if (count == 0) break;
      if (count > kMaxLength) return refuse(at);
      at = items(step, map, count, at);
      if (at == nullptr) return at;
      if (end != nullptr && at != end) return refuse(at);
    }
    map ? visitor_.end_map() : visitor_.end_array();
    ++depth_;
    return at;
  }

  const char* items(const Step& step, bool map, std::int64_t count, const char* at) {
    const auto& item = child(step, 0);
    for (; count > 0; --count) {
      const char* before = at;
      if (map) {
        at = sized(at, [&](ByteView key) { visitor_.key(key); }, utf8_);
        if (at == nullptr) return at;
      } else {
        visitor_.item();
      }
      at = value(item, at);
      if (at == nullptr) return at;
      if (at == before && !spare(1)) return refuse(at);
    }
    return at;
  }

  const Code& code_;
  const char* begin_;
  const char* end_;
  const char* at_;
  Visitor& visitor_;
  int depth_;
  bool utf8_;
  std::uint64_t spare_items_;
  Fault fault_ = Fault::corrupt;
  std::uint32_t reason_ = 0;
};

}  // namespace resolved

// Immutable, cheap to copy, shared freely between threads.
class ResolvedProgram {
 public:
  // Errors: rejected, no datum can be resolved: the path in the schemas and why.
  [[nodiscard]] static Result<ResolvedProgram> compile(const Schema& writer, const Schema& reader);

  [[nodiscard]] const resolved::Code& code() const { return *code_; }

 private:
  explicit ResolvedProgram(std::shared_ptr<const resolved::Code> code) : code_(std::move(code)) {}

  std::shared_ptr<const resolved::Code> code_;
};

// Runs the writer's value at the front of `bytes` through `visitor` and takes it off `bytes`. Errors: corrupt; rejected, it
// has what the reader cannot take. Both name the path and the byte; the visitor has then seen a part.
template <typename Visitor>
[[nodiscard]] Result<void> decode_front(const ResolvedProgram& program, ByteView& bytes, Visitor& visitor, DecodeLimits limits = {}) {
  const auto& code = program.code();
  resolved::Run<Visitor> run(code, bytes, visitor, limits);
  if (!run.front(code.steps.front())) [[unlikely]] return resolved::fault(code, bytes, limits, run.why(), run.reason(), run.position());
  bytes = run.rest();
  return {};
}

// The same for one value from the first byte to the last.
template <typename Visitor>
[[nodiscard]] Result<void> decode(const ResolvedProgram& program, ByteView bytes, Visitor& visitor, DecodeLimits limits = {}) {
  SLUICE_RETURN_IF_ERROR(decode_front(program, bytes, visitor, limits));
  if (!bytes.empty()) return program_detail::bytes_after(bytes.size());
  return {};
}

}  // namespace sluice::avro
