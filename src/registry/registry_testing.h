#pragma once
// A registry over a log in memory, asked through its REST face: what clients see.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "io/http.h"
#include "pipeline/memory_log_testing.h"
#include "registry/registry.h"

namespace sluice::registry {

class RegistryFixture : public testing::Test {
 protected:
  RegistryFixture() { reopen(); }

  // The process ends, and another reads the topic.
  void reopen(RegistryOptions options = {});

  io::HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {},
                        std::vector<std::pair<std::string, std::string>> headers = {});
  // The answer as JSON; its status must be 200.
  boost::json::value ask(const std::string& method, const std::string& target, const std::string& body = {});
  void expect(const std::string& method, const std::string& target, const std::string& body, int status,
              const std::string& answer);
  void expect_registered(const std::string& target, const std::string& body, int id);
  void expect_error(const std::string& method, const std::string& target, const std::string& body, int code);
  std::string message_of(const std::string& method, const std::string& target, const std::string& body = {});
  // The body of a registration or lookup, with more members.
  static std::string body_of(const std::string& schema, boost::json::object more = {});

  pipeline::MemoryLog log;
  std::unique_ptr<Registry> registry;
};

}  // namespace sluice::registry
