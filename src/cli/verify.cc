// source = topic = archive: asked of a running server, or, with a folder, of an archive alone.
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/report.h"
#include "deliver/archive/verify/verify.h"
#include "io/file_system.h"
#include "server/places.h"
#include "server/verify.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVerifyTimeoutMs = 10 * 60 * 1000;

struct Options {
  std::string what;
  bool deep = false;
};

void print_report(const deliver::archive::ArchiveReport& report) {
  for (const auto& partition : report.partitions) {
    std::cout << partition.topic << "-" << partition.partition << "  offsets " << to_string(partition.first) << " to " << to_string(partition.end) << ", "
              << partition.rows << " rows in " << partition.files << " files\n";
    if (partition.filters.empty()) continue;
    std::cout << "  filtered: " << partition.filtered << " records were left out by";
    for (const auto& filter : partition.filters) std::cout << (filter == partition.filters.front() ? " " : "; ") << filter;
    std::cout << "\n";
  }
  for (const auto& problem : report.problems) {
    std::cout << problem.topic << "-" << problem.partition << "  offsets " << to_string(problem.from) << " to " << to_string(problem.to) << "  "
              << (problem.file.empty() ? "" : problem.file + ": ") << problem.what << "\n";
  }
}

std::string to_json(const deliver::archive::ArchiveReport& report, bool whole) {
  json::array partitions, problems;
  for (const auto& each : report.partitions) {
    partitions.push_back(json::object{{"topic", each.topic}, {"partition", each.partition}, {"first", each.first.value}, {"end", each.end.value},
                                      {"rows", each.rows}, {"files", each.files}, {"bytes", each.bytes},
                                      {"filters", json::array(each.filters.begin(), each.filters.end())}, {"filtered", each.filtered}});
  }
  for (const auto& each : report.problems) {
    problems.push_back(json::object{{"topic", each.topic}, {"partition", each.partition}, {"from", each.from.value}, {"to", each.to.value},
                                    {"file", each.file}, {"what", each.what}});
  }
  return json::serialize(json::object{{"whole", whole}, {"partitions", std::move(partitions)}, {"problems", std::move(problems)}});
}

int verify_place(const Globals& globals, const std::string& place) {
  const auto store = server::open_place(place);
  if (!store.ok()) return fail(store.error());
  const auto report = deliver::archive::verify_archive(**store, {.formats = server::readable_formats()});
  if (!report.ok()) return fail(report.error());
  const bool whole = report->ok() && !report->partitions.empty();
  if (globals.json) {
    std::cout << to_json(*report, whole) << "\n";
  } else {
    print_report(*report);
    if (report->partitions.empty() && report->problems.empty()) std::cout << place << " holds no archive\n";
  }
  return whole ? 0 : kNo;
}

int verify_server(const Globals& globals, const std::string& name) {
  const auto client = http_client(globals.admin, kVerifyTimeoutMs);
  if (!client.ok()) return fail(client.error());
  const auto answer = client->send({.method = "POST", .target = "/verify" + (name.empty() ? "" : "?name=" + io::percent_encode(name)), .headers = {}, .body = ""});
  if (!answer.ok()) return fail(unreachable(answer.error()));
  if (answer->status != 200) return fail(error_of(*answer, "verify"));
  boost::system::error_code error;
  const auto report = json::parse(answer->body, error);
  const auto* text = error || !report.is_object() ? nullptr : report.get_object().if_contains("text");
  const auto* equal = error || !report.is_object() ? nullptr : report.get_object().if_contains("equal");
  if (globals.json || text == nullptr || !text->is_string()) {
    std::cout << answer->body << "\n";
  } else {
    std::cout << std::string_view(text->get_string());
  }
  return equal != nullptr && equal->is_bool() && equal->get_bool() ? 0 : kNo;
}

}  // namespace

Command verify_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "verify",
          .verb = "",
          .help = "Proves that source, topics and archive are equal, by counts",
          .arguments = {{"NAME|DIR|URL", "A source, or a sink, alone; or an archive's place: its chain, files, offsets and rows, without a server", &options->what, false}},
          .options = {{"--deep", "", "Checksums of values as well", &options->deep}},
          .run = [options, &globals] {
            if (options->deep) return misuse("--deep is not in this version");
            const auto folder = options->what.empty() ? Result<bool>(false) : io::real_file_system().exists(options->what);
            if (!folder.ok()) return fail(folder.error());
            if (*folder || options->what.find("://") != std::string::npos) return verify_place(globals, options->what);
            if (options->what.find('/') != std::string::npos) return misuse("there is no folder " + options->what);
            return verify_server(globals, options->what);
          }};
}

}  // namespace sluice::cli
