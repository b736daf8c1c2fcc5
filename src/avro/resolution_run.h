#pragma once
// Inside of resolution: one datum through the program.

#include <string>
#include <vector>

#include "avro/resolution.h"
#include "avro/resolution_code.h"
#include "avro/resolution_steps.h"

namespace sluice::avro::resolution {

// The bytes that are written, at the end of a Bytes whose capacity it uses. finish() or drop() puts its length right.
class Output {
 public:
  Output(Bytes& out, std::size_t room, std::size_t limit);

  void constant(const char* from, std::size_t size) {  // kPadding bytes behind it may be read
    if (size <= kPadding && left() >= kPadding) {
      std::memcpy(at_, from, kPadding);
      at_ += size;
    } else {
      copy(from, size);
    }
  }
  // [from, to) of input that ends at `end`.
  void input(const char* from, const char* to, const char* end) {
    const auto size = static_cast<std::size_t>(to - from);
    static_cast<std::size_t>(end - from) >= kPadding ? constant(from, size) : copy(from, size);
  }
  [[nodiscard]] bool full() const { return full_; }  // over the limit: it has dropped bytes
  void finish();
  void drop();

 private:
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void copy(const char* from, std::size_t size);
  bool grow(std::size_t size);

  Bytes& out_;
  std::size_t before_;
  std::size_t limit_;
  bool full_ = false;
  char* at_;
  char* end_;
};

class Run {
 public:
  // A place that is null means a failure here: no bytes are a place, too.
  Run(const Code& code, ByteView input, Output& out, const ResolveLimits& limits)
      : code_(code), begin_(input.data() == nullptr ? "" : input.data()), end_(begin_ + input.size()), at_(begin_), pending_(begin_), out_(out),
        depth_(limits.depth), spare_items_(limits.items_of_no_bytes) {}

  [[nodiscard]] bool datum();
  [[nodiscard]] ByteView rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  [[nodiscard]] Error error() const;

 private:
  enum class Fault : std::uint8_t { none, short_, boolean, integer, symbol, branch, size, depth, items, length, refused, full };
  struct Slot {
    const char* begin;
    const char* end;  // in a replay: where to go on
  };
  static constexpr std::size_t kSlots = 24;

  bool run(const Step* step, std::uint32_t slots);
  bool other(const Step& step, std::uint32_t slots);
  bool blocks(const Step& step, std::uint32_t slots);
  bool items(const Step& step, std::uint32_t slots, std::uint64_t count);
  void write_count(const char* start, std::int64_t count);
  bool call(std::uint32_t entry);
  bool replay(const Step& step, std::uint32_t slots);
  bool translate(const Step& step);
  template <typename From, typename To>
  bool promote();

  // What was walked over until `at` is written.
  void write_pending(const char* at) {
    if (at != pending_) out_.input(pending_, at, end_);
  }
  void begin_slot(const char* at, std::uint32_t i) { slot(i).begin = at; }
  void end_slot(const char* at, std::uint32_t i) { slot(i).end = pending_ = at; }
  void write_slot(const char* at, std::uint32_t i) {
    write_pending(at);
    pending_ = at;
    out_.input(slot(i).begin, slot(i).end, end_);
  }
  void write_constant(const char* at, const Step& step, const char* resume) {
    write_pending(at);
    pending_ = resume;
    out_.constant(code_.constants.data() + step.a, step.b);
  }
  Slot& slot(std::size_t i) { return i < kSlots ? slots_[i] : more_slots_[i - kSlots]; }
  bool refuse(Fault fault) {
    fault_ = fault;
    return false;
  }
  bool lost(const Step& step, const char* at);
  bool within(const Step& step);

  const Code& code_;
  const char* begin_;
  const char* end_;
  const char* at_;
  const char* pending_;
  const char* index_ = nullptr;  // where the index of the last union stood
  Output& out_;
  int depth_;
  std::uint64_t spare_items_;
  std::uint32_t top_ = 0;  // of the slots
  Slot slots_[kSlots];
  std::vector<Slot> more_slots_;
  Fault fault_ = Fault::none;
  std::string path_;
  std::string reason_;
};

}  // namespace sluice::avro::resolution
