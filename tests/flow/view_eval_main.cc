// A view that runs over a log in memory, as it is told to: for tests/system/flow_time_test.py.
//
// Reads lines of JSON:
//   {"topics": [{"name", "columns": "k int4, ts timestamptz", "key": "k" or "", "partitions"}, …], "sql": "CREATE TABLE …; CREATE
//    MATERIALIZED VIEW v …",
//    "steps": [["put", topic, partition, timestamp in ms, [text, …]], ["remove", topic, partition, [text, …]], ["commit"], ["abort"],
//              ["run", records of a batch], ["lose"], …]}     "run" begins it anew and stops it at the end; "lose": its folder is gone
// and gives for each a line: {"image": [row, …], "records": how many were written, "late": [[topic, partition, offset], …], "failed",
// "watermark": microseconds, or null}, or {"error"}.
#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "flow/view/view.h"
#include "flow/view/view_testing.h"
#include "pipeline/memory_log_testing.h"

namespace {

namespace json = boost::json;
using namespace sluice::flow;
using sluice::Result;

std::string text_of(const json::value& value) { return std::string(value.as_string()); }

class Case {
 public:
  explicit Case(const json::object& question) : question_(question) {
    for (const auto& each : question.at("topics").as_array()) {
      const auto& topic = each.as_object();
      topics_.make(text_of(topic.at("name")), text_of(topic.at("columns")), text_of(topic.at("key")), false,
                   static_cast<std::int32_t>(topic.at("partitions").as_int64()));
    }
  }

  Result<json::object> run() {
    for (const auto& step : question_.at("steps").as_array()) SLUICE_RETURN_IF_ERROR(take(step.as_array()));
    json::array late;
    if (log_.describe("v.late").ok()) {
      for (const auto& record : log_.records("v.late")) {
        late.push_back(json::array{*record.header("__topic"), std::stoi(*record.header("__partition")), std::stoll(*record.header("__offset"))});
      }
    }
    json::array image;
    for (auto& row : topics_.image("v")) image.emplace_back(std::move(row));
    return json::object{{"image", std::move(image)},
                        {"records", topics_.count("v")},
                        {"late", std::move(late)},
                        {"lateCounted", late_},
                        {"failed", failed_},
                        {"watermark", watermark_us_ == INT64_MIN ? json::value() : json::value(watermark_us_)}};
  }

 private:
  Result<void> take(const json::array& step) {
    const auto what = text_of(step.at(0));
    if (what == "put" || what == "remove") change(step, what == "remove");
    if (what == "commit" && std::exchange(open_, false)) topics_.commit();
    if (what == "lose") folder_.clear();
    return what == "run" ? run(static_cast<std::size_t>(step.at(1).as_int64())) : Result<void>{};
  }
  void change(const json::array& step, bool removed) {
    if (!std::exchange(open_, true)) topics_.begin();
    Texts row;
    for (const auto& text : step.back().as_array()) row.push_back(text_of(text));
    const auto partition = static_cast<std::int32_t>(step.at(2).as_int64());
    if (removed) topics_.remove(text_of(step.at(1)), row, 0, partition);
    else topics_.put(text_of(step.at(1)), row, 0, partition, step.at(3).as_int64());
  }
  Result<void> run(std::size_t batch_records) {
    const auto view = View::make({.name = "v"}, topics_.bind(text_of(question_.at("sql"))), log_, catalog_,
                                 {.folder = folder_.path(), .batch_records = batch_records});
    SLUICE_RETURN_IF_ERROR(run_until_done(*view));
    late_ += view->counts().late;
    failed_ += view->counts().failed;
    watermark_us_ = view->counts().watermark_us;
    return {};
  }

  const json::object& question_;
  sluice::pipeline::MemoryLog log_;
  sluice::pipeline::MemoryCatalog catalog_;
  Topics topics_{log_, catalog_};
  Folder folder_;
  bool open_ = false;
  std::uint64_t late_ = 0;
  std::uint64_t failed_ = 0;
  std::int64_t watermark_us_ = INT64_MIN;
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto question = json::parse(line).as_object();
    const auto out = Case(question).run();
    std::cout << json::serialize(out.ok() ? *out : json::object{{"error", out.error().text()}}) << "\n" << std::flush;
  }
  return 0;
}
