#pragma once
// What a Sink is made of; private to sink*.cc.

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "deliver/archive/archive_ends.h"
#include "deliver/archive/archive_run.h"
#include "deliver/archive/chain/rewind.h"
#include "deliver/archive/sink.h"

namespace sluice::deliver::archive {

struct Sink::State {
  SinkOptions options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Store& store;
  io::FileSystem& local;
  const io::Clock& clock;
  ArchiveEnds ends{options, log, store};
  std::int64_t told_ms = 0;         // of run()'s thread, as are these
  std::uint64_t earlier_rows = 0;   // of runs that are over
  std::uint64_t earlier_dead_letters = 0;

  mutable std::mutex mutex = {};
  std::condition_variable_any changed = {};
  // Guarded by mutex.
  pipeline::StageStatus status = {};
  bool running = false;
  bool paused = false;
  bool archiving = false;  // there is an ArchiveRun
  bool rewinding = false;  // and there must be none
  std::int64_t paused_since_ms = 0;
  std::uint64_t rolls_wanted = 0;
  std::uint64_t rolls_served = 0;
  std::map<TopicPartition, Offset> rolled = {};  // what the last served one gave

  // Until neither a pause nor a rewind is in the way. False: stop was requested.
  [[nodiscard]] Result<bool> wait_for_work(const std::stop_token& stop);
  [[nodiscard]] Result<void> archive(const std::stop_token& stop);
  [[nodiscard]] Result<void> loop(ArchiveRun& run, const std::stop_token& stop);
  [[nodiscard]] Result<void> serve_roll(ArchiveRun& run, const std::stop_token& stop);
  // Makes the status anew, when the last one is old or was of another state.
  void tell(const ArchiveRun& run, const std::string& state);
  void tell_paused();
  void begin();
  void end(const Result<void>& ran);
  [[nodiscard]] bool is_paused_now() const;

  [[nodiscard]] Result<void> begin_rewind();
  void end_rewind();
  [[nodiscard]] Result<std::vector<Rewind>> plan(const RewindRequest& request);
  // Whether the log has what the archive gives up, which it holds on return.
  [[nodiscard]] Result<void> check(const Rewind& rewind, bool knowingly);
  [[nodiscard]] Result<std::vector<Rewound>> rewind(const RewindRequest& request);
};

}  // namespace sluice::deliver::archive
