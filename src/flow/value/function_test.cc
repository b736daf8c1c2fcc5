#include "flow/value/function.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Casts, NumericOfAPrecisionRoundsAndRefusesMore) {
  Arena arena;
  const Type money{TypeKind::numeric, 4, 1};
  const auto cast = find_cast({TypeKind::int4}, money, CastContext::implicit);
  ASSERT_TRUE(cast.ok());
  const auto fits = cast->call(std::vector{Value::of_integer(999)}, arena);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(value_text(money, *fits), "999.0");
  EXPECT_FALSE(cast->call(std::vector{Value::of_integer(1000)}, arena).ok());
}

TEST(Functions, WhatDependsOnTheWallClockIsRefused) {
  EXPECT_FALSE(find_function("now", {}).ok());
  Arena arena;
  EXPECT_FALSE(parse_value({TypeKind::timestamptz}, "now", arena).ok());
}

TEST(Functions, EachIsKnownByItsName) {
  for (const auto& name : function_names()) EXPECT_TRUE(is_function(name)) << name;
  EXPECT_FALSE(is_function("no_such_function"));
}

}  // namespace
}  // namespace sluice::flow
