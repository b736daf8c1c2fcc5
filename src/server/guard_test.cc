#include "server/guard.h"

#include <gtest/gtest.h>

#include "io/http_auth.h"

namespace sluice::server {
namespace {

constexpr const char* kSecretHash = "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA";  // of "secret"

// A registry of three subjects, as far as the guard asks it.
io::HttpResponse registry(const io::HttpRequest& request) {
  const std::pair<const char*, const char*> answers[] = {
      {"/subjects", R"(["shop.a","shop.b","hr.pay"])"},
      {"/schemas", R"([{"subject":"shop.a","id":1},{"subject":"hr.pay","id":2}])"},
      {"/schemas/ids/1/versions?deleted=true", R"([{"subject":"shop.a","version":1},{"subject":"hr.pay","version":3}])"},
      {"/schemas/ids/2/versions?deleted=true", R"([{"subject":"hr.pay","version":1}])"},
      {"/schemas/ids/1/subjects", R"(["shop.a","hr.pay"])"},
      {"/schemas/ids/1/schema", R"(["null","string"])"},
      {"/schemas/guids/aa/ids", R"([{"context":".","id":1}])"},
      {"/schemas/guids/bb/ids", R"([{"context":".","id":2}])"},
  };
  for (const auto& [target, body] : answers) {
    if (request.target == target) return {200, "application/json", body, {}};
  }
  if (request.target.starts_with("/schemas/ids/9")) return {404, "application/json", R"({"error_code":40403})", {}};
  return {200, "application/json", "\"" + request.method + " " + request.target + "\"", {}};
}

class Guard : public testing::Test {
 protected:
  Guard() {
    Config config;
    config.users = {{.name = "root", .password_hash = kSecretHash}, {.name = "shop", .password = "${env:SHOP}"}, {.name = "nobody", .password_hash = kSecretHash}};
    config.super_users = {"root"};
    config.rights = {{"shop", {}, {"shop.*"}}};
    config.has_rights = true;
    auto users = Users::load(config, {{"SHOP", "secret"}});
    EXPECT_TRUE(users.ok());
    rules_ = std::make_shared<AccessRules>(AccessRules{*std::move(users), RegistryRights(config)});
    const GuardOptions options{.asks = {true, false}, .rules = [this] { return rules_; }};
    registry_ = guard_registry(options, registry);
    admin_ = guard_admin(options, registry);
  }

  static io::HttpRequest request(const std::string& method, const std::string& target, const std::string& user, const std::string& password = "secret") {
    io::HttpRequest made{method, target, {}, ""};
    if (!user.empty()) made.headers.emplace_back("authorization", io::basic_authorization({user, password}));
    return made;
  }
  [[nodiscard]] io::HttpResponse get(const std::string& target, const std::string& user = "shop") const { return registry_(request("GET", target, user)); }

  std::shared_ptr<const AccessRules> rules_;
  io::HttpHandler registry_, admin_;
};

TEST_F(Guard, WhoProvesNothingIsAskedInTheRegistrysForm) {
  for (const auto& wrong : {request("GET", "/subjects", ""), request("GET", "/subjects", "shop", "Secret"), request("GET", "/subjects", "root", ""),
                            request("GET", "/subjects", "stranger"), request("GET", "/subjects", "shop", "secretx")}) {
    const auto answer = registry_(wrong);
    EXPECT_EQ(answer.status, 401);
    EXPECT_NE(answer.body.find("\"error_code\":401"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.headers.at(0).first, "WWW-Authenticate");
  }
  for (int i = 0; i < 2; ++i) EXPECT_EQ(get("/subjects", "root").status, 200);  // by the hash, then as it is remembered
  EXPECT_EQ(registry_(request("GET", "/subjects", "root", "other")).status, 401);
}

TEST_F(Guard, AListenerThatDoesNotAskLetsEverythingThrough) {
  auto open = request("DELETE", "/subjects/hr.pay", "");
  open.listener = 1;
  EXPECT_EQ(registry_(open).status, 200);
}

TEST_F(Guard, RightsDecideAndARefusalHasTheRegistrysForm) {
  EXPECT_EQ(get("/subjects/shop.a/versions").status, 200);
  EXPECT_EQ(registry_(request("POST", "/subjects/shop.a/versions", "shop")).status, 200);
  for (const auto* target : {"/subjects/hr.pay", "/config", "/contexts/.c/subjects/shop.a"}) {
    const auto refused = registry_(request("DELETE", target, "shop"));
    EXPECT_EQ(refused.status, 403) << target;
    EXPECT_NE(refused.body.find("\"error_code\":40301"), std::string::npos) << refused.body;
    EXPECT_EQ(registry_(request("DELETE", target, "root")).status, 200) << target;
  }
  EXPECT_EQ(get("/subjects/shop.a/versions", "nobody").status, 403);
}

TEST_F(Guard, ListsShowWhatMayBeReadAndPagesAreCutFromThat) {
  EXPECT_EQ(get("/subjects").body, R"(["shop.a","shop.b"])");
  EXPECT_EQ(get("/subjects?offset=1&limit=5").body, R"(["shop.b"])");
  EXPECT_EQ(get("/subjects?limit=1").body, R"(["shop.a"])");
  EXPECT_EQ(get("/subjects?offset=7").body, "[]");
  EXPECT_EQ(get("/subjects?limit=-1").body, R"(["shop.a","shop.b"])");
  EXPECT_EQ(get("/schemas").body, R"([{"subject":"shop.a","id":1}])");
  EXPECT_EQ(get("/subjects", "root").body, R"(["shop.a","shop.b","hr.pay"])");
  EXPECT_EQ(get("/subjects", "nobody").body, "[]");
}

TEST_F(Guard, ASchemaIsReadByWhoMayReadASubjectThatHasIt) {
  EXPECT_EQ(get("/schemas/ids/1").status, 200);
  EXPECT_EQ(get("/schemas/ids/2").status, 403);
  EXPECT_EQ(get("/schemas/ids/9").status, 404);
  EXPECT_EQ(get("/schemas/ids/1/subjects").body, R"(["shop.a"])");
  EXPECT_EQ(get("/schemas/ids/1/schema").body, R"(["null","string"])") << "a schema that is a list is no list of subjects";
  EXPECT_EQ(get("/schemas/guids/aa").status, 200);
  EXPECT_EQ(get("/schemas/guids/bb").status, 403);
  EXPECT_EQ(get("/schemas/ids/2", "root").status, 200);
}

TEST_F(Guard, OnTheAdminListenerUsersLookAndSuperUsersChange) {
  EXPECT_EQ(admin_(request("GET", "/healthz", "")).status, 200);
  EXPECT_EQ(admin_(request("GET", "/healthz?x", "")).status, 401);
  EXPECT_EQ(admin_(request("GET", "/status", "")).status, 401);
  EXPECT_EQ(admin_(request("GET", "/status", "nobody")).status, 200);
  EXPECT_EQ(admin_(request("POST", "/verify", "nobody")).status, 403);
  EXPECT_EQ(admin_(request("POST", "/verify", "root")).status, 200);
}

TEST(Users, ASecretThatIsMissingOrEmptyIsRefusedByTheUsersName) {
  Config config;
  config.users = {{.name = "alice", .password = "${env:NONE}"}};
  for (const Environment& environment : {Environment{}, Environment{{"NONE", ""}}}) {
    const auto loaded = Users::load(config, environment);
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.error().message.find("security.users.alice"), std::string::npos) << loaded.error();
  }
}

}  // namespace
}  // namespace sluice::server
