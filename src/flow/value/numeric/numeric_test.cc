#include "flow/value/numeric/numeric.h"

#include <gtest/gtest.h>

#include <random>

#include "flow/value/numeric/big.h"

namespace sluice::flow::decimal {
namespace {

// The short ways of 64 and 128 bits beside the long one, around the places where one ends.
Big around_a_limit(std::mt19937_64& random) {
  const Big power = Big(1) << static_cast<unsigned>(std::array{0, 31, 62, 63, 64, 71, 72, 126, 127, 128, 200}[random() % 11]);
  const Big v = power + static_cast<std::int64_t>(random() % 5) - 2;
  return random() % 2 == 0 ? v : Big(-v);
}

TEST(Numerics, ShortWaysGiveWhatTheLongOneGives) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    Arena arena(4096);
    const Big x = around_a_limit(random), y = around_a_limit(random);
    const int scale_x = static_cast<int>(random() % 20), scale_y = static_cast<int>(random() % 20), scale = std::max(scale_x, scale_y);
    const Value a = value_of(x, scale_x, arena), b = value_of(y, scale_y, arena);
    ASSERT_EQ(big_of(a), x);
    const Big at_x = rescaled(x, scale_x, scale, Rounding::truncate), at_y = rescaled(y, scale_y, scale, Rounding::truncate);
    const Value sum = *add(a, b, arena), product = *multiply(a, b, arena), difference = *subtract(a, b, arena);
    ASSERT_EQ(big_of(sum), at_x + at_y) << x << " " << y;
    ASSERT_EQ(big_of(difference), at_x - at_y) << x << " " << y;
    ASSERT_EQ(big_of(product), x * y) << x << " " << y;
    if (y != 0) {
      ASSERT_EQ(big_of(*modulo(a, b, arena)), at_x % at_y) << x << " " << y;
    }
    ASSERT_EQ(compare(a, b), at_x < at_y ? -1 : at_x > at_y ? 1 : 0) << x << " " << y;
    // One form each: what is equal has equal bytes.
    ASSERT_EQ(sum.text, value_of(at_x + at_y, scale, arena).text);
    ASSERT_EQ(product.text, value_of(x * y, scale_x + scale_y, arena).text);
  }
}

TEST(Numerics, DigitsBeyondTheLimitAreRefused) {
  Arena arena;
  EXPECT_FALSE(parse("1e131072", arena).ok());
  const auto huge = parse("1e131071", arena);
  ASSERT_TRUE(huge.ok());
  EXPECT_FALSE(multiply(*huge, *huge, arena).ok());
  EXPECT_FALSE(parse("1e-16384", arena).ok());
}

}  // namespace
}  // namespace sluice::flow::decimal
