#pragma once
// A value, a row, a change of a row; and the arena that holds what they point to.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sluice::flow {

// A value of a type that its owner knows. Trivially copyable: `text` is a view, of an Arena or of what outlives its user.
//
//   boolean: `boolean` · int2, int4, int8: `integer` · date: days since 1970-01-01 · time: microseconds since midnight ·
//   timestamp, timestamptz: microseconds since 1970-01-01 00:00 (UTC); the least and greatest are -infinity and infinity (of dates
//   too) · float4, float8: `floating` · text, json, bytea, opaque: `text` · uuid: `text`, as 36 characters · interval: `integer` is the
//   microseconds, `text` is empty or eight bytes: months and days, int32 of this machine · numeric: unscaled / 10^`scale`, where
//   unscaled is `integer`, or, when that is too small, `text` as two's complement, big-endian, not empty and as short as can be;
//   scale is the display scale, so 1.50 is 150 and 2. Scale kNaN is no number: NaN, or, with an `integer` of 1 or -1, an infinity
struct Value {
  static constexpr std::int32_t kNaN = -1;  // numeric's scale

  union {
    std::int64_t integer = 0;
    double floating;
    bool boolean;
  };
  std::string_view text = {};
  std::int32_t scale = 0;
  bool null = true;

  [[nodiscard]] static Value of(bool truth) { Value v; v.integer = 0; v.boolean = truth; v.null = false; return v; }
  [[nodiscard]] static Value of_integer(std::int64_t n) { Value v; v.integer = n; v.null = false; return v; }
  [[nodiscard]] static Value of_double(double n) { Value v; v.floating = n; v.null = false; return v; }
  [[nodiscard]] static Value of_text(std::string_view text) { Value v; v.text = text; v.null = false; return v; }
  [[nodiscard]] static Value of_numeric(std::int64_t unscaled, std::int32_t scale) {
    Value v; v.integer = unscaled; v.scale = scale; v.null = false; return v;
  }
  [[nodiscard]] static Value none() { return {}; }
};

using Row = std::span<const Value>;

// A row that comes (weight > 0) or goes (< 0), so many times: a member of a Z-set.
struct Delta {
  Row row;
  std::int64_t weight = 1;
  std::uint32_t origin = 0;  // the input record that caused it: a number that the feeder gave
};

// Memory that is given back all at once. Not thread-safe.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = std::size_t{256} << 10) : block_bytes_(block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] char* bytes(std::size_t size) {
    if (size > left_) more(size);
    char* const at = at_;
    at_ += size;
    left_ -= size;
    return at;
  }
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* const at = bytes(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  // `count` nulls.
  [[nodiscard]] std::span<Value> row(std::size_t count);
  // Everything that was given is gone; the first block is kept.
  void reset();
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  void more(std::size_t size);

  std::size_t block_bytes_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace sluice::flow
