#pragma once
// What /metrics of the admin listener says, and its reference (docs/metrics.md).
//
// Every scrape makes its metrics anew out of the state of the moment: a topic that is deleted leaves no series behind.

#include <string>

#include "base/result.h"
#include "node/node.h"
#include "server/admin.h"

namespace sluice::server {

// The exposition text, format 0.0.4.
[[nodiscard]] std::string metrics_text(const node::Node& node, const ServerStatus& status);

// Every metric with its kind and meaning, as a page of Markdown: made from the text of a log with a topic, a source and
// a sink, so that a metric cannot be missing. Needs a temporary folder for that log. Errors: back_off.
[[nodiscard]] Result<std::string> metrics_reference();

}  // namespace sluice::server
