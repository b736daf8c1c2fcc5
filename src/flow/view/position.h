#pragma once
// How far a view is: the record of __sluice_positions, and what the state on disk has applied. docs/formats/state_topics.md.

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace sluice::flow {

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

struct InputPosition {
  std::string relation;
  std::int32_t partition = 0;
  Offset next;                         // all before it is taken
  std::int64_t watermark_us = kNoTime;  // the greatest that its records gave
};

struct Position {
  bool published = true;
  std::vector<InputPosition> inputs;
  std::int64_t watermark_us = kNoTime;
  std::uint64_t rows = 0;  // ViewCounts::rows
  std::map<std::string, std::string> topics = {};  // TopicDescription::id of the inputs' and the view's own: offsets are of these

  [[nodiscard]] std::string json() const;
  // Errors: corrupt; unsupported: of a newer version.
  [[nodiscard]] static Result<Position> parse(std::string_view text);
};

// Its key in __sluice_positions; the owner of its producer.
[[nodiscard]] std::string position_key(const std::string& view, std::uint32_t generation);
[[nodiscard]] std::string owner_name(const std::string& view, std::uint32_t generation);
[[nodiscard]] std::string state_topic(const std::string& view, std::uint32_t generation);
// What the names of all generations' state topics begin with.
[[nodiscard]] std::string state_topic_prefix(const std::string& view);

// In place of Applied's text: the state has changes of a batch that the log may never have.
inline constexpr std::string_view kInDoubt = "in doubt";

// The ends of what a DiskState has of the state's topic and of the view's own.
struct Applied {
  Offset state{0};
  Offset rows{0};
  std::int64_t at_ms = 0;  // wall time: tombstones do not live for ever

  [[nodiscard]] std::string text() const;
  // Nothing, of a text that is empty or of another form.
  [[nodiscard]] static Applied parse(const std::string& text);
};

}  // namespace sluice::flow
