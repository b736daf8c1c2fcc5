// Against a real HDFS: SLUICE_TEST_HDFS holds the address of its NameNode, "127.0.0.1:9870", and SLUICE_TEST_HTTPFS that
// of an HttpFS before it; tests/system/hdfs_store_test.py starts both. Without them these tests are skipped.
#include "deliver/store/hdfs/hdfs_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "pipeline/store_contract_testing.h"

namespace sluice::deliver::store::hdfs {
namespace {

std::unique_ptr<HdfsStore> open(const std::string& url) {
  auto store = HdfsStore::open(url);
  EXPECT_TRUE(store.ok()) << store.error();
  return store.ok() ? *std::move(store) : nullptr;
}

class HdfsUnderTest final : public pipeline::StoreUnderTest {
 public:
  explicit HdfsUnderTest(std::string url) : url_(std::move(url)), store_(open(url_)) {}
  pipeline::Store& store() override { return *store_; }
  std::unique_ptr<pipeline::Store> another() override { return open(url_); }

 private:
  const std::string url_;
  std::unique_ptr<HdfsStore> store_;
};

// A folder of its own for each test; none when the variable is not set.
std::unique_ptr<pipeline::StoreUnderTest> under_test(const char* variable, const std::string& parameters) {
  static std::atomic<int> count = 0;
  const auto* address = std::getenv(variable);
  if (address == nullptr) return nullptr;
  const auto folder = "/contract-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  return std::make_unique<HdfsUnderTest>(std::string("hdfs://") + address + folder + "?user=etl" + parameters);
}

const bool kRegistered = pipeline::register_store_contract("WebHdfs", [] { return under_test("SLUICE_TEST_HDFS", ""); });
const bool kRegisteredGateway =
    pipeline::register_store_contract("HttpFs", [] { return under_test("SLUICE_TEST_HTTPFS", "&gateway=httpfs"); });

TEST(HdfsStore, AsksNobodyBeforeItIsUsed) {
  const auto store = open("hdfs://127.0.0.1:1/archive?user=etl");
  EXPECT_EQ(store->where(), "hdfs://127.0.0.1:1/archive");
  const auto size = store->size("t/a");
  ASSERT_FALSE(size.ok());
  EXPECT_EQ(size.error().code, ErrorCode::back_off);
  EXPECT_NE(size.error().message.find("/archive/t/a at NameNode 127.0.0.1:1"), std::string::npos) << size.error();
  EXPECT_FALSE(size.error().hint.empty());
}

TEST(HdfsStore, ATemporaryOfAnothersIsLeftAlone) {
  const auto under = under_test("SLUICE_TEST_HDFS", "");
  if (under == nullptr) GTEST_SKIP() << "its server is not there";
  auto& store = under->store();
  const auto write = [&](ByteView bytes) -> Result<std::string> {
    SLUICE_TRY(const auto writer, store.create("_tmp/same", "t/a"));
    SLUICE_RETURN_IF_ERROR(writer->append(bytes));
    return writer->finish();
  };
  ASSERT_TRUE(write("first").ok());
  const auto second = write("the second");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::already_exists) << second.error();
  EXPECT_EQ(store.temporary_size("_tmp/same").value_or(0U), 5U);
}

TEST(HdfsStore, AFolderOfTheNameTakesNoFileIn) {
  for (const auto& [variable, parameters] :
       {std::pair{"SLUICE_TEST_HDFS", ""}, std::pair{"SLUICE_TEST_HTTPFS", "&gateway=httpfs"}}) {
    const auto under = under_test(variable, parameters);
    if (under == nullptr) GTEST_SKIP() << "its server is not there";
    auto& store = under->store();
    ASSERT_TRUE(store.put("_tmp/1", "t/a/b", "x").ok());
    const auto put = store.put("_tmp/2", "t/a", "y");
    ASSERT_TRUE(put.ok()) << put.error();
    EXPECT_EQ(*put, pipeline::Published::name_is_taken);
    EXPECT_EQ(store.list("t/a")->size(), 1U);
  }
}

TEST(HdfsStore, AFolderThatSomebodyRemovedIsMadeAgain) {
  const auto under = under_test("SLUICE_TEST_HDFS", "");
  if (under == nullptr) GTEST_SKIP() << "its server is not there";
  auto& store = under->store();
  ASSERT_TRUE(store.put("_tmp/1", "t/a", "x").ok());
  for (const auto* name : {"t/a", "t", "_tmp"}) ASSERT_TRUE(store.remove(name).ok());
  const auto put = store.put("_tmp/2", "t/b", "y");
  ASSERT_TRUE(put.ok()) << put.error();
  EXPECT_EQ(*put, pipeline::Published::now);
}

TEST(HdfsStore, AFolderOfManyNamesIsListedWhole) {
  const auto under = under_test("SLUICE_TEST_HDFS", "");  // the test's server lists 20 names a page
  if (under == nullptr) GTEST_SKIP() << "its server is not there";
  for (int i = 0; i < 45; ++i) {
    ASSERT_TRUE(under->store().put("_tmp/" + std::to_string(i), "t/" + std::to_string(i), "").ok());
  }
  const auto listed = under->store().list("t");
  ASSERT_TRUE(listed.ok()) << listed.error();
  EXPECT_EQ(listed->size(), 45U);
}

}  // namespace
}  // namespace sluice::deliver::store::hdfs
