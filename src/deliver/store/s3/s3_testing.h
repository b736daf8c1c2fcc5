#pragma once
// A bucket on a real server, for tests: SLUICE_TEST_S3 is its URL with the endpoint, keys come from the environment.

#include <memory>
#include <optional>
#include <string>

#include "deliver/store/s3/s3_store.h"

namespace sluice::deliver::store::s3 {

[[nodiscard]] std::optional<std::string> test_server();
// `url` with a prefix that nobody else uses.
[[nodiscard]] std::string with_new_prefix(const std::string& url);
// Parts as small as Amazon allows, and pages that make every listing have many.
[[nodiscard]] std::unique_ptr<S3Store> open_test_store(const std::string& url, S3ClientOptions client = {});

}  // namespace sluice::deliver::store::s3
