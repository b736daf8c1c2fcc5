// How a demo comes up, and goes:
//
//   folder/pg        PostgreSQL's data directory; `postgresql.auto.conf` has the port, so that a second start finds it
//   folder/owner     the process id of the demo that uses it now; the guard looks at it
//   folder/*.log     what PostgreSQL, psql and initdb say
//
// The shop's role is `shop`, a superuser without a password: the server listens on 127.0.0.1 alone and is thrown away.
#include "server/demo_database.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "server/child_process.h"
#include "server/demo_shop.h"

namespace sluice::server {
namespace {

namespace files = std::filesystem;

Error rejected(std::string message) { return {.code = ErrorCode::rejected, .message = std::move(message)}; }

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  chmod(path.c_str(), 0644);
}

std::uint16_t port_in(const std::string& path) {
  std::ifstream conf(path);
  std::string line;
  while (std::getline(conf, line)) {
    if (line.starts_with("port = ")) return static_cast<std::uint16_t>(std::stoi(line.substr(7)));
  }
  return 0;
}

constexpr std::string_view kGuard = R"sh(
dir=$1; pg_ctl=$2; gone=0
while [ -e "$dir/owner" ]; do
  if kill -0 "$(cat "$dir/owner" 2>/dev/null)" 2>/dev/null; then gone=0; else gone=$((gone + 5)); fi
  if [ $gone -ge 600 ]; then "$pg_ctl" -D "$dir/pg" -m immediate stop; rm -f "$dir/owner"; exit 0; fi
  sleep 5
done
)sh";

}  // namespace

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  std::uint16_t port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

Result<std::unique_ptr<DemoDatabase>> DemoDatabase::open(const std::string& folder) {
  std::unique_ptr<DemoDatabase> database(new DemoDatabase(folder));
  SLUICE_RETURN_IF_ERROR(database->find_programs());
  try {
    SLUICE_RETURN_IF_ERROR(database->prepare());
  } catch (const std::exception& error) {  // std::filesystem, std::stoi
    return rejected(folder + ": " + error.what());
  }
  return database;
}

DemoDatabase::~DemoDatabase() { stop_load(); }

std::string DemoDatabase::user() const { return getuid() == 0 ? "postgres" : ""; }

std::string DemoDatabase::url() const { return "postgres://shop@127.0.0.1:" + std::to_string(port_) + "/shop"; }

std::string DemoDatabase::psql_command() const { return "psql " + url(); }

Result<void> DemoDatabase::find_programs() {
  std::error_code ignored;
  std::vector<int> versions;
  for (const auto& entry : files::directory_iterator("/usr/lib/postgresql", ignored)) {
    const auto name = entry.path().filename().string();
    if (files::exists(entry.path() / "bin/initdb") && !name.empty() && std::ranges::all_of(name, ::isdigit)) {
      versions.push_back(std::stoi(name));
    }
  }
  if (versions.empty()) {
    return Error{.code = ErrorCode::not_found,
                 .message = "no PostgreSQL server is installed",
                 .hint = "apt-get install postgresql-15, or `make run`, which does it"};
  }
  programs_ = "/usr/lib/postgresql/" + std::to_string(*std::ranges::max_element(versions)) + "/bin/";
  return {};
}

Result<void> DemoDatabase::prepare() {
  files::create_directories(folder_);
  write_file(folder_ + "/owner", std::to_string(getpid()));
  const bool there = files::exists(folder_ + "/pg/PG_VERSION");
  if (!there) {
    SLUICE_RETURN_IF_ERROR(initialise());
  }
  port_ = port_in(folder_ + "/pg/postgresql.auto.conf");
  SLUICE_RETURN_IF_ERROR(start_server());
  if (there) return {};
  made_now_ = true;
  SLUICE_RETURN_IF_ERROR(make_shop());
  return start_guard();
}

