#include "pipeline/supervisor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace sluice::pipeline {
namespace {

using namespace std::chrono_literals;

// Fails as it is told, in order; then runs until it is stopped.
class ScriptedStage final : public Stage {
 public:
  explicit ScriptedStage(std::deque<ErrorCode> failures, bool deaf = false)
      : failures_(std::move(failures)), deaf_(deaf) {}

  Result<void> run(std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++runs_;
    changed_.notify_all();
    if (!failures_.empty()) {
      const auto code = failures_.front();
      failures_.pop_front();
      return Error{.code = code, .message = "scripted", .hint = "mend it"};
    }
    if (deaf_) {
      changed_.wait(lock, [&] { return released_; });
    } else {
      changed_.wait(lock, stop, [] { return false; });
    }
    return {};
  }
  StageStatus status() const override {
    StageStatus status;
    status.state = "streaming";
    return status;
  }

  void wait_for_runs(int runs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return runs_ >= runs; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  int runs() const {
    const std::lock_guard lock(mutex_);
    return runs_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<ErrorCode> failures_;
  bool deaf_;
  bool released_ = false;
  int runs_ = 0;
};

constexpr SupervisorOptions kFast{.first_wait = 1ms, .longest_wait = 4ms};

TEST(Supervisor, RunsAStageAgainAfterErrorsThatPass) {
  ScriptedStage stage({ErrorCode::retry, ErrorCode::back_off, ErrorCode::out_of_space, ErrorCode::not_found});
  Supervisor supervisor(kFast);
  supervisor.start(stage, "sink lake");
  stage.wait_for_runs(5);
  EXPECT_TRUE(supervisor.stop(60s).empty());
  EXPECT_EQ(supervisor.status().front().state, "stopped");
}

TEST(Supervisor, EndsAStageThatNeedsAPersonAndKeepsTheReason) {
  for (const auto code :
       {ErrorCode::fenced, ErrorCode::rejected, ErrorCode::corrupt, ErrorCode::unsupported}) {
    ScriptedStage stage({code});
    Supervisor supervisor(kFast);
    supervisor.start(stage, "sink lake");
    while (!supervisor.any_failed()) std::this_thread::yield();
    const auto status = supervisor.status().front();
    EXPECT_EQ(status.state, "failed");
    EXPECT_EQ(status.error, "scripted");
    EXPECT_EQ(status.hint, "mend it");
    EXPECT_EQ(stage.runs(), 1);
    EXPECT_TRUE(supervisor.stop(60s).empty());
  }
}

TEST(Supervisor, StoppingCutsAWaitShort) {
  ScriptedStage stage({ErrorCode::back_off});
  Supervisor supervisor({.first_wait = 1h, .longest_wait = 1h});
  supervisor.start(stage, "sink lake");
  while (supervisor.status().front().state != "waiting") std::this_thread::yield();
  EXPECT_TRUE(supervisor.stop(60s).empty());
}

TEST(Supervisor, EndsOneStageAndStartsAnotherWhileTheOthersGoOn) {
  ScriptedStage stays({});
  ScriptedStage second({});
  Supervisor supervisor(kFast);
  supervisor.start(stays, "stays");
  std::jthread looks([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) static_cast<void>(supervisor.status());
  });
  for (int i = 0; i < 50; ++i) {
    auto goes = std::make_unique<ScriptedStage>(std::deque<ErrorCode>{});
    supervisor.start(*goes, "goes");
    goes->wait_for_runs(1);
    EXPECT_TRUE(supervisor.end(*goes, 60s));
    EXPECT_EQ(supervisor.status().size(), 1U);
  }
  EXPECT_TRUE(supervisor.end(second, 0s));  // it was never here
  supervisor.start(second, "second");
  second.wait_for_runs(1);
  EXPECT_EQ(supervisor.status().size(), 2U);
  EXPECT_EQ(stays.runs(), 1);
  EXPECT_TRUE(supervisor.stop(60s).empty());
}

TEST(Supervisor, AStageThatDoesNotDrainInTimeIsWaitedForAgain) {
  ScriptedStage deaf({}, /*deaf=*/true);
  Supervisor supervisor(kFast);
  supervisor.start(deaf, "deaf");
  deaf.wait_for_runs(1);
  EXPECT_FALSE(supervisor.end(deaf, 10ms));
  EXPECT_EQ(supervisor.status().size(), 1U);
  deaf.release();
  EXPECT_TRUE(supervisor.end(deaf, 60s));
  EXPECT_TRUE(supervisor.status().empty());
}

TEST(Supervisor, NamesTheStagesThatDidNotDrainInTime) {
  ScriptedStage quick({});
  ScriptedStage deaf({}, /*deaf=*/true);
  Supervisor supervisor(kFast);
  supervisor.start(quick, "quick");
  supervisor.start(deaf, "deaf");
  deaf.wait_for_runs(1);
  EXPECT_EQ(supervisor.stop(10ms), (std::vector<std::string>{"deaf"}));
  deaf.release();
  EXPECT_TRUE(supervisor.stop(60s).empty());
}

}  // namespace
}  // namespace sluice::pipeline
