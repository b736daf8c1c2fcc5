#pragma once
// A change of a key as bytes, in the files that a Sorter writes for itself: varints of the key's size and of the value's and 1 (0: the key is
// erased), the key, the value.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::flow {

struct ChangeFrame {
  ByteView key;
  std::optional<ByteView> value;
};

inline void append_frame(Bytes& out, const ChangeFrame& frame) {
  ByteWriter writer(out);
  writer.varint(frame.key.size());
  writer.varint(frame.value ? frame.value->size() + 1 : 0);
  writer.raw(frame.key);
  if (frame.value) writer.raw(*frame.value);
}

// The next one; in.ok() tells whether it was there whole.
inline ChangeFrame take_frame(ByteReader& in) {
  const auto key_size = in.varint();
  const auto value_size = in.varint();
  ChangeFrame frame{in.view(key_size), {}};
  if (value_size > 0) frame.value = in.view(value_size - 1);
  return frame;
}

// As many bytes of a key from `skip` on as the word has, zeros behind its end: keys whose words differ are in the order of their words.
template <typename Word>
[[nodiscard]] Word key_word(ByteView key, std::size_t skip) {
  if (key.size() >= skip + sizeof(Word)) return load_be<Word>(key.data() + skip);
  char padded[sizeof(Word)] = {};
  if (key.size() > skip) key.copy(padded, sizeof padded, skip);
  return load_be<Word>(padded);
}

[[nodiscard]] inline std::size_t common_bytes(ByteView a, ByteView b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace sluice::flow
