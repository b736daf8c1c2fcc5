#pragma once
// The demo's database: a throw-away PostgreSQL with a small shop, and somebody who buys in it all the time.
//
// The server outlives a `kill -9` of this process, so that the demo can be killed and started again over the same
// folder; a guard process ends it when nobody came back for ten minutes. PostgreSQL refuses root: then it runs as the
// user `postgres` of Debian's package.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace sluice::server {

class DemoDatabase {
 public:
  // Starts the server of `folder`/pg, making it and the shop when it is not there; goes on with one that runs.
  // Errors: not_found (no PostgreSQL installed), rejected (what initdb or psql said, in the detail).
  [[nodiscard]] static Result<std::unique_ptr<DemoDatabase>> open(const std::string& folder);
  // Stops the load; the server only by stop().
  ~DemoDatabase();
  DemoDatabase(const DemoDatabase&) = delete;
  DemoDatabase& operator=(const DemoDatabase&) = delete;

  [[nodiscard]] std::string url() const;           // "postgres://shop@127.0.0.1:41234/shop"
  [[nodiscard]] std::string psql_command() const;  // "psql 'postgres://…'", to paste
  [[nodiscard]] bool made_now() const { return made_now_; }

  // About 800 changed rows a second, in transactions of about ten, until stop_load().
  [[nodiscard]] Result<void> start_load();
  void stop_load();
  // Stops the server.
  void stop();

 private:
  explicit DemoDatabase(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] Result<void> find_programs();
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> initialise();
  [[nodiscard]] Result<void> start_server();
  [[nodiscard]] Result<void> make_shop();
  [[nodiscard]] Result<void> start_guard();
  [[nodiscard]] Result<void> run_sql(const std::string& database, const std::string& sql);
  [[nodiscard]] std::string user() const;

  std::string folder_;
  std::string programs_;   // PostgreSQL's bin folder
  std::uint16_t port_ = 0;
  bool made_now_ = false;
  pid_t load_ = -1;
};

// A TCP port of 127.0.0.1 that is free now.
[[nodiscard]] std::uint16_t free_port();

}  // namespace sluice::server
