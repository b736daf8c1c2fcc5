#include "flow/value/row_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <random>

#include "flow/value/function.h"
#include "flow/value/time/calendar.h"
#include "flow/value/time/interval.h"

namespace sluice::flow {
namespace {

using Random = std::mt19937_64;

Random seeded() {
  const auto seed = std::random_device()();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::cout << "seed " << seed << "\n";
  return Random(seed);
}

std::int64_t random_integer(Random& random) {
  const auto bits = random() % 65;
  return bits == 0 ? 0 : static_cast<std::int64_t>(random() >> (64 - bits)) * (random() % 2 == 0 ? 1 : -1);
}

// Of every size, sign and scale; of few digits often, so that equal ones with different scales meet.
std::string random_numeric(Random& random) {
  if (random() % 40 == 0) return std::array{"NaN", "Infinity", "-Infinity"}[random() % 3];
  std::string digits;
  for (auto n = 1 + random() % (random() % 4 == 0 ? 40 : 4); n > 0; --n) digits += static_cast<char>('0' + random() % (random() % 2 == 0 ? 2 : 10));
  const auto exponent = static_cast<int>(random() % 12) - 6;
  return (random() % 2 == 0 ? "-" : "") + digits + (random() % 2 == 0 ? ".5" : "") + "e" + std::to_string(exponent);
}

std::string random_text(Random& random) {
  std::string out;
  for (auto n = random() % 6; n > 0; --n) out += "\0\1a\xff\0b"[random() % 6];
  return out;
}

Value random_value(TypeKind kind, Random& random, Arena& arena) {
  if (random() % 10 == 0) return Value::none();
  switch (kind) {
    case TypeKind::boolean: return Value::of(random() % 2 == 0);
    case TypeKind::int2: return Value::of_integer(static_cast<std::int16_t>(random_integer(random)));
    case TypeKind::int4: case TypeKind::date: return Value::of_integer(static_cast<std::int32_t>(random_integer(random)));
    case TypeKind::int8: case TypeKind::time: case TypeKind::timestamp: case TypeKind::timestamptz: return Value::of_integer(random_integer(random));
    case TypeKind::float4: return Value::of_double(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(random()))));
    case TypeKind::float8:
      return Value::of_double(random() % 4 == 0 ? std::array{0.0, -0.0, 1.0, std::numeric_limits<double>::infinity()}[random() % 4]
                                                : std::bit_cast<double>(random()));
    case TypeKind::numeric: return parse_value({kind}, random_numeric(random), arena).value();
    case TypeKind::interval:
      return value_of(Interval{static_cast<std::int32_t>(random() % 5) - 2, static_cast<std::int32_t>(random() % 100) - 50,
                               random() % 2 == 0 ? 0 : random_integer(random) % (90 * kDay_us)},
                      arena);
    case TypeKind::uuid: return parse_value({kind}, "a0eebc99-9c0b-4ef8-bb6d-" + std::to_string(100000000000 + random() % 9), arena).value();
    default: return Value::of_text(arena.copy(random_text(random)));
  }
}

constexpr std::array kKinds{TypeKind::boolean, TypeKind::int2, TypeKind::int4, TypeKind::int8, TypeKind::numeric, TypeKind::float4,
                            TypeKind::float8, TypeKind::text, TypeKind::bytea, TypeKind::date, TypeKind::time, TypeKind::timestamp,
                            TypeKind::timestamptz, TypeKind::interval, TypeKind::uuid, TypeKind::json, TypeKind::opaque};

int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }

