#pragma once
// Numbers that must not be mistaken for each other. A wrong argument does not compile.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice {

template <typename Tag, typename Rep>
struct StrongId {
  using rep = Rep;
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  auto operator<=>(const StrongId&) const = default;
};

template <typename Tag, typename Rep>
std::string to_string(StrongId<Tag, Rep> id) {
  return std::to_string(id.value);
}

struct OffsetTag;
struct LeaderEpochTag;
struct ProducerIdTag;
struct ProducerEpochTag;
struct SchemaIdTag;
struct LsnTag;

// Position of a record in a partition. Offsets subtract to a count and advance by one.
using Offset = StrongId<OffsetTag, std::int64_t>;
using LeaderEpoch = StrongId<LeaderEpochTag, std::int32_t>;
using ProducerId = StrongId<ProducerIdTag, std::int64_t>;
using ProducerEpoch = StrongId<ProducerEpochTag, std::int16_t>;
using SchemaId = StrongId<SchemaIdTag, std::int32_t>;
using Lsn = StrongId<LsnTag, std::uint64_t>;

inline constexpr Offset kNoOffset{-1};
inline constexpr ProducerId kNoProducerId{-1};
inline constexpr ProducerEpoch kNoProducerEpoch{-1};

constexpr Offset operator+(Offset offset, std::int64_t count) { return Offset{offset.value + count}; }
constexpr Offset operator-(Offset offset, std::int64_t count) { return Offset{offset.value - count}; }
constexpr std::int64_t operator-(Offset a, Offset b) { return a.value - b.value; }

// PostgreSQL's way to print an LSN: "0/16B3748".
[[nodiscard]] std::string lsn_text(Lsn lsn);

}  // namespace sluice

template <typename Tag, typename Rep>
struct std::hash<sluice::StrongId<Tag, Rep>> {
  std::size_t operator()(sluice::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
