#pragma once
// Writes values by a program: pushed in, in the order of the schema, checked against it, without a tree in between.
//
//   Encoder encoder(program, out);
//   for (...) {
//     encoder.begin_record();
//     encoder.integer(7);                       // the first field
//     encoder.branch(1), encoder.string("x");   // a union: its branch, then its value
//     encoder.end_record();
//     SLUICE_TRY(const auto datum, encoder.finish());
//   }
//
// Calls are those of program.h's visitor, in the same order: an Encoder is a visitor, and decode(program, bytes, encoder)
// writes a value anew. What does not fit is noticed at once and told by finish(): calls until then do nothing. Nothing is
// allocated but the room in `out`, which doubles.

#include <array>
#include <cstdint>
#include <cstring>

#include "avro/program.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Of one thread.
class Encoder {
 public:
  static constexpr std::size_t kDepth = 200;  // records, arrays and maps within each other

  // Appends to `out`, whose length is right only at the Encoder's end. Both outlive it.
  Encoder(const Program& program, Bytes& out);
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder() { cut(start_); }

  // Ends a datum; the next may begin. Gives its bytes, until the next call. Errors: rejected, with the path and what did
  // not fit: the datum is gone from `out`.
  [[nodiscard]] Result<ByteView> finish();
  // Takes the data that are finished out of `out` again: for a caller who had them from finish().
  void rewind();

  void null() {
    if (expect(Type::null, "null")) complete();
  }
  void boolean(bool value) {
    if (!expect(Type::boolean, "a boolean")) return;
    *room(1) = value ? 1 : 0;
    wrote(1);
  }
  // int and long. An int must fit.
  void integer(std::int64_t value) {
    if (at_->type != Type::long_ && (at_->type != Type::int_ || value != static_cast<std::int32_t>(value))) [[unlikely]] {
      return refuse("an integer");
    }
    varint(zigzag_encode(value));
    complete();
  }
  void float_number(float value) { number(Type::float_, value, "a float"); }
  void double_number(double value) { number(Type::double_, value, "a double"); }
  void string(ByteView text) {  // of UTF-8: not checked
    if (expect(Type::string, "a string")) sized(text);
  }
  // bytes, and fixed of that size.
  void bytes(ByteView value) {
    if (at_->type == Type::bytes) return sized(value);
    if (!expect(Type::fixed, "bytes")) return;
    if (value.size() != at_->size) [[unlikely]] return refuse("bytes of another size");
    copy(value);
    complete();
  }
  // The index of an enum's symbol.
  void symbol(std::size_t index) {
    if (!expect(Type::enum_, "a symbol")) return;
    if (index >= at_->size) [[unlikely]] return refuse("the index of a symbol");
    varint(std::uint64_t{index} << 1);
    complete();
  }
  // A union's branch; its value follows.
  void branch(std::size_t index) {
    if (!expect(Type::union_, "a union's branch")) return;
    if (index >= at_->children) [[unlikely]] return refuse("the index of a branch");
    varint(std::uint64_t{index} << 1);
    at_ = program_.child(*at_, index);
  }
  void begin_record() {
    if (!expect(Type::record, "a record") || !push()) return;
    at_ = program_.child(*at_, 0);
    next_ = at_ + 1;
  }
  void end_record() {
    if (!at_end_of(Type::record)) [[unlikely]] return refuse("the end of a record");
    pop();
  }
  void begin_array() { begin_items(Type::array, "an array"); }
  void item() { begin_item(Type::array, "an array's item"); }  // before each
  void end_array() { end_items(Type::array, "the end of an array"); }
  void begin_map() { begin_items(Type::map, "a map"); }
  void key(ByteView key) {  // before each value
    if (begin_item(Type::map, "a map's key")) append_sized(key);
  }
  void end_map() { end_items(Type::map, "the end of a map"); }

  // The visitor's.
  void integer(const Node&, std::int64_t value) { integer(value); }
  void bytes(const Node&, ByteView value) { bytes(value); }
  void symbol(const Node&, std::size_t index) { symbol(index); }
  void begin_branch(const Node&, std::size_t index) { branch(index); }
  void end_branch(const Node&, std::size_t) {}
  void begin_record(const Node&) { begin_record(); }
  void field(const Node&, std::size_t) {}
  void end_record(const Node&) { end_record(); }

 private:
  // What encloses the value at hand.
  struct Frame {
    const Operation* of;
    const Operation* next;  // in the frame outside, when this one is whole
    std::size_t count_at;   // array, map: where the count goes, in out_
    std::uint64_t count;
  };

  [[nodiscard]] bool expect(Type type, const char* what) {
    if (at_->type == type) [[likely]] return true;
    refuse(what);
    return false;
  }
  // The value at hand is whole: on to the next of the record. In an array or map that is the end: item() goes on.
  void complete() {
    at_ = next_;
    ++next_;
  }
  bool push() {
    if (depth_ == kDepth) [[unlikely]] {
      refuse("something within so many others");
      return false;
    }
    frames_[depth_++] = {.of = at_, .next = next_, .count_at = 0, .count = 0};
    return true;
  }
  void pop() {
    next_ = frames_[--depth_].next;
    complete();
  }
  // Whether what is at hand is the end of such a one, or of one of its items.
  [[nodiscard]] bool at_end_of(Type type) const { return depth_ > 0 && at_->type == kNoType && frames_[depth_ - 1].of->type == type; }
  void begin_items(Type type, const char* what);
  bool begin_item(Type type, const char* what);
  void end_items(Type type, const char* what);
  [[gnu::cold]] void refuse(const char* what);
  [[nodiscard]] std::string path() const;
  [[nodiscard]] Error error() const;
  void start();

  // At least `size` bytes from here on.
  char* room(std::size_t size) {
    if (static_cast<std::size_t>(limit_ - to_) < size) [[unlikely]] grow(size);
    return to_;
  }
  void wrote(std::size_t size) {
    to_ += size;
    complete();
  }
  [[gnu::noinline]] void grow(std::size_t size);
  void cut(std::size_t size);
  [[nodiscard]] std::size_t written() const { return static_cast<std::size_t>(to_ - out_.data()); }
  static char* put_varint(char* to, std::uint64_t value) {
    while (value >= 0x80) {
      *to++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
  }
  void varint(std::uint64_t value) { to_ = put_varint(room(10), value); }
  template <typename Number>
  void number(Type type, Number value, const char* what) {
    if (!expect(type, what)) return;
    std::memcpy(room(sizeof value), &value, sizeof value);  // little-endian, as this machine
    wrote(sizeof value);
  }
  void copy(ByteView value) {
    if (value.empty()) return;  // it may be nowhere
    std::memcpy(room(value.size()), value.data(), value.size());
    to_ += value.size();
  }
  void append_sized(ByteView value) {
    varint(std::uint64_t{value.size()} << 1);
    copy(value);
  }
  void sized(ByteView value) {
    append_sized(value);
    complete();
  }

  const Program& program_;
  Bytes& out_;
  char* to_ = nullptr;
  char* limit_ = nullptr;
  const Operation* at_ = nullptr;    // what is expected: of kNoType, the end of what encloses it
  const Operation* next_ = nullptr;  // after it
  std::size_t depth_ = 0;
  std::size_t start_;  // of the datum, in out_
  const char* refused_ = nullptr;
  std::string refused_at_;
  std::array<Frame, kDepth> frames_;  // not set beyond depth_
};

}  // namespace sluice::avro
