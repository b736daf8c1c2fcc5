#include "generator.h"

#include <array>
#include <cmath>

namespace sluice::nexmark {
namespace {
constexpr std::int64_t kPersons = 1, kAuctions = 3, kAll = 50;         // of every 50 events
constexpr std::int64_t kFirstId = 1000, kFirstCategory = 10, kCategories = 5;
constexpr std::int64_t kAuctionsInFlight = 100, kActivePeople = 1000, kLead = 10;  // ids may be ahead of their events by the lead
constexpr std::int64_t kHotEvery = 100;                                // one person, one auction of a hundred is hot
constexpr std::int64_t kHotAuction = 2, kHotSeller = 4, kHotBidder = 4;  // all but one of so many choose the hot one
constexpr std::int64_t kColdChannels = 10'000;

constexpr std::array<ByteView, 6> kStates{"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<ByteView, 10> kCities{"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
                                           "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"};
constexpr std::array<ByteView, 11> kFirstNames{"Peter", "Paul", "Luke", "John", "Saul", "Vicky",
                                               "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<ByteView, 9> kLastNames{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<ByteView, 4> kHotChannels{"Google", "Facebook", "Baidu", "Apple"};

template <std::size_t N>
ByteView one_of(const std::array<ByteView, N>& all, Random& random) {
  return all[static_cast<std::size_t>(random.below(N))];
}

// 5 bits a letter.
void some_letters(Bytes& out, std::int64_t count, Random& random) {
  for (std::uint64_t bits = 0; count > 0; --count, bits >>= 5) {
    if (bits < 32) bits = random.bits() | 1ULL << 63;
    out.push_back("abcdefghijklmnopqrstuvwxyz      "[bits & 31]);
  }
}
}  // namespace

std::uint64_t Random::bits() {
  auto z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Kind Generator::kind() const {
  const auto rest = number_ % kAll;
  if (rest < kPersons) return Kind::person;
  return rest < kPersons + kAuctions ? Kind::auction : Kind::bid;
}

Event Generator::next(Bytes& row) {
  ByteWriter out(row);
  Event event{kind(), 0, time_ms(number_)};
  switch (event.kind) {
    case Kind::person: person(out, event.id = kFirstId + last_person()); break;
    case Kind::auction: auction(out, event.id = kFirstId + last_auction()); break;
    case Kind::bid: bid(out); break;
  }
  ++number_;
  return event;
}

// Counted from 0.
std::int64_t Generator::last_person() const { return number_ / kAll * kPersons + std::min(number_ % kAll, kPersons - 1); }

std::int64_t Generator::last_auction() const {
  const auto rest = number_ % kAll;
  const auto whole = number_ / kAll * kAuctions;
  if (rest < kPersons) return whole - 1;  // none of this round yet
  return whole + std::min(rest - kPersons, kAuctions - 1);
}

std::int64_t Generator::some_person() {
  const auto people = last_person() + 1;
  const auto active = std::min(people, kActivePeople);
  return people - active + random_.below(active + kLead);
}

std::int64_t Generator::some_auction() {
  const auto oldest = std::max<std::int64_t>(last_auction() - kAuctionsInFlight, 0);
  return oldest + random_.below(last_auction() - oldest + 1 + kLead);
}

std::int64_t Generator::price() { return std::llround(std::pow(10.0, random_.unit() * 6) * 100); }

void Generator::text(ByteWriter& out, ByteView value) {
  out.zigzag(static_cast<std::int64_t>(value.size()));
  out.raw(value);
}

void Generator::letters(ByteWriter& out, std::int64_t count) {
  out.zigzag(count);
  some_letters(out.bytes(), count, random_);
}

void Generator::extra(ByteWriter& out, std::int64_t size, std::int64_t wanted) {
  if (size > wanted) return letters(out, 0);
  const auto rest = wanted - size, delta = (rest + 2) / 5;
  letters(out, rest - delta + (delta == 0 ? 0 : random_.below(2 * delta)));
}

void Generator::person(ByteWriter& out, std::int64_t id) {
  const auto begin = out.size();
  out.zigzag(id);
  text(out, Bytes(one_of(kFirstNames, random_)) + " " + Bytes(one_of(kLastNames, random_)));
  Bytes mail, card;
  some_letters(mail, 7, random_);
  some_letters(mail += '@', 5, random_);
  text(out, mail + ".com");
  for (int i = 0; i < 4; ++i) card += (i == 0 ? "" : " ") + std::to_string(10'000 + random_.below(10'000)).substr(1);
  text(out, card);
  text(out, one_of(kCities, random_));
  text(out, one_of(kStates, random_));
  out.zigzag(time_ms(number_));
  extra(out, static_cast<std::int64_t>(out.size() - begin), 200);
}

void Generator::auction(ByteWriter& out, std::int64_t id) {
  const auto begin = out.size();
  const auto initial = price();
  out.zigzag(id);
  letters(out, 3 + random_.below(18));
  letters(out, 3 + random_.below(98));
  out.zigzag(initial);
  out.zigzag(initial + price());
  out.zigzag(time_ms(number_));
  // About as long as it takes until so many auctions are in flight.
  const auto horizon_ms = time_ms(number_ + kAuctionsInFlight * kAll / kAuctions) - time_ms(number_);
  out.zigzag(time_ms(number_) + 1 + random_.below(std::max<std::int64_t>(horizon_ms * 2, 1)));
  const auto hot = random_.below(kHotSeller) > 0;
  out.zigzag(kFirstId + (hot ? last_person() / kHotEvery * kHotEvery : some_person()));
  out.zigzag(kFirstCategory + random_.below(kCategories));
  extra(out, static_cast<std::int64_t>(out.size() - begin), 500);
}

void Generator::bid(ByteWriter& out) {
  const auto hot_auction = random_.below(kHotAuction) > 0, hot_bidder = random_.below(kHotBidder) > 0;
  out.zigzag(kFirstId + (hot_auction ? last_auction() / kHotEvery * kHotEvery : some_auction()));
  out.zigzag(kFirstId + (hot_bidder ? last_person() / kHotEvery * kHotEvery + 1 : some_person()));
  out.zigzag(price());
  Bytes url = "https://www.nexmark.com/";
  if (random_.below(2) > 0) {
    const auto channel = one_of(kHotChannels, random_);
    text(out, channel);
    url.append(channel).append("/item.htm?query=1");
  } else {
    const auto channel = std::to_string(random_.below(kColdChannels));
    text(out, "channel-" + channel);
    for (int i = 0; i < 3; ++i) some_letters(url, 5, random_), url += '/';
    url.append("item.htm?query=1&channel_id=").append(channel);
  }
  text(out, url);
  out.zigzag(time_ms(number_));
  extra(out, 32, 100);
}

}  // namespace sluice::nexmark
