#include "deliver/store/s3/s3_store.h"

#include <gtest/gtest.h>

#include "deliver/store/s3/s3_testing.h"
#include "pipeline/store_contract_testing.h"

namespace sluice::deliver::store::s3 {
namespace {

class S3UnderTest final : public pipeline::StoreUnderTest {
 public:
  explicit S3UnderTest(const std::string& server) : url_(with_new_prefix(server)), store_(open_test_store(url_)) {}
  pipeline::Store& store() override { return *store_; }
  std::unique_ptr<pipeline::Store> another() override { return open_test_store(url_); }

 private:
  std::string url_;
  std::unique_ptr<pipeline::Store> store_;
};

const bool kRegistered =
    pipeline::register_store_contract("S3Store", []() -> std::unique_ptr<pipeline::StoreUnderTest> {
      const auto server = test_server();
      return server ? std::make_unique<S3UnderTest>(*server) : nullptr;
    });

class S3Server : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test_server()) GTEST_SKIP() << "SLUICE_TEST_S3 is not set";
  }
  // The process's environment but for one variable.
  static S3ClientOptions with(const std::string& name, const std::string& value) {
    S3ClientOptions options;
    options.environment = [=](const std::string& wanted) {
      return wanted == name ? std::optional(value) : process_environment()(wanted);
    };
    return options;
  }
};

TEST_F(S3Server, RefusesAWrongSecretAndAnUnknownKeyAndSaysWhatToDo) {
  for (const auto* variable : {"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"}) {
    const auto store = open_test_store(with_new_prefix(*test_server()), with(variable, "wrong"));
    const auto put = store->put("t", "a", "bytes");
    ASSERT_FALSE(put.ok());
    EXPECT_EQ(put.error().code, ErrorCode::back_off) << put.error();
    EXPECT_NE(put.error().message.find("the credentials from the environment are refused"), std::string::npos)
        << put.error();
    EXPECT_FALSE(put.error().hint.empty());
    EXPECT_EQ(store->list("").error().code, ErrorCode::back_off);
    EXPECT_EQ(store->size("a").error().code, ErrorCode::back_off);
    EXPECT_EQ(store->create("t", "a").error().code, ErrorCode::back_off);
  }
}

TEST_F(S3Server, RefusesAClockThatIsWrongAndBothClocksAreNamed) {
  struct Late final : io::Clock {
    [[nodiscard]] std::int64_t wall_ms() const override { return io::system_clock().wall_ms() - 3'600'000; }
    [[nodiscard]] std::int64_t steady_ms() const override { return io::system_clock().steady_ms(); }
  } late;
  S3ClientOptions options;
  options.clock = &late;
  const auto put = open_test_store(with_new_prefix(*test_server()), options)->put("t", "a", "bytes");
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().code, ErrorCode::back_off) << put.error();
  EXPECT_NE(put.error().message.find("this machine's clock says"), std::string::npos) << put.error();
}

TEST_F(S3Server, ABucketThatIsNotThereIsNotAnObjectThatIsNotThere) {
  auto url = *test_server();
  url.replace(5, std::min(url.find('?'), url.size()) - 5, "no-such-bucket");
  const auto store = open_test_store(url);
  EXPECT_EQ(store->size("a").error().code, ErrorCode::back_off) << store->size("a").error();
  EXPECT_EQ(store->read("a", 0, 1).error().code, ErrorCode::back_off);
  EXPECT_EQ(store->list("").error().code, ErrorCode::back_off);
  EXPECT_EQ(store->leftovers("", "").error().code, ErrorCode::back_off);
  EXPECT_EQ(store->put("t", "a", "x").error().code, ErrorCode::back_off);
  EXPECT_EQ(store->create("t", "a").error().code, ErrorCode::back_off);
  EXPECT_EQ(store->publish("id:a", "a").error().code, ErrorCode::back_off);
  EXPECT_EQ(store->remove("a").error().code, ErrorCode::back_off);
}

// With a server whose certificate no known authority vouches for.
TEST(S3Distrusted, IsWaitedForWithAHint) {
  if (!test_server() || !process_environment()("SLUICE_TEST_S3_DISTRUSTED")) GTEST_SKIP() << "no such server";
  const auto put = open_test_store(with_new_prefix(*test_server()))->put("t", "a", "x");
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().code, ErrorCode::back_off) << put.error();
  EXPECT_NE(put.error().hint.find("certificate"), std::string::npos) << put.error();
}

}  // namespace
}  // namespace sluice::deliver::store::s3
