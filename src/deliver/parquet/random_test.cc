// Random schemas, nested at random, with random rows: what goes in comes out. SEED=n repeats a run.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "deliver/parquet/format.h"
#include "pipeline/memory_store_testing.h"

namespace sluice::deliver::parquet {
namespace {

class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  // JSON of a type; its values are written by value().
  struct Type {
    std::string json;
    enum { null, boolean, integer, floating, text, fixed, symbol, record, array, map, choice } kind = null;
    std::size_t size = 0;  // bytes of a number or fixed, symbols
    std::vector<Type> parts = {};
  };

  Type record(int depth) {
    Type type{.json = R"({"type":"record","name":")" + name() + R"(","fields":[)", .kind = Type::record};
    const auto count = below(4) + 1;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& part = type.parts.emplace_back(any(depth - 1, true));
      type.json += std::string(i > 0 ? "," : "") + R"({"name":"f)" + std::to_string(i) + R"(","type":)" + part.json + "}";
    }
    type.json += "]}";
    return type;
  }

  void value(const Type& type, ByteWriter& out) {
    switch (type.kind) {
      case Type::null: return;
      case Type::boolean: return out.u8(below(2) == 1);
      case Type::integer: return out.zigzag(type.size == 4 ? static_cast<std::int32_t>(random_()) : static_cast<std::int64_t>(random_() >> below(64)));
      case Type::floating:
      case Type::fixed: return bytes(type.size, out);
      case Type::text: return text(out);
      case Type::symbol: return out.zigzag(static_cast<std::int64_t>(below(type.size)));
      case Type::record:
        for (const auto& part : type.parts) value(part, out);
        return;
      case Type::array:
      case Type::map: return items(type, out);
      case Type::choice: {
        const auto branch = below(type.parts.size());
        out.zigzag(static_cast<std::int64_t>(branch));
        return value(type.parts[branch], out);
      }
    }
  }

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

 private:
  std::string name() { return "N" + std::to_string(++names_); }

  void bytes(std::size_t size, ByteWriter& out) {
    for (; size > 0; --size) out.u8(static_cast<std::uint8_t>(random_()));
  }
  void text(ByteWriter& out) {
    const auto size = below(20);
    out.zigzag(static_cast<std::int64_t>(size));
    for (std::size_t i = 0; i < size; ++i) out.u8(static_cast<std::uint8_t>('a' + below(26)));
  }
  void items(const Type& type, ByteWriter& out) {
    const auto count = below(3) == 0 ? 0 : below(4);
    if (count > 0) out.zigzag(static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (type.kind == Type::map) text(out);
      value(type.parts.front(), out);
    }
    out.zigzag(0);
  }

  Type any(int depth, bool union_too) {
    switch (below(depth > 0 ? 14 : 10)) {
      case 0: return {R"("null")", Type::null};
      case 1: return {R"("boolean")", Type::boolean};
      case 2: return {R"("int")", Type::integer, 4};
      case 3: return {R"("long")", Type::integer, 8};
      case 4: return {R"("float")", Type::floating, 4};
      case 5: return {R"("double")", Type::floating, 8};
      case 6: return {R"("bytes")", Type::text};
      case 7: return {R"("string")", Type::text};
      case 8: return {R"({"type":"fixed","name":")" + name() + R"(","size":5})", Type::fixed, 5};
      case 9: return {R"({"type":"enum","name":")" + name() + R"(","symbols":["a","b","c"]})", Type::symbol, 3};
      case 10: return record(depth);
      case 11: return around(R"({"type":"array","items":)", Type::array, any(depth - 1, true));
      case 12: return around(R"({"type":"map","values":)", Type::map, any(depth - 1, true));
      default: return union_too ? choice(depth - 1) : record(depth);
    }
  }
  static Type around(const std::string& begin, decltype(Type::kind) kind, Type part) {
    Type type{.json = begin + part.json + "}", .kind = kind};
    type.parts.push_back(std::move(part));
    return type;
  }
  // Of null and a type, mostly; of named types only, which may stand side by side.
  Type choice(int depth) {
    Type type{.json = "[", .kind = Type::choice};
    const bool nullable = below(4) > 0;
    const auto at = below(2);
    const auto count = below(3) == 0 ? below(3) + 1 : 1;
    for (std::size_t i = 0; i < count; ++i) {
      if (i == at && nullable) type.parts.push_back({R"("null")", Type::null});
      if (count > 1) type.parts.push_back(record(depth));
      else while (type.parts.empty() || type.parts.back().kind == Type::null) {
        type.parts.push_back(any(depth, false));
        if (type.parts.back().kind == Type::null) type.parts.pop_back();
        else break;
      }
    }
    for (const auto& part : type.parts) type.json += (&part == &type.parts.front() ? "" : ",") + part.json;
    type.json += "]";
    return type;
  }

  std::mt19937_64 random_;
  int names_ = 0;
};

void round_trip(std::uint64_t seed) {
  RandomRows random(seed);
  const auto type = random.record(6);
  SCOPED_TRACE("SEED=" + std::to_string(seed) + " " + type.json);
  // Not smaller: Arrow takes a page of no values for one of some bytes, and writes it, which its own reader takes for the end.
  constexpr std::uint64_t kSmallestPage = 64;
  const auto format = create_format({.codec = "none", .row_group_bytes = random.below(2) == 0 ? 2'000U : 1U << 30, .page_bytes = kSmallestPage + random.below(1000)}).value();
  pipeline::MemoryStore store;
  auto writer = format->create(store.create("f", "f").value(), type.json);
  ASSERT_TRUE(writer.ok()) << writer.error();
  Bytes all;
  const auto count = random.below(200);
  for (std::size_t i = 0; i < count; ++i) {
    Bytes row;
    ByteWriter out(row);
    random.value(type, out);
    const auto appended = (*writer)->append(row);
    ASSERT_TRUE(appended.ok()) << appended.error();
    all += row;
  }
  ASSERT_TRUE((*writer)->finish().ok());
  const auto reader = format->open(store, "f", {});
  ASSERT_TRUE(reader.ok()) << reader.error();
  Bytes back;
  while (true) {
    const auto rows = (*reader)->next();
    ASSERT_TRUE(rows.ok()) << rows.error();
    if (rows->count == 0) break;
    back += rows->bytes;
  }
  ASSERT_EQ(back, all);
}

TEST(ParquetRandom, RowsComeOutAsTheyWentIn) {
  if (const char* seed = std::getenv("SEED")) return round_trip(std::strtoull(seed, nullptr, 10));
  const auto first = std::random_device()();
  for (std::uint64_t seed = first; seed < first + 500ULL && !testing::Test::HasFailure(); ++seed) round_trip(seed);
}

}  // namespace
}  // namespace sluice::deliver::parquet
