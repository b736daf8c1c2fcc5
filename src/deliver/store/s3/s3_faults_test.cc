// Every call with a break at each of its requests, by way of a proxy (tests/system/fault_proxy.py, whose address is
// SLUICE_TEST_S3_PROXY): repeated as a sink would, it ends as it must. A burst of four is more than the client's own
// patience.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/store/s3/s3_testing.h"

namespace sluice::deliver::store::s3 {
namespace {

using pipeline::Published;

struct Fault {
  std::string kind;
  int at = 0;
  int times = 0;
};

class S3Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto proxy = process_environment()("SLUICE_TEST_S3_PROXY");
    if (!proxy) GTEST_SKIP() << "SLUICE_TEST_S3_PROXY is not set";
    proxy_ = *proxy;
    control_ = io::WebClient::create({}).value();
  }

  // Runs `check` with each fault, at each request up to `steps`; a new place each time.
  void with_each_fault(int steps, const std::function<void(S3Store&, const Fault&)>& check) {
    for (const auto* kind : {"before", "after", "in_request", "in_answer", "slow_down"}) {
      for (int at = 1; at <= steps; ++at) {
        for (const int times : {1, 2, 4}) {
          const Fault fault{kind, at, times};
          SCOPED_TRACE(fault.kind + " at " + std::to_string(at) + ", " + std::to_string(times) + " times");
          S3ClientOptions options;
          options.wait = [](std::int64_t) {};
          const auto store = open_test_store(with_new_prefix("s3://archive?endpoint=" + proxy_), options);
          ASSERT_TRUE(store->put("t", "first", "").ok());  // the server has proved itself
          check(*store, fault);
          disarm();
          expect_no_leftovers(*store);
        }
      }
    }
  }

  void control(const std::string& kind, int at, int times) {
    const auto url = proxy_ + "/__fault/" + kind + "/" + std::to_string(at) + "/" + std::to_string(times);
    ASSERT_TRUE(control_->send({.method = "PUT", .url = url}).ok());
  }
  void disarm() { control("before", 1, 0); }  // what was not met is not met later
  void arm(const Fault& fault) { control(fault.kind, fault.at, fault.times); }

  // As a sink does: what may succeed later is tried again.
  template <typename Call>
  static auto until_known(Call call) {
    auto outcome = call();
    for (int i = 0; i < 10 && !outcome.ok() && outcome.error().code == ErrorCode::back_off; ++i) outcome = call();
    EXPECT_TRUE(outcome.ok()) << outcome.error();
    return outcome;
  }

  static Result<std::string> write_once(S3Store& store, const std::string& name, ByteView bytes) {
    SLUICE_TRY(const auto writer, store.create("t", name));
    SLUICE_RETURN_IF_ERROR(writer->append(bytes));
    return writer->finish();
  }

  static void expect_content(S3Store& store, const std::string& name, ByteView bytes) {
    const auto got = until_known([&] { return store.read(name, 0, bytes.size() + 1); });
    if (got.ok()) {
      EXPECT_TRUE(*got == bytes) << got->size() << " bytes";
    }
  }

  // An upload whose beginning was not heard of is found and ended.
  static void expect_no_leftovers(S3Store& store) {
    const auto found = store.leftovers("", "");
    ASSERT_TRUE(found.ok()) << found.error();
    for (const auto& one : *found) EXPECT_TRUE(store.discard(one.id).ok());
    EXPECT_THAT(*store.leftovers("", ""), ::testing::IsEmpty());
  }

  std::string proxy_;
  std::unique_ptr<io::WebClient> control_;
};

TEST_F(S3Faults, APublishIsDoneOnce) {
  with_each_fault(3, [&](S3Store& store, const Fault& fault) {
    const auto id = *write_once(store, "t/a", "bytes");
    arm(fault);
    const auto outcome = until_known([&] { return store.publish(id, "t/a"); });
    if (outcome.ok()) {
      EXPECT_NE(*outcome, Published::name_is_taken);
    }
    disarm();
    expect_content(store, "t/a", "bytes");
    EXPECT_EQ(store.publish(id, "t/a").value_or(Published::now), Published::before);
  });
}

