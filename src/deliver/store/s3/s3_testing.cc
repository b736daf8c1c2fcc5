#include "deliver/store/s3/s3_testing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace sluice::deliver::store::s3 {

std::optional<std::string> test_server() { return process_environment()("SLUICE_TEST_S3"); }

std::string with_new_prefix(const std::string& url) {
  static std::atomic<int> count = 0;
  const auto mark = std::min(url.find('?'), url.size());
  return url.substr(0, mark) + "/test-" + std::to_string(::getpid()) + "/" + std::to_string(++count) + url.substr(mark);
}

std::unique_ptr<S3Store> open_test_store(const std::string& url, S3ClientOptions client) {
  auto address = parse_s3_url(url, process_environment());
  EXPECT_TRUE(address.ok()) << address.error();
  return S3Store::create(*std::move(address),
                         {.client = std::move(client), .part_bytes = std::size_t{5} << 20, .page = 7})
      .value();
}

}  // namespace sluice::deliver::store::s3
