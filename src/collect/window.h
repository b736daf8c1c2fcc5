#pragma once
// Which events were written lately, by what names them, so that one that is sent again is answered as before.
//
// An event is claimed before it is written and settled, or released, after. Who claims what another has in hand waits for it.
// Claims of one request are taken in one order (sorted), so that two requests never wait for each other. The memory is
// bounded: beyond `max_events` the oldest are forgotten, however young. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/hash.h"
#include "base/ids.h"

namespace sluice::collect {

struct Place {
  std::int32_t partition = 0;
  Offset offset;
};

class Window {
 public:
  Window(std::int64_t within_ms, std::size_t max_events) : within_ms_(within_ms), max_events_(max_events) {}

  // Of 128 bits, with a seed of this window's own: no two events are taken for one, by chance or on purpose.
  [[nodiscard]] Hash128 name_of(const std::string& topic, const std::string& id) const;

  // Where the event was written within the window; none: it is the caller's now, until settle() or release().
  [[nodiscard]] std::optional<Place> claim(Hash128 event, std::int64_t now_ms);
  void settle(Hash128 event, Place place, std::int64_t now_ms);
  void release(Hash128 event);
  // What was written before the start, oldest first.
  void remember(Hash128 event, Place place, std::int64_t written_ms);

  [[nodiscard]] std::size_t size() const;
  // How many were forgotten before their time.
  [[nodiscard]] std::uint64_t forgotten() const;

 private:
  struct Entry {
    std::optional<Place> place;  // none: in somebody's hand
    std::int64_t written_ms = 0;
  };
  void forget_old(std::int64_t now_ms);
  void put(Hash128 event, Place place, std::int64_t written_ms);

  const std::int64_t within_ms_;
  const std::size_t max_events_;
  const std::uint64_t seed_ = random_seed();
  [[nodiscard]] static std::uint64_t random_seed();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Hash128, Entry> events_;
  std::deque<std::pair<std::int64_t, Hash128>> by_time_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace sluice::collect
