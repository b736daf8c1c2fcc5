#pragma once
// Events by HTTP: POST /topics/{topic}.
//
// Each event is checked against the newest schema of the topic's value subject and written as Avro with its registry id. One
// that does not fit goes whole to the dead letters, with the reason and the path; the others are written. The answer comes
// when all are durable, in the form of Kafka's REST proxy: an entry an event, with its partition and offset or why it has none.
//
//   200 all were written · 207 some were · 400 none fits · 401, 403 write keys · 404 no such topic · 405 · 413 · 415 media type ·
//   422 no schema · 429 too many events (Retry-After) · 503 the log takes nothing now (Retry-After)
//
// Kafka's own bodies are answered with 200 whatever became of the single events, as the proxy does. An event that is named
// (Rule::dedupe_by) is written once within its window, also across restarts: the names are in the records (header `__id`),
// and are read back at the start.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "collect/rule.h"
#include "io/clock.h"
#include "io/http.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::collect {

struct CollectorOptions {
  std::vector<Rule> rules = {};
  std::size_t max_inflated_bytes = std::size_t{64} << 20;  // of a compressed body
  std::size_t max_window_events = 10'000'000;              // a rule; about 100 bytes each
};

// Thread-safe.
class Collector {
 public:
  // Reads back the windows. All of them outlive the collector. Errors: those of the log.
  [[nodiscard]] static Result<std::unique_ptr<Collector>> open(CollectorOptions options, pipeline::Log& log,
                                                               pipeline::SchemaCatalog& catalog, io::Clock& clock);
  virtual ~Collector() = default;

  // Blocks until the events are durable.
  [[nodiscard]] virtual io::HttpResponse handle(const io::HttpRequest& request) = 0;
  // Events since the start, by what became of them: written, repeated, dead_letter, refused.
  [[nodiscard]] virtual std::map<std::string, std::uint64_t> counts() const = 0;
};

}  // namespace sluice::collect
