#include "io/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace sluice::io {
namespace {

TEST(Workers, WorkOfSeveralThreadsIsUnderWayAtOnce) {
  Workers workers(3);
  std::latch all(4);  // none passes before all four are there
  EXPECT_TRUE(workers
                  .each(4,
                        [&](std::size_t) -> Result<void> {
                          all.arrive_and_wait();
                          return {};
                        })
                  .ok());
}

TEST(Workers, EachNumberIsCalledOnce) {
  for (const std::size_t threads : {0, 1, 5}) {
    Workers workers(threads);
    std::vector<std::atomic<int>> calls(1000);
    EXPECT_TRUE(workers.each(calls.size(), [&](std::size_t i) { return ++calls[i], Result<void>{}; }).ok());
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
}

TEST(Workers, WorkThatWaitsForWorkNeedsNoThreadOfItsOwn) {
  for (const std::size_t threads : {0, 1, 2}) {
    Workers workers(threads);
    std::atomic<int> leaves = 0;
    const auto inner = [&](std::size_t) { return ++leaves, Result<void>{}; };
    EXPECT_TRUE(workers.each(8, [&](std::size_t) { return workers.each(8, inner); }).ok());
    EXPECT_EQ(leaves, 64);
  }
}

TEST(Workers, TheFirstErrorIsGivenAndNoMoreIsTakenUp) {
  Workers workers(0);
  int calls = 0;
  const auto done = workers.each(10, [&](std::size_t i) {
    ++calls;
    return i < 3 ? Result<void>{} : Result<void>(Error{ErrorCode::back_off, std::to_string(i)});
  });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message, "3");
  EXPECT_EQ(calls, 4);
}

TEST(Workers, ATaskThatIsDroppedIsTakenBackOrEnded) {
  std::atomic<int> running = 0;
  for (int i = 0; i < 100; ++i) {
    Workers workers(2);
    for (int k = 0; k < 3; ++k) {
      const auto task = workers.begin([&] {
        ++running;
        std::this_thread::yield();
        --running;
        return Result<void>{};
      });
    }
    EXPECT_EQ(running, 0);
  }
}

TEST(Workers, WaitGivesWhatTheWorkGave) {
  Workers workers(1);
  auto good = workers.begin([] { return Result<void>{}; });
  auto bad = workers.begin([] { return Result<void>(Error{ErrorCode::out_of_space, "full"}); });
  EXPECT_TRUE(good.wait().ok());
  EXPECT_EQ(bad.wait().error().code, ErrorCode::out_of_space);
}

}  // namespace
}  // namespace sluice::io
