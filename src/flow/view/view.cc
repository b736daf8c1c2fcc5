#include "flow/view/view.h"

#include <filesystem>

#include "base/trace.h"
#include "flow/view/run.h"

namespace sluice::flow {
namespace {

std::string time_words(std::int64_t time_us) { return time_us == kNoTime ? std::string("none yet") : std::to_string(time_us / 1000) + " ms since 1970"; }

class RunningView final : public View {
 public:
  RunningView(ViewSpec spec, Plan plan, pipeline::Log& log, pipeline::SchemaCatalog& catalog, ViewOptions options)
      : spec_(std::move(spec)), plan_(std::move(plan)), log_(log), catalog_(catalog), options_(std::move(options)) {
    board_.counts.watermark_us = kNoTime;
  }

  Result<void> run(std::stop_token stop) override {
    std::shared_ptr<DiskState> disk;
    {
      const std::lock_guard lock(board_.mutex);
      disk = std::move(board_.disk);  // not to be asked until it is restored
      board_.disk = nullptr;
      board_.waits_for.clear();
    }
    board_.caught_up = false;
    auto outcome = ViewRun({spec_, plan_, log_, catalog_, options_, board_}).run(stop, std::move(disk));
    board_.set_state("stopped");
    if (outcome.ok() || outcome.error().code != ErrorCode::corrupt || anew_) return outcome;
    // If that is the state on disk, the log can make it anew; if it is not, the next run says so again.
    anew_ = true;
    return forget_folder(std::move(outcome).error());
  }

  pipeline::StageStatus status() const override {
    pipeline::StageStatus status;
    const std::lock_guard lock(board_.mutex);
    status.kind = "view";
    status.name = spec_.name;
    status.state = board_.state;
    status.rows_total = board_.counts.taken;
    status.dead_letters = board_.counts.failed;
    status.items = board_.items;
    for (const auto& [topic, words] : board_.waits_for) status.items.push_back({.name = topic, .state = "waiting", .note = words});
    status.facts["rows"] = std::to_string(board_.counts.rows);
    if (plan_.has_watermark) {
      status.facts["watermark"] = time_words(board_.counts.watermark_us);
      status.facts["late"] = std::to_string(board_.counts.late);
    }
    return status;
  }

  ViewCounts counts() const override {
    const std::lock_guard lock(board_.mutex);
    auto counts = board_.counts;
    if (board_.disk) counts.state_bytes = board_.disk->disk_bytes();
    return counts;
  }

  const Plan& plan() const override { return plan_; }
  const ViewSpec& spec() const override { return spec_; }
  bool caught_up() const override { return board_.caught_up; }
  std::shared_ptr<const Snapshot> rows() const override {
    const std::lock_guard lock(board_.mutex);
    return board_.disk ? std::shared_ptr<const Snapshot>(board_.disk->snapshot()) : nullptr;
  }
  void take_over() override { board_.take_over = true; }
  bool taken_over() const override { return board_.taken_over; }

 private:
  Result<void> forget_folder(Error why) {
    {
      const std::lock_guard lock(board_.mutex);
      board_.disk = nullptr;
    }
    const auto folder = options_.folder + "/" + std::to_string(spec_.generation);
    trace::warn("flow", "view " + spec_.name + ": " + why.message + "; " + folder + " is made anew from the log");
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    why.code = ErrorCode::retry;
    return why;
  }

  ViewSpec spec_;
  Plan plan_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  ViewOptions options_;
  ViewBoard board_;
  bool anew_ = false;
};

}  // namespace

std::unique_ptr<View> View::make(ViewSpec spec, Plan plan, pipeline::Log& log, pipeline::SchemaCatalog& catalog, ViewOptions options) {
  return std::make_unique<RunningView>(std::move(spec), std::move(plan), log, catalog, std::move(options));
}

}  // namespace sluice::flow
