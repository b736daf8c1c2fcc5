#pragma once
// A small blocking client of a Kafka cluster, ours or anybody's: what the command line and the tests need. One thread.
//
// It finds each partition's leader, follows it when it moves, and keeps one connection a broker. Not a member of groups:
// it commits and reads the offsets of a group as a simple consumer (docs/decisions/0701-simple-groups.md). Plain
// listeners only in this version.
//
// Errors of all calls: back_off (not reachable; a code that passes), not_found (topic, group's coordinator), rejected
// (what the broker refuses, with its words), corrupt, unsupported.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "client/connection.h"
#include "kafka/api.h"

namespace sluice::client {

struct Broker {
  std::int32_t id = -1;
  io::Address address;
};

struct Topic {
  std::string name;
  bool internal = false;
  std::vector<std::int32_t> leaders;  // by partition; -1: none now
};

struct Cluster {
  std::string id;
  std::int32_t controller = -1;
  std::vector<Broker> brokers;
  std::vector<Topic> topics;  // by name
};

struct ConfigEntry {
  std::string name;
  std::string value;
  bool is_default = true;
};

// ListOffsets' special times; any other is milliseconds since 1970.
inline constexpr std::int64_t kLatest = -1;
inline constexpr std::int64_t kEarliest = -2;

using Offsets = std::map<std::int32_t, Offset>;  // by partition

struct AbortedTransaction {
  ProducerId producer_id;
  Offset first_offset;
};

struct Fetched {
  std::int32_t partition = 0;
  kafka::Code code = kafka::Code::none;  // offset_out_of_range is the caller's to handle; others are errors of fetch()
  Offset high_watermark, last_stable, log_start;
  std::vector<AbortedTransaction> aborted;
  ByteView records;                      // whole batches, the last one perhaps cut off; into FetchedAll::buffers
};

struct FetchedAll {
  std::vector<Fetched> partitions;
  std::vector<std::unique_ptr<Bytes>> buffers;
};

struct FetchOptions {
  std::int32_t wait_ms = 500;
  std::int32_t max_bytes = 16 << 20;
  std::int32_t partition_max_bytes = 4 << 20;
  bool committed = true;  // read_committed
};

class Client {
 public:
  // `bootstrap`: "host:port,host:port"; the first that answers is used.
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(const std::string& bootstrap, ConnectionOptions options = {});

  // All topics, or (with names) those; a topic that is not there is an error.
  [[nodiscard]] Result<Cluster> cluster();
  [[nodiscard]] Result<Topic> topic(const std::string& name);

  [[nodiscard]] Result<void> create_topic(const std::string& name, std::int32_t partitions,
                                          const std::map<std::string, std::string>& config);
  [[nodiscard]] Result<void> delete_topic(const std::string& name);
  [[nodiscard]] Result<std::vector<ConfigEntry>> topic_config(const std::string& name);

  // The first offset whose record is at or after `timestamp_ms` (or kEarliest, kLatest), for every partition; that is the
  // end, where there is none. With `committed`, kLatest is the last stable offset.
  [[nodiscard]] Result<Offsets> offsets_at(const std::string& topic, std::int64_t timestamp_ms, bool committed);

  // One batch (record::BatchBuilder), acks=all. Gives its first offset.
  [[nodiscard]] Result<Offset> produce(const std::string& topic, std::int32_t partition, ByteView batch);
  // What is there from these offsets on; waits at most options.wait_ms for the first.
  [[nodiscard]] Result<FetchedAll> fetch(const std::string& topic, const Offsets& from, const FetchOptions& options);

  // Offsets that a group has committed; partitions without one are absent.
  [[nodiscard]] Result<Offsets> committed(const std::string& group, const std::string& topic);
  // Errors: rejected, while the group has members.
  [[nodiscard]] Result<void> commit(const std::string& group, const std::string& topic, const Offsets& offsets);

 private:
  explicit Client(ConnectionOptions options) : options_(std::move(options)) {}

  // Calls `make(request, partitions)`… per leader; see client.cc.
  [[nodiscard]] Result<Connection*> broker(std::int32_t id);
  [[nodiscard]] Result<Connection*> any_broker();
  [[nodiscard]] Result<Connection*> coordinator(const std::string& group);
  [[nodiscard]] Result<const Topic*> known(const std::string& name);
  // The partitions of a topic by the broker that leads them.
  [[nodiscard]] Result<std::map<std::int32_t, std::vector<std::int32_t>>> by_leader(const std::string& topic);
  template <typename F>
  [[nodiscard]] auto following_leaders(const std::string& topic, F&& attempt) -> decltype(attempt());
  [[nodiscard]] Result<Offsets> offsets_once(const std::string& topic, std::int64_t timestamp_ms, bool committed);
  [[nodiscard]] Result<Offset> produce_once(const std::string& topic, std::int32_t partition, ByteView batch);
  [[nodiscard]] Result<FetchedAll> fetch_once(const std::string& topic, const Offsets& from, const FetchOptions& options);
  void forget(const std::string& topic);

  ConnectionOptions options_;
  std::vector<io::Address> bootstrap_;
  std::unique_ptr<Connection> first_;
  std::map<std::int32_t, io::Address> brokers_;
  std::map<std::int32_t, std::unique_ptr<Connection>> connections_;
  std::map<std::string, Topic> topics_;
};

// A code of an answer as an Error, with the broker's words if it had any. Precondition: not none.
[[nodiscard]] Error error_of(kafka::Code code, const std::string& what, const std::optional<std::string>& words = {});

}  // namespace sluice::client
