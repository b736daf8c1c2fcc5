// sluice sql: a question, answered as psql does.
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/view_requests.h"

namespace sluice::cli {
namespace {

struct Options {
  std::string query, file;
};

int run(const Globals& globals, const Options& options) {
  const auto query = text_of_argument(options.query, options.file);
  if (!query.ok()) return fail(query.error(), kUsage);
  const auto answer = post_text(globals, "/sql", *query);
  if (!answer.ok()) return fail(answer.error());
  if (globals.json) {
    std::cout << *answer;
    return 0;
  }
  const auto text = answer_text(*answer);
  if (!text.ok()) return fail(text.error());
  std::cout << *text;
  return 0;
}

}  // namespace

Command sql_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "sql",
          .verb = "",
          .help = "Asks views, captured tables and streams: one SELECT",
          .arguments = {{"QUERY", "The SELECT", &options->query, false}},
          .options = {{"-f,--file", "FILE", "A file with the SELECT; - is standard input", &options->file}},
          .run = [options, &globals] { return run(globals, *options); },
          .hidden = false,
          .more = "Views are read as they are at this moment; other topics to their ends. docs/flow.md tells the dialect."};
}

}  // namespace sluice::cli
