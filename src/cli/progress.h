#pragma once
// What a person sees while the server runs: a bar per table during the snapshot, then one line that lives. Off a
// terminal, plain lines now and then.

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/admin.h"
#include "server/config/scalars.h"

namespace sluice::cli {

class Progress {
 public:
  // `out` must outlive it. `terminal`: lines may be written again.
  // Lines of trace are written above what is shown.
  Progress(std::ostream& out, bool terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows the state of things; call it some times a second. `now_ms` is a steady clock's.
  void show(const server::ServerStatus& status, std::int64_t now_ms);
  // Leaves what is shown; the next line goes below it. Call before writing anything else to `out`.
  void leave();
  // Off a terminal: how often lines are written; every two seconds at first.
  void plain_every(std::chrono::milliseconds every) { plain_every_ms_ = every.count(); }

 private:
  struct Rate {
    std::int64_t at_ms = 0;
    std::uint64_t rows = 0;
    double per_second = 0;
  };

  void erase();
  [[nodiscard]] std::vector<std::string> bars(const pipeline::StageStatus& source, std::int64_t now_ms);
  // Of snapshots that have ended since the last look: their bars stay.
  [[nodiscard]] std::vector<std::string> finished_bars(const server::ServerStatus& status, std::int64_t now_ms);
  [[nodiscard]] std::vector<std::string> lines(const server::ServerStatus& status, std::int64_t now_ms);
  [[nodiscard]] std::string snapshot_line(const pipeline::StageItem& item, std::size_t width, std::int64_t now_ms);
  [[nodiscard]] std::string view_line(const pipeline::StageStatus& view, std::int64_t now_ms);
  [[nodiscard]] std::string live_line(const pipeline::StageStatus& source, const server::ServerStatus& status,
                                      std::int64_t now_ms);
  [[nodiscard]] double rate(const std::string& of, std::uint64_t rows, std::int64_t now_ms);

  std::ostream& out_;
  const bool terminal_;
  std::mutex mutex_;  // what is on the terminal: its lines and their number
  std::size_t shown_lines_ = 0;
  std::int64_t plain_every_ms_ = 2'000;
  std::int64_t last_plain_ms_ = -1'000'000;
  std::map<std::string, Rate> rates_;
  std::set<std::string> in_snapshot_;  // sources
};

using server::with_commas;
// "12.3 MB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
// "0.8 s", "2 min".
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace sluice::cli
