#pragma once
// Nexmark's events, by number: the model of Apache Beam's generator (1 person, 3 auctions, 46 bids of every 50; hot sellers,
// bidders and auctions; prices from 100 to 100,000,000, evenly in their logarithm), in the fields of the Nexmark queries. The
// same seed gives the same events. A row is appended as Avro's binary form of schemas.json; nothing is kept but the random state.

#include <cstdint>

#include "base/bytes.h"

namespace sluice::nexmark {

inline constexpr std::int64_t kSideRows = 10'000;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();  // splitmix64
  std::int64_t below(std::int64_t bound) { return static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(bound)); }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

enum class Kind : std::uint8_t { person, auction, bid };

struct Event {
  Kind kind;
  std::int64_t id;  // of the person or auction; a bid has none
  std::int64_t date_time_ms;
};

class Generator {
 public:
  // Event n happens n / 10 ms after `base_ms`.
  Generator(std::uint64_t seed, std::int64_t base_ms) : random_(seed), base_ms_(base_ms) {}

  // The next event; its row is appended to `row`.
  Event next(Bytes& row);
  // What next() will give.
  [[nodiscard]] Kind kind() const;

 private:
  [[nodiscard]] std::int64_t time_ms(std::int64_t number) const { return base_ms_ + number / 10; }
  [[nodiscard]] std::int64_t last_person() const;
  [[nodiscard]] std::int64_t last_auction() const;
  std::int64_t some_person();
  std::int64_t some_auction();
  std::int64_t price();
  void person(ByteWriter& out, std::int64_t id);
  void auction(ByteWriter& out, std::int64_t id);
  void bid(ByteWriter& out);
  void text(ByteWriter& out, ByteView value);
  void letters(ByteWriter& out, std::int64_t count);
  // What fills a row of `size` bytes up to about `wanted`.
  void extra(ByteWriter& out, std::int64_t size, std::int64_t wanted);

  Random random_;
  std::int64_t base_ms_;
  std::int64_t number_ = 0;
};

}  // namespace sluice::nexmark