TEST(Keys, BytesCompareAsValuesDo) {
  auto random = seeded();
  for (int i = 0; i < 200'000; ++i) {
    Arena arena(4096);
    const Type type{kKinds[random() % 2 == 0 ? 4 : random() % kKinds.size()]};
    const Value a = random_value(type.kind, random, arena), b = random_value(type.kind, random, arena);
    const bool descending = random() % 2 == 0, nulls_first = random() % 2 == 0;
    Bytes key_a, key_b;
    encode_key(type, a, key_a, descending, nulls_first);
    encode_key(type, b, key_b, descending, nulls_first);
    int wanted = sign(compare_values(type, a, b));
    if (a.null != b.null ? nulls_first : descending) wanted = -wanted;
    ASSERT_EQ(sign(key_a.compare(key_b)), wanted) << type_text(type) << " " << value_text(type, a) << " and " << value_text(type, b);
    const bool is_prefix = key_a != key_b && (key_a.starts_with(key_b) || key_b.starts_with(key_a));
    ASSERT_FALSE(is_prefix) << "a value's key does not tell its end";
  }
}

TEST(Keys, NumericsAndZerosThatAreEqualHaveOneKey) {
  Arena arena;
  const auto key = [&](TypeKind kind, std::string_view text) {
    Bytes out;
    encode_key({kind}, parse_value({kind}, text, arena).value(), out);
    return out;
  };
  EXPECT_EQ(key(TypeKind::numeric, "1.0"), key(TypeKind::numeric, "1.0000000000000000000000000000"));
  EXPECT_EQ(key(TypeKind::numeric, "0"), key(TypeKind::numeric, "-0.00"));
  EXPECT_EQ(key(TypeKind::float8, "0"), key(TypeKind::float8, "-0"));
  EXPECT_EQ(key(TypeKind::interval, "1 month"), key(TypeKind::interval, "30 days"));
}

std::vector<Type> random_types(Random& random) {
  std::vector<Type> types(random() % 20);
  for (auto& type : types) type.kind = kKinds[random() % kKinds.size()];
  return types;
}

TEST(Rows, ComeBackAsTheyWere) {
  auto random = seeded();
  for (int i = 0; i < 20'000; ++i) {
    Arena arena(4096);
    const auto types = random_types(random);
    std::vector<Value> row;
    for (const auto& type : types) row.push_back(random_value(type.kind, random, arena));
    Bytes bytes;
    encode_row(types, row, bytes);
    const auto size = bytes.size();
    encode_row(types, row, bytes);
    ByteView rest = bytes;
    const auto back = take_row(types, rest, arena);
    ASSERT_TRUE(back.ok());
    ASSERT_EQ(rest.size(), size);
    for (std::size_t c = 0; c < types.size(); ++c) {
      ASSERT_EQ((*back)[c].null, row[c].null);
      ASSERT_EQ(value_text(types[c], (*back)[c]), value_text(types[c], row[c])) << type_text(types[c]);
      ASSERT_EQ((*back)[c].scale, row[c].scale);
    }
    ASSERT_TRUE(decode_row(types, rest, arena).ok());
    ASSERT_EQ(types.empty(), decode_row(types, rest.substr(0, size - (size > 0 ? 1 : 0)), arena).ok());
  }
}

TEST(Rows, ANumericThatIsNotOfTheShortestFormIsCorrupt) {
  Arena arena;
  const std::vector<Type> types{{TypeKind::numeric}};
  EXPECT_FALSE(decode_row(types, Bytes("\0\3\1\0", 4), arena).ok());
  EXPECT_FALSE(decode_row(types, Bytes("\0\3\11\0\0\0\0\0\0\0\0\0", 12), arena).ok());
  EXPECT_TRUE(decode_row(types, Bytes("\0\3\11\1\0\0\0\0\0\0\0\0", 12), arena).ok());
}

TEST(Arena, GivesBackEverythingButItsFirstBlock) {
  Arena arena(1000);
  (void)arena.bytes(100);
  (void)arena.row(100);
  EXPECT_GT(arena.used(), 2000U);
  arena.reset();
  EXPECT_EQ(arena.used(), 1000U);
  const auto row = arena.row(3);
  EXPECT_TRUE(std::ranges::all_of(row, [](const Value& v) { return v.null; }));
  EXPECT_EQ(arena.used(), 1000U);
}

}  // namespace
}  // namespace sluice::flow