Result<void> DemoDatabase::initialise() {
  const auto data = folder_ + "/pg";
  files::create_directories(data);
  write_file(folder_ + "/postgres.log", "");
  write_file(folder_ + "/psql.log", "");
  if (const auto* account = user().empty() ? nullptr : getpwnam("postgres"); account != nullptr) {
    chmod(folder_.c_str(), 0755);
    for (const auto& path : {data, folder_ + "/postgres.log", folder_ + "/psql.log"}) {
      if (chown(path.c_str(), account->pw_uid, account->pw_gid) != 0) return rejected("cannot give " + path + " to postgres");
    }
  }
  SLUICE_RETURN_IF_ERROR(run_child({.command = {programs_ + "initdb", "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8",
                                                "--locale=C.UTF-8", "--no-sync"},
                                    .user = user(),
                                    .output = folder_ + "/postgres.log"}));
  std::ofstream conf(data + "/postgresql.auto.conf", std::ios::app);
  conf << "listen_addresses = '127.0.0.1'\nport = " << free_port() << "\nunix_socket_directories = ''\n"
       << "wal_level = logical\nmax_wal_senders = 10\nmax_replication_slots = 10\nmax_wal_size = '4GB'\n"
       << "shared_buffers = '256MB'\nsynchronous_commit = off\nlog_checkpoints = off\n";
  return {};
}

Result<void> DemoDatabase::start_server() {
  const ChildOptions ask{.command = {programs_ + "pg_ctl", "-D", folder_ + "/pg", "status"}, .user = user()};
  if (run_child(ask).ok()) return {};
  return run_child({.command = {programs_ + "pg_ctl", "-D", folder_ + "/pg", "-l", folder_ + "/postgres.log", "-w", "-t", "60",
                                "start"},
                    .user = user(),
                    .output = folder_ + "/postgres.log"});
}

Result<void> DemoDatabase::run_sql(const std::string& database, const std::string& sql) {
  const auto path = folder_ + "/script.sql";
  write_file(path, sql);
  auto result = run_child({.command = {programs_ + "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                                       std::to_string(port_), "-U", "shop", "-d", database, "-f", path},
                           .user = user(),
                           .output = folder_ + "/psql.log"});
  files::remove(path);
  return result;
}

Result<void> DemoDatabase::make_shop() {
  SLUICE_RETURN_IF_ERROR(run_sql("postgres", "CREATE DATABASE shop;"));
  return run_sql("shop", std::string(demo_shop_sql()));
}

Result<void> DemoDatabase::start_guard() {
  SLUICE_TRY(const auto guard, start_child({.command = {"/bin/sh", "-c", std::string(kGuard), "sluice-demo-guard", folder_,
                                                        programs_ + "pg_ctl"},
                                            .user = user()}));
  static_cast<void>(guard);  // ends by itself when the folder's owner file is gone
  return {};
}

Result<void> DemoDatabase::start_load() {
  stop_load();
  // A load that a killed demo left behind would buy twice as much.
  SLUICE_RETURN_IF_ERROR(run_sql("shop",
                                 "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                 "WHERE application_name = 'shop live load' \\g /dev/null\n"));
  SLUICE_TRY(load_, start_child({.command = {programs_ + "psql", "-X", "-q",
                                             "host=127.0.0.1 port=" + std::to_string(port_) +
                                                 " user=shop dbname=shop application_name='shop live load'",
                                             "-c", "CALL live_load()"},
                                 .user = user(),
                                 .output = folder_ + "/psql.log"}));
  return {};
}

void DemoDatabase::stop_load() {
  if (load_ < 0) return;
  // psql cancels its statement on SIGINT: the transaction in flight ends before psql does.
  kill(load_, SIGINT);
  if (!wait_child(load_, 5000)) {
    kill(load_, SIGKILL);
    static_cast<void>(wait_child(load_, 5000));
  }
  load_ = -1;
}

void DemoDatabase::stop() {
  stop_load();
  static_cast<void>(run_child({.command = {programs_ + "pg_ctl", "-D", folder_ + "/pg", "-m", "fast", "-w", "-t", "30", "stop"},
                               .user = user(),
                               .output = folder_ + "/postgres.log"}));
  std::error_code ignored;
  files::remove(folder_ + "/owner", ignored);
}

}  // namespace sluice::server
