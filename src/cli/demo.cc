// sluice demo: the whole road over a database of its own.
//
//   1. a throw-away PostgreSQL with a shop, and somebody who buys in it
//   2. the server, in this process: captured and archived; everything in one folder, by the same file as a user's own
//   3. what to try, until Ctrl-C or the end of the time
//   4. at the end of the time: the load stops, source = topics = archive is counted; 1 when they differ
//
// The folder has sluice.yaml, pg/, data/ and archive/. Without --keep the first three go; the archive stays to be read.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/foreground.h"
#include "cli/progress.h"
#include "cli/serve.h"
#include "io/signals.h"
#include "server/demo_database.h"
#include "server/server.h"
#include "server/temporary_folder.h"

namespace sluice::cli {
namespace {

namespace files = std::filesystem;

Result<std::string> make_folder(const std::string& keep) {
  if (!keep.empty()) return files::absolute(keep).lexically_normal().string();
  return server::make_temporary_folder("sluice-demo");
}

// The configuration is a file like any user's. Ports are drawn once, so that a demo that was killed comes back there.
void write_configuration(const std::string& folder, const std::string& url) {
  const auto path = folder + "/sluice.yaml";
  if (files::exists(path)) return;
  const auto port = [] { return std::to_string(server::free_port()); };
  std::ofstream(path) << "version: 1\n"
                      << "data: " << folder << "/data\n"
                      << "log: {keep_free: 200MB}\n"
                      << "listen:\n"
                      << "  kafka: 127.0.0.1:" << port() << "\n"
                      << "  registry: 127.0.0.1:" << port() << "\n"
                      << "  admin: 127.0.0.1:" << port() << "\n"
                      << "sources:\n"
                      << "  shop:\n"
                      << "    from: " << url << "\n"
                      << "    tables: [public.*]\n"
                      << "sinks:\n"
                      << "  archive:\n"
                      << "    to: " << folder << "/archive\n"
                      << "    topics: [\"shop.*\"]\n"
                      << "    roll: {size: 64MiB, after: 10s}\n";
}

std::string own_path() {
  std::error_code ignored;
  const auto path = files::read_symlink("/proc/self/exe", ignored).string();
  const auto here = files::current_path(ignored).string() + "/";
  return path.starts_with(here) ? path.substr(here.size()) : path;
}

void tell_first_minutes(const server::ServerStatus& status, const server::DemoDatabase& database, const std::string& folder) {
  const auto sluice = own_path();
  const auto at = [&status](const char* kind) { return status.listen.at(kind).front(); };
  const auto clients = " -b " + at("kafka") + " -r http://" + at("registry");
  std::cerr << "\nThe shop is captured, and somebody buys in it all the time. Try, from another terminal:\n\n"
            << "1  A change, and the row that arrives:\n"
            << "     " << sluice << " consume shop.public.products --follow -o end" << clients << "\n"
            << "     " << database.psql_command() << " -c \"UPDATE products SET price = price + 1 WHERE id = 7\"\n\n"
            << "2  A view in SQL, kept up to date as they buy, and what it says now:\n"
            << "     " << sluice << " view create -a http://" << at("admin") << " 'CREATE MATERIALIZED VIEW best AS SELECT p.name, sum(i.quantity) AS sold"
            << " FROM shop.public.order_items i JOIN shop.public.products p ON p.id = i.product_id GROUP BY p.name'\n"
            << "     " << sluice << " sql -a http://" << at("admin") << " 'SELECT * FROM best ORDER BY sold DESC LIMIT 3'\n\n"
            << "3  Kill it, start it again, and count:\n"
            << "     kill -9 " << status.pid << "\n"
            << "     " << sluice << " demo --keep " << folder << "\n"
            << "     " << sluice << " verify -a http://" << at("admin") << "\n\n"
            << "4  The archive, which survives Ctrl-C, in " << folder << "/archive:\n"
            << "     " << sluice << " dump $(find " << folder
            << "/archive/shop.public.orders -name '*.avro' | head -n 1) | head\n\n"
            << "5  The status page, and any Kafka client:\n"
            << "     http://" << at("admin") << "/\n"
            << "     kcat -b " << at("kafka") << " -L\n\n"
            << "Ctrl-C ends it.\n\n";
}

// Prints source, topic and archive side by side; whether they are equal.
bool tell_counts(const server::VerifyReport& report) {
  std::cout << server::to_text(report);
  std::cout << (report.ok() ? "source = topic = archive" : "source, topic and archive DIFFER") << std::endl;
  return report.ok();
}

void clean_up(const std::string& folder, bool keep) {
  std::error_code ignored;
  if (keep) {
    std::cerr << "kept in " << folder << "; it goes on with: " << own_path() << " demo --keep " << folder << "\n";
    return;
  }
  for (const char* name : {"pg", "data", "sluice.yaml", "postgres.log", "psql.log", "owner"}) {
    files::remove_all(folder + "/" + name, ignored);
  }
  std::cerr << "the archive stays in " << folder << "/archive; the rest of the demo is gone\n";
}

class Demo {
 public:
  Demo(const DemoOptions& options, std::string folder) : options_(options), folder_(std::move(folder)) {}

  int run() {
    std::cerr << "The demo lives in " << folder_ << "\n1/3  PostgreSQL with a shop of 510,000 rows" << std::endl;
    auto database = server::DemoDatabase::open(folder_);
    if (!database.ok()) return tell_error(database.error());
    database_ = *std::move(database);
    const int status = with_database();
    database_->stop();
    clean_up(folder_, !options_.keep.empty() || status == 1);
    return status;
  }

 private:
  int with_database() {
    std::cerr << "     " << database_->url() << "\n2/3  Somebody buys in it, about 900 rows a second" << std::endl;
    if (const auto load = database_->start_load(); !load.ok()) return tell_error(load.error());
    write_configuration(folder_, database_->url());
    server::ConfigFlags flags;
    flags.config = folder_ + "/sluice.yaml";
    const auto environment = server::process_environment();
    auto config = server::load_config(flags, environment);
    if (!config.ok()) return tell_error(config.error());
    std::cerr << "3/3  Sluice: the snapshot of every table, then every change" << std::endl;
    io::StopSignals signals;
    auto server = server::Server::start(*std::move(config), environment);
    if (!server.ok()) return tell_error(server.error());
    return with_server(**server, signals);
  }

  int with_server(server::Server& server, io::StopSignals& signals) {
    ForegroundOptions options;
    options.seconds = options_.seconds;
    options.plain_every = std::chrono::seconds(10);
    options.when_live = [&] { tell_first_minutes(server.status(), *database_, folder_); };
    const auto signal = run_in_foreground(server, signals, options);
    database_->stop_load();
    int status = 0;
    if (!signal) {
      std::cerr << "\nThe load has stopped; counting" << std::endl;
      const auto report = server.verify();
      if (!report.ok()) {
        status = tell_error(report.error());
      } else if (!tell_counts(*report)) {
        status = 1;
      }
    }
    stop_and_tell(server, signals, false);
    return status;
  }

  const DemoOptions& options_;
  const std::string folder_;
  std::unique_ptr<server::DemoDatabase> database_;
};

}  // namespace

int demo(const DemoOptions& options) {
  const auto folder = make_folder(options.keep);
  if (!folder.ok()) return tell_error(folder.error());
  return Demo(options, *folder).run();
}

}  // namespace sluice::cli
