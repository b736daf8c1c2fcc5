#pragma once
// The whole product in one object: opens the log, binds the listeners, runs sources and sinks.
//
// This is the only place that knows concrete things of every layer; it gives them their threads. start() returns when
// clients are served; sources and sinks begin then, each under the supervisor. What it was built from it tears down in
// the opposite order.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/admin.h"
#include "server/config/config.h"
#include "server/verify.h"

namespace sluice::server {

// A replication slot that stays in a database after we are gone, and keeps WAL there.
struct KeptSlot {
  std::string source;
  std::string slot;
  std::string position;
};

struct Farewell {
  std::vector<std::string> unfinished;  // "source shop": did not drain in time
  std::vector<KeptSlot> slots;
};

// What a new configuration made of the sinks, by name.
struct Reloaded {
  std::vector<std::string> started;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  std::vector<std::string> unfinished;  // did not drain in time; the next reload goes on with them
};

class Server {
 public:
  // Errors: rejected (a port or the data directory is taken, a source lacks something: the message or the detail says
  // what), unsupported (data of a newer version), corrupt, back_off (a database is not reachable), not_found (a secret).
  // Nothing is left behind in a database after an error.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(Config config, Environment environment);
  // Without stop(): stops at once, as after a kill.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // From any thread.
  [[nodiscard]] ServerStatus status() const;
  // Counts source = topic = archive for every source; takes seconds, and the stream must pass on meanwhile. From any
  // thread; one runs at a time.
  // With a name: of that source, or against that sink, alone. Errors: not_found, when it is neither.
  [[nodiscard]] Result<VerifyReport> verify(const std::string& name = {});
  // Takes users, rights and sinks of another configuration, and reads the files of certificates again. New sinks start,
  // changed ones are drained and started anew, others are drained and their holds dropped; what is the same goes on
  // untouched. Takes up to 10 s for a sink that drains. Errors: rejected (something else differs; a sink, a certificate or a
  // secret that cannot be): no sink was changed.
  [[nodiscard]] Result<Reloaded> reload(Config config);
  // Drains: sources and sinks end what they have begun, clients get their answers, files are marked clean. Waits for
  // stages at most `deadline`.
  [[nodiscard]] Farewell stop(std::chrono::milliseconds deadline);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// "0.1.0 (abc1234)": the commit has a + when it was built with changes, and is left out when it is not known.
[[nodiscard]] std::string version_text();
[[nodiscard]] std::string version_number();
[[nodiscard]] std::string version_commit();

}  // namespace sluice::server
