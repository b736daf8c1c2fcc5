#include "cli/sink_copy.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/progress.h"
#include "cli/report.h"
#include "deliver/archive/chain/copy.h"
#include "io/clock.h"
#include "server/places.h"

namespace sluice::cli {
namespace {

constexpr std::int64_t kTellEveryMs = 200;       // on a terminal, on one line
constexpr std::int64_t kTellPlainEveryMs = 10'000;

struct Options {
  std::string from, to;
};

std::string text_of(const deliver::archive::Copied& copied) {
  return with_commas(copied.rows) + " rows in " + with_commas(copied.files) + " files (" + bytes_text(copied.bytes) + ")";
}

int run(const Globals& globals, const Options& options) {
  const auto from = server::open_place(options.from);
  if (!from.ok()) return fail(from.error());
  const auto to = server::open_place(options.to);
  if (!to.ok()) return fail(to.error());
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  auto told_ms = io::system_clock().steady_ms();
  const auto tell = [&](const deliver::archive::Copied& so_far) {
    const auto now = io::system_clock().steady_ms();
    if (now - told_ms < (terminal ? kTellEveryMs : kTellPlainEveryMs)) return;
    told_ms = now;
    std::cerr << (terminal ? "\r\033[K" : "") << so_far.topic << "-" << so_far.partition << "  " << text_of(so_far) << (terminal ? "" : "\n") << std::flush;
  };
  const auto copied = deliver::archive::copy_archive(**from, **to, tell);
  if (terminal) std::cerr << "\r\033[K";
  if (!copied.ok()) return fail(copied.error());
  if (globals.json) {
    std::cout << boost::json::serialize(boost::json::object{{"rows", copied->rows}, {"files", copied->files}, {"bytes", copied->bytes}, {"records", copied->records}}) << "\n";
  } else {
    std::cerr << "copied " << text_of(*copied) << "; sluice verify " << options.to << " proves it\n";
  }
  return 0;
}

}  // namespace

Command sink_copy_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "sink", .verb = "copy", .help = "Copy an archive to another place, where a sink can go on",
          .arguments = {{"FROM", "A folder or URL", &options->from}, {"TO", "A folder or URL", &options->to}},
          .options = {},
          .run = [options, &globals] { return run(globals, *options); },
          .hidden = false,
          .more = "No server is needed. Everything that is committed is copied, and proved by its checksums; what is there already is not\n"
                  "copied again, so a copy that was cut short, or an archive that has grown since, is copied by the same command."};
}

}  // namespace sluice::cli
