#pragma once
// The topics of a LatestSink and what it does with them; private to latest_*.cc.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/latest/latest_topic.h"

namespace sluice::deliver::archive {

struct LatestSink::State {
  struct Entry {
    std::unique_ptr<LatestTopic> topic;  // none: it could not be opened
    std::vector<Offset> ends;
    std::int64_t seen_ms = 0;    // steady, as are the others
    std::int64_t moved_ms = 0;   // when `ends` moved last
    std::int64_t behind_ms = 0;  // since when the version is not the newest state; 0: it is
    std::int64_t due_ms = 0;     // no version before
    std::string note;
    std::string failure;
    std::string hint;
  };

  LatestOptions options;
  LatestContext context;
  std::map<std::string, Entry> entries = {};  // of run()'s thread
  std::uint64_t versions = 0;

  mutable std::mutex mutex = {};
  std::condition_variable_any changed = {};
  // Guarded by mutex.
  pipeline::StageStatus status = {};
  bool running = false;
  bool paused = false;
  std::uint64_t rolls_wanted = 0;
  std::uint64_t rolls_served = 0;
  std::map<TopicPartition, Offset> rolled = {};

  State(LatestOptions o, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Store& store, io::FileSystem& local,
        const io::Clock& clock)
      : options(std::move(o)), context{options, log, catalog, store, local, clock} {}

  [[nodiscard]] Result<void> check_format() const;
  [[nodiscard]] Result<void> loop(const std::stop_token& stop);
  [[nodiscard]] Result<void> discover();
  [[nodiscard]] Result<void> look_at(const std::string& name, Entry& entry);
  [[nodiscard]] Result<void> open(const std::string& name, Entry& entry);
  [[nodiscard]] Result<void> settle_error(Entry& entry, Result<void> outcome) const;
  [[nodiscard]] bool is_due(const Entry& entry) const;
  [[nodiscard]] Result<void> publish(Entry& entry, const std::stop_token& stop);
  [[nodiscard]] Result<void> serve_roll(const std::stop_token& stop);
  void tell(const std::string& state);
  void set_paused(bool to);
  [[nodiscard]] bool is_paused() const;
  void add_items(pipeline::StageStatus& told) const;
};

}  // namespace sluice::deliver::archive
