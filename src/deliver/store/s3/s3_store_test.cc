#include "deliver/store/s3/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "pipeline/store_contract_testing.h"

namespace sluice::deliver::store::s3 {
namespace {

// SLUICE_TEST_S3 is the URL of a bucket on a real server, with its endpoint; keys come from the environment. Each test has
// a prefix of its own.
std::string url_of(const std::string& server, const std::string& prefix) {
  const auto mark = std::min(server.find('?'), server.size());
  return server.substr(0, mark) + "/" + prefix + server.substr(mark);
}

std::unique_ptr<S3Store> open_store(const std::string& url, S3Options options = {}) {
  auto address = parse_s3_url(url, process_environment());
  EXPECT_TRUE(address.ok()) << address.error();
  return S3Store::create(*std::move(address), std::move(options)).value();
}

class S3UnderTest final : public pipeline::StoreUnderTest {
 public:
  S3UnderTest(const std::string& server, std::string prefix) : url_(url_of(server, prefix)), store_(open()) {}
  pipeline::Store& store() override { return *store_; }
  std::unique_ptr<pipeline::Store> another() override { return open(); }

 private:
  [[nodiscard]] std::unique_ptr<pipeline::Store> open() const {
    S3Options options;
    options.part_bytes = std::size_t{5} << 20;
    options.page = 7;  // so that listings have many pages
    return open_store(url_, options);
  }
  std::string url_;
  std::unique_ptr<pipeline::Store> store_;
};

std::optional<std::string> server() { return process_environment()("SLUICE_TEST_S3"); }

const bool kRegistered = pipeline::register_store_contract("S3Store", []() -> std::unique_ptr<pipeline::StoreUnderTest> {
  static std::atomic<int> count = 0;
  if (!server()) return nullptr;
  return std::make_unique<S3UnderTest>(*server(), "contract/" + std::to_string(++count));
});

}  // namespace
}  // namespace sluice::deliver::store::s3
