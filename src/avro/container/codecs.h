#pragma once
// What the codecs share, and how each is made. For this module alone.

#include <algorithm>
#include <cstdint>
#include <memory>

#include "avro/container/codec.h"

namespace sluice::avro::codecs {

[[nodiscard]] std::unique_ptr<Codec> make_deflate();
[[nodiscard]] std::unique_ptr<Codec> make_snappy();
[[nodiscard]] std::unique_ptr<Codec> make_bzip2();
[[nodiscard]] std::unique_ptr<Codec> make_xz();
[[nodiscard]] std::unique_ptr<Codec> make_zstandard();

[[nodiscard]] Error damaged(std::string_view codec);
[[nodiscard]] Error over_limit(std::size_t limit);
[[nodiscard]] Error no_memory(std::string_view codec);

// Its bytes are not set: they will be.
inline void resize(Bytes& out, std::size_t size) {
  out.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

// A first guess at the room that `data` takes, inflated: what there is from blocks before, or four times as much.
inline std::size_t first_room(ByteView data, std::size_t limit, const Bytes& out) {
  return std::min(std::max({out.capacity(), 4 * data.size(), std::size_t{4096}}), limit);
}

enum class Step : std::uint8_t { more, done, damaged };

// Inflates by `step(to, room, made)`, which makes at most `room` bytes, says how many, and whether there is more to come.
template <typename Function>
[[nodiscard]] Result<ByteView> inflate_in_steps(std::string_view codec, ByteView data, std::size_t limit, Bytes& out, Function step) {
  resize(out, first_room(data, limit + 1, out));  // one beyond the limit: what is over it shows there
  std::size_t used = 0;
  while (true) {
    if (used == out.size()) resize(out, std::min(2 * used, limit + 1));
    std::size_t made = 0;
    const auto outcome = step(out.data() + used, out.size() - used, made);
    used += made;
    if (used > limit) return over_limit(limit);
    if (outcome == Step::done) return ByteView(out).substr(0, used);
    if (outcome == Step::damaged || made == 0) return damaged(codec);
  }
}

}  // namespace sluice::avro::codecs
