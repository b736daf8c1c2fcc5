#include "deliver/parquet_module/parquet_module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pipeline/memory_store_testing.h"

namespace sluice::deliver {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Names the module for a test.
class Named {
 public:
  explicit Named(const std::string& file) { ::setenv("SLUICE_PARQUET_MODULE", file.c_str(), 1); }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  ~Named() { ::unsetenv("SLUICE_PARQUET_MODULE"); }
};

TEST(ParquetModule, IsLookedForBesideTheProgram) {
  const auto places = parquet_places();
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  ASSERT_EQ(places.size(), 3U);
  EXPECT_EQ(places[0], program / kParquetFile);
  EXPECT_EQ(places[1], program / "lib/sluice" / kParquetFile);
  EXPECT_EQ(places[2], program.parent_path() / "lib/sluice" / kParquetFile);
}

TEST(ParquetModule, MissingSaysWhatAndWhereAndWhatToDo) {
  const Named named("/nowhere/module.so");
  const auto error = load_parquet({}).error();
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_THAT(error.text(), AllOf(HasSubstr("libsluice_parquet.so"), HasSubstr("/nowhere/module.so"), HasSubstr("make install")));
}

TEST(ParquetModule, ThatIsNoneIsRejected) {
  EXPECT_EQ((Named("/etc/passwd"), load_parquet({}).error().code), ErrorCode::rejected);
  EXPECT_EQ((Named("libm.so.6"), load_parquet({}).error().code), ErrorCode::not_found);
}

TEST(ParquetModule, OfAnotherBuildIsUnsupported) {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const Named named(folder / "../lib/libsluice_parquet_other_build.so");
  EXPECT_EQ(load_parquet({}).error().code, ErrorCode::unsupported);
}

TEST(ParquetModule, WritesAndReadsOnceItIsLoaded) {
  if (!std::filesystem::exists(parquet_places().back())) GTEST_SKIP() << "this build has no Parquet module";
  EXPECT_EQ(load_parquet({.codec = "none such"}).error().code, ErrorCode::rejected);
  const auto format = load_parquet({.codec = "snappy"});
  ASSERT_TRUE(format.ok()) << format.error();
  EXPECT_EQ((*format)->text(), "parquet, snappy");
  pipeline::MemoryStore store;
  auto writer = (*format)->create(store.create("f", "f").value(), R"({"type":"record","name":"R","fields":[{"name":"v","type":"long"}]})");
  ASSERT_TRUE(writer.ok()) << writer.error();
  ASSERT_TRUE((*writer)->append("\x02").ok());
  EXPECT_EQ((*writer)->append("\x02\x02").error().code, ErrorCode::rejected);
  EXPECT_EQ((*format)->open(store, "f", {}).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace sluice::deliver
