#pragma once
// A node, its disk, its clock, and clients, all driven by one seed on one thread. The node is passive: what threads would
// do is done in an order that is drawn. Clients outlive the node, as they do in life: after a crash they go on with the
// next one and repeat what was not answered.

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/simulated_disk.h"
#include "model.h"
#include "node/embedded_log.h"
#include "node/node.h"
#include "node/transactions.h"

namespace sluice::sim {

class Client;

struct Options {
  int steps = 220;
  bool sync_disabled = false;  // the canary
};

struct Tally {
  io::DiskCounts disk;
  std::uint64_t compared = 0;
  std::uint64_t appended = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t retried = 0;
  std::uint64_t committed = 0;
  std::uint64_t aborted = 0;
  std::uint64_t reopened = 0;
  std::uint64_t clean_stops = 0;
  std::uint64_t failed_opens = 0;
  void operator+=(const Tally& other);
};

class World {
 public:
  World(std::uint64_t seed, const Options& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lives through its steps, then settles and compares. What was wrong is in problems().
  void run();
  [[nodiscard]] const std::vector<std::string>& problems() const { return model.problems(); }
  [[nodiscard]] Tally tally() const;

  // --- for its clients
  [[nodiscard]] std::uint64_t below(std::uint64_t n) { return random_() % n; }
  [[nodiscard]] bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  // A partition of some topic that is there for sure; none when there is none.
  [[nodiscard]] std::optional<TopicPartition> any_partition();
  [[nodiscard]] int life_of(const TopicPartition& where) const;
  [[nodiscard]] Record new_record(const std::string& client, const TopicPartition& where, bool tombstones);
  [[nodiscard]] node::Node& node() { return *node_; }
  [[nodiscard]] io::ManualClock& clock() { return clock_; }
  // Which node this is: an answer of an earlier one is void.
  [[nodiscard]] int age() const { return age_; }

  void tell(const std::string& what) const;

  Model model;
  Tally counts;

 private:
  void step();
  void change_topics();
  void make_topic();
  void trim();
  void trouble();
  void restart(bool power_fails);
  void open();
  void stop_cleanly();
  void settle();
  void compare();

  std::mt19937_64 random_;
  Options options_;
  io::SimulatedDisk disk_;
  io::ManualClock clock_;
  io::DiskFaults faults_;
  std::unique_ptr<node::Node> node_;
  std::vector<std::unique_ptr<Client>> clients_;
  int age_ = 0;
  bool settling_ = false;
  std::int64_t next_value_ = 0;
};

// Somebody who uses the log. Its answers come by callbacks, at once or on a round.
class Client {
 public:
  Client(World& world, std::string name) : world_(world), name_(std::move(name)) {}
  virtual ~Client() = default;
  virtual void step() = 0;
  virtual void node_died() = 0;  // what was not answered never will be
  virtual void node_opened() {}

 protected:
  World& world_;
  std::string name_;
};

[[nodiscard]] std::unique_ptr<Client> plain_client(World& world, std::string name);
[[nodiscard]] std::unique_ptr<Client> idempotent_client(World& world, std::string name);
[[nodiscard]] std::unique_ptr<Client> transactional_client(World& world, std::string name);
[[nodiscard]] std::unique_ptr<Client> embedded_client(World& world, std::string name);
[[nodiscard]] std::unique_ptr<Client> group_client(World& world, std::string name);

}  // namespace sluice::sim
