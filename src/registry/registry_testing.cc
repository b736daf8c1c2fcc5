#include "registry/registry_testing.h"

#include "registry/languages.h"
#include "registry/rest.h"

namespace sluice::registry {
namespace json = boost::json;

void RegistryFixture::reopen(RegistryOptions options) {
  options.languages = all_languages();
  registry = Registry::open(log, std::move(options)).value();
}

io::HttpResponse RegistryFixture::call(const std::string& method, const std::string& target, const std::string& body,
                                       std::vector<std::pair<std::string, std::string>> headers) {
  return handle(*registry, "cluster", {method, target, std::move(headers), body});
}

json::value RegistryFixture::ask(const std::string& method, const std::string& target, const std::string& body) {
  const auto response = call(method, target, body);
  EXPECT_EQ(response.status, 200) << method << " " << target << " " << response.body;
  return json::parse(response.body);
}

void RegistryFixture::expect(const std::string& method, const std::string& target, const std::string& body, int status,
                             const std::string& answer) {
  const auto response = call(method, target, body);
  EXPECT_EQ(response.status, status) << method << " " << target << " " << response.body;
  EXPECT_EQ(response.body, answer) << method << " " << target;
  EXPECT_EQ(response.content_type, "application/vnd.schemaregistry.v1+json");
}

void RegistryFixture::expect_registered(const std::string& target, const std::string& body, int id) {
  const auto response = call("POST", target, body);
  ASSERT_EQ(response.status, 200) << target << " " << response.body;
  EXPECT_EQ(json::parse(response.body).at("id"), id) << target;
}

void RegistryFixture::expect_error(const std::string& method, const std::string& target, const std::string& body,
                                   int code) {
  const auto response = call(method, target, body);
  ASSERT_EQ(response.status, code >= 10000 ? code / 100 : code) << method << " " << target << " " << response.body;
  EXPECT_EQ(json::parse(response.body).at("error_code").as_int64(), code)
      << method << " " << target << " " << response.body;
  EXPECT_TRUE(json::parse(response.body).at("message").is_string());
}

std::string RegistryFixture::message_of(const std::string& method, const std::string& target, const std::string& body) {
  const auto answer = json::parse(call(method, target, body).body);
  const auto* message = answer.as_object().if_contains("message");
  return message == nullptr ? std::string() : json::value_to<std::string>(*message);
}

std::string RegistryFixture::body_of(const std::string& schema, json::object more) {
  more["schema"] = schema;
  return json::serialize(more);
}

}  // namespace sluice::registry
