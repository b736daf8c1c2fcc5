#pragma once
// The threads of a passive node: one that runs sync rounds, one that runs housekeeping.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "node/node.h"

namespace sluice::server {

class NodeThreads {
 public:
  // Starts both; `node` must outlive this object.
  explicit NodeThreads(node::Node& node);
  ~NodeThreads();
  NodeThreads(const NodeThreads&) = delete;
  NodeThreads& operator=(const NodeThreads&) = delete;

  // Housekeeping begins only now: holds must be set before it may clean.
  void start_housekeeping();
  // Ends both, after a last round. No append may wait for durability any more.
  void stop();

 private:
  void run_rounds();
  void run_housekeeping(const std::stop_token& stop);

  node::Node& node_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::thread rounds_;
  std::jthread housekeeping_;
};

}  // namespace sluice::server
