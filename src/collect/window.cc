#include "collect/window.h"

#include <random>

namespace sluice::collect {

std::uint64_t Window::random_seed() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32) | random();
}

Hash128 Window::name_of(const std::string& topic, const std::string& id) const { return hash128(topic + '\0' + id, seed_); }

void Window::forget_old(std::int64_t now_ms) {
  while (!by_time_.empty()) {
    const auto& [written, event] = by_time_.front();
    const bool old = written < now_ms - within_ms_;
    if (!old && by_time_.size() <= max_events_) return;
    forgotten_ += old ? 0 : 1;
    // An event that came again after its time has a younger entry.
    if (const auto found = events_.find(event); found != events_.end() && found->second.place && found->second.written_ms == written) events_.erase(found);
    by_time_.pop_front();
  }
}

std::optional<Place> Window::claim(Hash128 event, std::int64_t now_ms) {
  std::unique_lock lock(mutex_);
  forget_old(now_ms);
  while (true) {
    const auto [found, is_new] = events_.try_emplace(event);
    if (is_new) return std::nullopt;
    if (found->second.place) return found->second.place;
    changed_.wait(lock);
  }
}

void Window::put(Hash128 event, Place place, std::int64_t written_ms) {
  events_[event] = {place, written_ms};
  by_time_.emplace_back(written_ms, event);
}

void Window::settle(Hash128 event, Place place, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  put(event, place, now_ms);
  changed_.notify_all();
}

void Window::release(Hash128 event) {
  const std::lock_guard lock(mutex_);
  events_.erase(event);
  changed_.notify_all();
}

void Window::remember(Hash128 event, Place place, std::int64_t written_ms) {
  const std::lock_guard lock(mutex_);
  put(event, place, written_ms);
  forget_old(written_ms);
}

std::size_t Window::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

std::uint64_t Window::forgotten() const {
  const std::lock_guard lock(mutex_);
  return forgotten_;
}

}  // namespace sluice::collect
