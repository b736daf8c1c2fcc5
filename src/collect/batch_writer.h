#pragma once
// Writes the events of one request: by their schemas into their topic, or into the dead letters.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collect/encoder.h"
#include "collect/event.h"
#include "collect/rule.h"
#include "collect/window.h"
#include "io/clock.h"
#include "pipeline/log.h"

namespace sluice::collect {

// What became of one event.
struct Outcome {
  std::optional<Place> place = {};  // it is written, by this request or by an earlier one
  std::string error = {};           // why it is not
  bool retriable = false;           // the same event may be taken later
  bool repeated = false;            // written by an earlier request
  bool dead_letter = false;         // it does not fit, and is kept among the dead letters
};

struct Written {
  std::vector<Outcome> outcomes = {};  // an event each
  std::optional<std::int32_t> key_schema_id = {};
  std::optional<std::int32_t> value_schema_id = {};
};

struct Counts {
  std::atomic<std::uint64_t> written{0}, repeated{0}, dead_letters{0}, refused{0};
};

// Thread-safe.
class BatchWriter {
 public:
  // All outlive it.
  BatchWriter(pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::Clock& clock) : log_(log), clock_(clock), encoder_(catalog, clock) {}

  // `window` may be null: events are not told apart. Errors, of the whole request: as parse_batch()'s; 40401 no such topic,
  // 42206 a topic without a schema, 503xx.
  [[nodiscard]] Result<Written> write(const std::string& topic, Batch batch, const Rule& rule, Window* window, const io::HttpRequest& request);
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Job;
  [[nodiscard]] Result<std::int32_t> partitions_of(const std::string& topic, const Rule& rule);
  [[nodiscard]] Result<void> find_schemas(Job& job);
  [[nodiscard]] Result<SchemaPtr> infer(const Job& job);
  void encode_all(Job& job);
  void encode_one(Job& job, std::size_t index, bool fresh);
  void claim(Job& job);
  void append(Job& job);
  [[nodiscard]] Result<void> bury(Job& job);
  [[nodiscard]] Result<void> put_dead_letters(const Job& job);

  pipeline::Log& log_;
  io::Clock& clock_;
  Encoder encoder_;
  Counts counts_;
  std::atomic<std::uint32_t> turn_{0};  // of events without a key
  std::mutex dead_letters_mutex_;
  std::unique_ptr<pipeline::Producer> dead_letters_;  // opened when the first is written
};

}  // namespace sluice::collect