TEST_F(S3Faults, AServerProvesItselfInSpiteOfThem) {
  with_each_fault(7, [&](S3Store&, const Fault& fault) {
    S3ClientOptions options;
    options.wait = [](std::int64_t) {};
    const auto store = open_test_store(with_new_prefix("s3://archive?endpoint=" + proxy_), options);
    arm(fault);
    EXPECT_TRUE(until_known([&] { return store->put("t", "t/a", "bytes"); }).ok());
    disarm();
    expect_content(*store, "t/a", "bytes");
    expect_no_leftovers(*store);
  });
}

TEST_F(S3Faults, ANameThatIsTakenStaysTaken) {
  with_each_fault(3, [&](S3Store& store, const Fault& fault) {
    const auto id = *write_once(store, "t/a", "mine");
    ASSERT_TRUE(store.put("t", "t/a", "of another").ok());
    arm(fault);
    const auto outcome = until_known([&] { return store.publish(id, "t/a"); });
    if (outcome.ok()) {
      EXPECT_EQ(*outcome, Published::name_is_taken);
    }
    disarm();
    expect_content(store, "t/a", "of another");
    EXPECT_EQ(store.temporary_size(id).value_or(0U), 4U);
    EXPECT_TRUE(store.discard(id).ok());
  });
}

TEST_F(S3Faults, AnUploadThatIsGoneIsNotFound) {
  with_each_fault(3, [&](S3Store& store, const Fault& fault) {
    const auto id = *write_once(store, "t/a", "mine");
    ASSERT_TRUE(store.discard(id).ok());
    arm(fault);
    auto outcome = store.publish(id, "t/a");
    for (int i = 0; i < 10 && !outcome.ok() && outcome.error().code == ErrorCode::back_off; ++i)
      outcome = store.publish(id, "t/a");
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, ErrorCode::not_found) << outcome.error();
  });
}

TEST_F(S3Faults, AnObjectIsWrittenWhole) {
  const std::string bytes((std::size_t{5} << 20) + 1000, 'x');
  with_each_fault(4, [&](S3Store& store, const Fault& fault) {
    arm(fault);
    const auto id = until_known([&] { return write_once(store, "t/a", bytes); });
    if (!id.ok()) return;
    EXPECT_EQ(until_known([&] { return store.temporary_size(*id); }).value_or(0U), bytes.size());
    EXPECT_TRUE(until_known([&] { return store.publish(*id, "t/a"); }).ok());
    expect_content(store, "t/a", bytes);
  });
}

TEST_F(S3Faults, APutIsWholeAndNeverOverwrites) {
  with_each_fault(1, [&](S3Store& store, const Fault& fault) {
    arm(fault);
    EXPECT_TRUE(until_known([&] { return store.put("t", "t/a", "first"); }).ok());
    expect_content(store, "t/a", "first");
    arm(fault);
    const auto second = until_known([&] { return store.put("t", "t/a", "second"); });
    if (second.ok()) {
      EXPECT_EQ(*second, Published::name_is_taken);
    }
    expect_content(store, "t/a", "first");
    arm(fault);
    EXPECT_TRUE(until_known([&] { return store.replace("t", "t/a", "third"); }).ok());
    expect_content(store, "t/a", "third");
  });
}

TEST_F(S3Faults, WhatIsReadAndListedIsRightOrNotGiven) {
  with_each_fault(2, [&](S3Store& store, const Fault& fault) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(store.put("t", "t/" + std::to_string(i), std::string(100'000, 'x')).ok());
    arm(fault);
    expect_content(store, "t/1", std::string(100'000, 'x'));
    arm(fault);
    EXPECT_EQ(until_known([&] { return store.size("t/1"); }).value_or(0U), 100'000U);
    arm(fault);
    const auto listed = until_known([&] { return store.list("t"); });
    if (listed.ok()) {
      EXPECT_EQ(listed->size(), 10U);
    }
    arm(fault);
    EXPECT_TRUE(until_known([&] { return store.remove("t/1"); }).ok());
    EXPECT_EQ(until_known([&] { return store.list("t"); })->size(), 9U);
  });
}

}  // namespace
}  // namespace sluice::deliver::store::s3
