// A row: a bit for each value that is null, in whole bytes; then the values that are not:
//
//   boolean: a byte · int2, int4, int8, date: zigzag varint · time, timestamps: 8 bytes, big-endian · floats: 8 bytes of IEEE 754 ·
//   texts of all kinds: varint length, bytes · interval: a byte, zigzag varint of microseconds, and, if the byte is 1, eight
//   bytes of months and days · numeric: varint of (scale + 1) * 2, then a zigzag varint; if that is odd, varint length, bytes

#include "flow/value/row_code.h"

#include <bit>
#include <cmath>
#include <limits>

#include "flow/value/numeric/numeric.h"

namespace sluice::flow {
namespace {

void put_text(std::string_view text, ByteWriter& out) {
  out.varint(text.size());
  out.raw(text);
}

void put_numeric(const Value& v, ByteWriter& out) {
  const auto head = static_cast<std::uint64_t>(v.scale + 1) << 1;
  if (v.text.empty()) {
    out.varint(head);
    out.zigzag(v.integer);
  } else {
    out.varint(head | 1);
    put_text(v.text, out);
  }
}

void put(TypeKind kind, const Value& v, ByteWriter& out) {
  switch (kind) {
    case TypeKind::boolean: out.u8(v.boolean ? 1 : 0); return;
    case TypeKind::int2: case TypeKind::int4: case TypeKind::int8: case TypeKind::date: out.zigzag(v.integer); return;
    case TypeKind::time: case TypeKind::timestamp: case TypeKind::timestamptz: out.i64(v.integer); return;
    case TypeKind::float4: case TypeKind::float8:
      out.u64(std::bit_cast<std::uint64_t>(std::isnan(v.floating) ? std::numeric_limits<double>::quiet_NaN() : v.floating));
      return;
    case TypeKind::numeric: put_numeric(v, out); return;
    case TypeKind::interval:
      out.u8(v.text.empty() ? 0 : 1);
      out.zigzag(v.integer);
      out.raw(v.text);
      return;
    case TypeKind::unknown: case TypeKind::text: case TypeKind::bytea: case TypeKind::uuid: case TypeKind::json: case TypeKind::opaque:
      put_text(v.text, out);
      return;
  }
}

// Too long for 64 bits, and without a first byte that only repeats the sign: each number has one form.
bool is_shortest(ByteView twos_complement) {
  if (twos_complement.size() <= sizeof(std::int64_t)) return false;
  const int first = static_cast<unsigned char>(twos_complement[0]);
  const bool next_negative = (twos_complement[1] & 0x80) != 0;
  return first != (next_negative ? 0xff : 0);
}

Value get_numeric(ByteReader& in) {
  const auto head = in.varint();
  const auto scale = static_cast<std::int64_t>(head >> 1) - 1;
  if (scale > decimal::kScaleMax) in.fail();
  Value v = Value::of_numeric(0, static_cast<std::int32_t>(scale));
  if ((head & 1) == 0) {
    v.integer = in.zigzag();
    if (scale < 0 && (v.integer < -1 || v.integer > 1)) in.fail();
  } else {
    v.text = in.view(in.varint());
    if (!is_shortest(v.text) || scale < 0) in.fail();
  }
  return v;
}

Value get_interval(ByteReader& in) {
  const auto form = in.u8();
  if (form > 1) in.fail();
  Value v = Value::of_integer(in.zigzag());
  if (form == 1) v.text = in.view(8);
  return v;
}

Value get(TypeKind kind, ByteReader& in) {
  switch (kind) {
    case TypeKind::boolean: {
      const auto truth = in.u8();
      if (truth > 1) in.fail();
      return Value::of(truth == 1);
    }
    case TypeKind::int2: case TypeKind::int4: case TypeKind::int8: case TypeKind::date: return Value::of_integer(in.zigzag());
    case TypeKind::time: case TypeKind::timestamp: case TypeKind::timestamptz: return Value::of_integer(in.i64());
    case TypeKind::float4: case TypeKind::float8: return Value::of_double(std::bit_cast<double>(in.u64()));
    case TypeKind::numeric: return get_numeric(in);
    case TypeKind::interval: return get_interval(in);
    case TypeKind::unknown: case TypeKind::text: case TypeKind::bytea: case TypeKind::uuid: case TypeKind::json: case TypeKind::opaque:
      break;
  }
  const Value v = Value::of_text(in.view(in.varint()));
  if (kind == TypeKind::uuid && v.text.size() != 36) in.fail();
  return v;
}

}  // namespace

void encode_row(std::span<const Type> types, Row row, Bytes& out) {
  const std::size_t bits = out.size();
  out.append((types.size() + 7) / 8, '\0');
  ByteWriter writer(out);
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (row[i].null) out[bits + i / 8] = static_cast<char>(out[bits + i / 8] | 1 << (i % 8));
    else put(types[i].kind, row[i], writer);
  }
}

Result<Row> take_row(std::span<const Type> types, ByteView& bytes, Arena& arena) {
  ByteReader in(bytes);
  const auto bits = in.view((types.size() + 7) / 8);
  const auto row = arena.row(types.size());
  for (std::size_t i = 0; i < types.size() && in.ok(); ++i) {
    if ((bits[i / 8] >> (i % 8) & 1) == 0) row[i] = get(types[i].kind, in);
  }
  if (!in.ok()) return Error{.code = ErrorCode::corrupt, .message = "a row's bytes are not of its types"};
  bytes = in.rest();
  return Row(row);
}

Result<Row> decode_row(std::span<const Type> types, ByteView bytes, Arena& arena) {
  SLUICE_TRY(const Row row, take_row(types, bytes, arena));
  if (!bytes.empty()) return Error{.code = ErrorCode::corrupt, .message = "bytes follow a row that is complete"};
  return row;
}

}  // namespace sluice::flow
