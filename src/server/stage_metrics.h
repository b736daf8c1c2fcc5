#pragma once
// What stages tell about themselves, as metrics: position, lag and counts, so that two stages can be compared.

#include <string>
#include <vector>

#include "base/metrics.h"
#include "pipeline/stage.h"

namespace sluice::server {

// Sets the gauges of all stages to what `stages` says. Thread-safe.
void write_stage_metrics(const std::vector<pipeline::StageStatus>& stages, Metrics& metrics);

// A page of Markdown (docs/metrics.md) out of an exposition text: every metric with its kind and meaning.
[[nodiscard]] std::string metrics_reference(const std::string& exposition);

}  // namespace sluice::server
