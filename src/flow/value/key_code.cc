// A key's value: a byte (1: a value; 0 or 2: null, first or last), then bytes that compare as values do:
//
//   integers, dates, times: big-endian, the sign bit turned · floats: IEEE 754, all bits turned if negative, else the sign bit ·
//   texts: 00 as 00 FF, and 00 00 at the end · interval: what it is compared by, 16 bytes as integers are ·
//   numeric: a byte, 0 -infinity, 1 negative, 2 zero, 3 positive, 4 infinity, 5 NaN; of 1 and 3 the exponent of the first digit,
//   4 bytes as integers are, and the digits without zeros at the end, two a byte, from 1 (00) to 100 (99), and 0; of 1 all turned
//
// Descending: all bytes but the first are turned.

#include <bit>
#include <cmath>

#include "flow/value/numeric/numeric.h"
#include "flow/value/row_code.h"
#include "flow/value/time/interval.h"

namespace sluice::flow {
namespace {

constexpr std::uint64_t kSign64 = std::uint64_t{1} << 63;

void put_integer(std::int64_t n, ByteWriter& out) { out.u64(static_cast<std::uint64_t>(n) ^ kSign64); }

void put_float(double v, ByteWriter& out) {
  if (v == 0) v = 0;  // -0
  auto bits = std::isnan(v) ? ~std::uint64_t{0} >> 1 : std::bit_cast<std::uint64_t>(v);
  out.u64((bits & kSign64) != 0 ? ~bits : bits | kSign64);
}

void put_text(std::string_view text, ByteWriter& out) {
  for (auto zero = text.find('\0'); zero != text.npos; zero = text.find('\0')) {
    out.raw(text.substr(0, zero + 1));
    out.u8(0xff);
    text.remove_prefix(zero + 1);
  }
  out.raw(text);
  out.i16(0);
}

void put_interval(const Value& v, ByteWriter& out) {
  const auto order = order_of(interval_of(v));
  put_integer(static_cast<std::int64_t>(order >> 64), out);
  out.u64(static_cast<std::uint64_t>(order));
}

void turn(Bytes& bytes, std::size_t from) {
  for (auto i = from; i < bytes.size(); ++i) bytes[i] = static_cast<char>(~bytes[i]);
}

void put_digits(const Value& v, ByteWriter& out) {
  auto digits = decimal::digits_of(v);
  out.u32(static_cast<std::uint32_t>(static_cast<int>(digits.size()) - 1 - v.scale) ^ 0x8000'0000U);
  while (digits.back() == '0') digits.pop_back();
  if (digits.size() % 2 == 1) digits += '0';
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    out.u8(static_cast<std::uint8_t>((digits[i] - '0') * 10 + digits[i + 1] - '0' + 1));
  }
  out.u8(0);
}

void put_numeric(const Value& v, ByteWriter& out) {
  if (decimal::is_special(v)) return out.u8(v.integer == 0 ? 5 : v.integer < 0 ? 0 : 4);
  const int sign = decimal::sign_of(v);
  out.u8(static_cast<std::uint8_t>(sign + 2));
  if (sign == 0) return;
  const auto begin = out.size();
  put_digits(v, out);
  if (sign < 0) turn(out.bytes(), begin);
}

void put(TypeKind kind, const Value& v, ByteWriter& out) {
  switch (kind) {
    case TypeKind::boolean: out.u8(v.boolean ? 1 : 0); return;
    case TypeKind::int2: case TypeKind::int4: case TypeKind::int8: case TypeKind::date: case TypeKind::time:
    case TypeKind::timestamp: case TypeKind::timestamptz: put_integer(v.integer, out); return;
    case TypeKind::float4: case TypeKind::float8: put_float(v.floating, out); return;
    case TypeKind::numeric: put_numeric(v, out); return;
    case TypeKind::interval: put_interval(v, out); return;
    case TypeKind::unknown: case TypeKind::text: case TypeKind::bytea: case TypeKind::uuid: case TypeKind::json: case TypeKind::opaque:
      put_text(v.text, out);
      return;
  }
}

}  // namespace

void encode_key(const Type& type, const Value& value, Bytes& out, bool descending, bool nulls_first) {
  ByteWriter writer(out);
  if (value.null) return writer.u8(nulls_first ? 0 : 2);
  writer.u8(1);
  const auto begin = out.size();
  put(type.kind, value, writer);
  if (descending) turn(out, begin);
}

}  // namespace sluice::flow
