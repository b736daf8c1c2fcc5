#include "deliver/store/local/local_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "io/file_system.h"
#include "pipeline/store_contract_testing.h"

namespace sluice::deliver::store::local {
namespace {

class LocalUnderTest final : public pipeline::StoreUnderTest {
 public:
  LocalUnderTest() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    store_ = std::make_unique<LocalStore>(io::real_file_system(), folder_);
  }
  ~LocalUnderTest() override { std::filesystem::remove_all(folder_); }
  pipeline::Store& store() override { return *store_; }
  std::unique_ptr<pipeline::Store> another() override {
    return std::make_unique<LocalStore>(io::real_file_system(), folder_ + "/");
  }

 private:
  std::string folder_;
  std::unique_ptr<LocalStore> store_;
};

[[maybe_unused]] const bool kRegistered =
    pipeline::register_store_contract("LocalStore", [] { return std::make_unique<LocalUnderTest>(); });

TEST(LocalStore, AnUnfinishedObjectIsDiscarded) {
  LocalUnderTest place;
  { ASSERT_TRUE((*place.store().create("tmp/a", "a"))->append("half").ok()); }
  EXPECT_EQ(place.store().size("tmp/a").error().code, ErrorCode::not_found);
}

TEST(LocalStore, RefusesNamesThatLeaveItsFolder) {
  LocalUnderTest place;
  for (const std::string bad : {"", "/a", "a//b", "../a", "a/../b", "a/", ".hidden"}) {
    EXPECT_EQ(place.store().create(bad, "name").error().code, ErrorCode::rejected) << bad;
    EXPECT_EQ(place.store().create("tmp", bad).error().code, ErrorCode::rejected) << bad;
  }
}

}  // namespace
}  // namespace sluice::deliver::store::local
