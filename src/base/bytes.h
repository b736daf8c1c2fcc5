#pragma once
// Bytes, and how to read and write them.
//
// `Bytes` owns, `ByteView` borrows; both are std::string kin, so that hashing, comparing and literals are free.
// `ByteReader` is bounds-checked and sticky: after the first read past the end every read gives zero or empty, and
// ok() is false. So a parser reads a whole structure and asks once. Multi-byte integers are big-endian (network
// order) unless the name says otherwise. Varints are LEB128 of at most 10 bytes; `zigzag` maps signed as Avro and Kafka do.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice {

using Bytes = std::string;
using ByteView = std::string_view;

namespace bytes_detail {
template <typename T>
constexpr T byteswap(T v) {
  if constexpr (sizeof(T) == 1) return v;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(v)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(v)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(v)));
}
}  // namespace bytes_detail

// Unchecked big-endian access for headers whose length was checked before.
template <typename T>
[[nodiscard]] T load_be(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return bytes_detail::byteswap(v);
}
template <typename T>
void store_be(char* at, std::type_identity_t<T> v) {
  v = bytes_detail::byteswap(v);
  std::memcpy(at, &v, sizeof v);
}

[[nodiscard]] constexpr std::uint64_t zigzag_encode(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
[[nodiscard]] constexpr std::int64_t zigzag_decode(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}
// Bytes that write_varint needs for `v`: 1 to 10.
[[nodiscard]] constexpr int varint_size(std::uint64_t v) {
  int size = 1;
  while (v >= 0x80) {
    v >>= 7;
    ++size;
  }
  return size;
}

class ByteReader {
 public:
  ByteReader() = default;
  explicit ByteReader(ByteView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  [[nodiscard]] const char* position() const { return at_; }
  [[nodiscard]] ByteView rest() const { return {at_, remaining()}; }
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  std::int8_t i8() { return fixed<std::int8_t>(); }
  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::int16_t i16() { return fixed<std::int16_t>(); }
  std::uint16_t u16() { return fixed<std::uint16_t>(); }
  std::int32_t i32() { return fixed<std::int32_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::int64_t i64() { return fixed<std::int64_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  // Unsigned LEB128. Fails on more than 10 bytes or a value over 64 bits.
  std::uint64_t varint() {
    if (at_ < end_ && static_cast<unsigned char>(*at_) < 0x80) return static_cast<unsigned char>(*at_++);
    return varint_slow();
  }
  std::int64_t zigzag() { return zigzag_decode(varint()); }
  ByteView view(std::size_t size) {
    if (size > remaining()) return fail(), ByteView{};
    ByteView v{at_, size};
    at_ += size;
    return v;
  }
  void skip(std::size_t size) { (void)view(size); }

 private:
  template <typename T>
  T fixed() {
    if (remaining() < sizeof(T)) return fail(), T{};
    T v = load_be<T>(at_);
    at_ += sizeof(T);
    return v;
  }
  std::uint64_t varint_slow();

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool ok_ = true;
};

// Appends to a Bytes that it borrows; cheap to make.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] Bytes& bytes() { return out_; }
  void i8(std::int8_t v) { out_.push_back(static_cast<char>(v)); }
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void i16(std::int16_t v) { fixed(v); }
  void i32(std::int32_t v) { fixed(v); }
  void u32(std::uint32_t v) { fixed(v); }
  void i64(std::int64_t v) { fixed(v); }
  void u64(std::uint64_t v) { fixed(v); }
  void varint(std::uint64_t v) {
    char buffer[10];
    std::size_t n = 0;
    while (v >= 0x80) {
      buffer[n++] = static_cast<char>(v | 0x80);
      v >>= 7;
    }
    buffer[n++] = static_cast<char>(v);
    out_.append(buffer, n);
  }
  void zigzag(std::int64_t v) { varint(zigzag_encode(v)); }
  void raw(ByteView v) { out_.append(v); }
  // Overwrites bytes written before, at `at` from the start of the underlying Bytes.
  template <typename T>
  void patch(std::size_t at, std::type_identity_t<T> v) {
    store_be<T>(out_.data() + at, v);
  }

 private:
  template <typename T>
  void fixed(T v) {
    v = bytes_detail::byteswap(v);
    out_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  Bytes& out_;
};

// "0a1b…", lower case.
[[nodiscard]] std::string hex(ByteView bytes);

}  // namespace sluice
