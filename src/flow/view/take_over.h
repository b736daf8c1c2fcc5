#pragma once
// A view that was built beside another generation takes its place.

#include <string>

#include "flow/state/state.h"
#include "flow/view/position.h"
#include "pipeline/log.h"

namespace sluice::flow {

struct TopicTakeOver {
  std::string view;
  std::string state_topic;
  std::string position_key;
  bool keyed = true;
};

// In one transaction: the topic's rows become those of the state, as far as they differ (without a key, what the topic lacks is added), the state's topic
// lets go of them, and `position` is written. `applied` and the state say so afterwards.
[[nodiscard]] Result<void> take_topic_over(const TopicTakeOver& how, const Position& position, Applied& applied, DiskState& state, pipeline::Log& log,
                                           pipeline::Producer& producer);

// What a take-over that did not end left in the state; and with `rows`, the rows that were kept only until then.
[[nodiscard]] Result<void> forget_image(DiskState& state, bool rows);

}  // namespace sluice::flow
