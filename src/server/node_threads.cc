#include "server/node_threads.h"

#include <pthread.h>

#include <chrono>

namespace sluice::server {
namespace {
constexpr std::int64_t kIdleWaitMs = 100;
constexpr auto kHousekeepingEvery = std::chrono::seconds(1);
}  // namespace

NodeThreads::NodeThreads(node::Node& node) : node_(node), rounds_([this] { run_rounds(); }) {
  pthread_setname_np(rounds_.native_handle(), "sync-round");
}

NodeThreads::~NodeThreads() { stop(); }

void NodeThreads::run_rounds() {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (!node_.run_sync_round()) node_.wait_for_appends(kIdleWaitMs);
  }
  static_cast<void>(node_.run_sync_round());
}

void NodeThreads::start_housekeeping() {
  housekeeping_ = std::jthread([this](const std::stop_token& stop) { run_housekeeping(stop); });
  pthread_setname_np(housekeeping_.native_handle(), "housekeeping");
}

void NodeThreads::run_housekeeping(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    node_.run_housekeeping(node_.clock().wall_ms());
    lock.lock();
    changed_.wait_for(lock, stop, kHousekeepingEvery, [] { return false; });
  }
}

void NodeThreads::stop() {
  if (housekeeping_.joinable()) {
    housekeeping_.request_stop();
    housekeeping_.join();
  }
  stopping_.store(true, std::memory_order_release);
  if (rounds_.joinable()) rounds_.join();
}

}  // namespace sluice::server
