#include "server/registry_rights.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

using Kind = RegistryNeed::Kind;
using Needs = std::vector<RegistryNeed>;

struct Row {
  const char* request;
  Needs needs;
};

Needs needs_of(const std::string& request, const std::string& body = "") {
  const auto space = request.find(' ');
  return registry_needs({request.substr(0, space), request.substr(space + 1), {}, body});
}

const Row kTable[] = {
    {"GET /", {{Kind::nothing}}},
    {"GET /schemas/types", {{Kind::nothing}}},
    {"GET /contexts", {{Kind::nothing}}},
    {"GET /v1/metadata/id", {{Kind::nothing}}},
    {"GET /v1/metadata/version", {{Kind::nothing}}},
    {"GET /subjects", {{Kind::list}}},
    {"GET /subjects?subjectPrefix=a&deleted=true", {{Kind::list}}},
    {"GET /schemas?latestOnly=true", {{Kind::list}}},
    {"GET /contexts/.c/subjects", {{Kind::list}}},
    {"GET /schemas/ids/7", {{Kind::some_subject}}},
    {"GET /schemas/ids/7/schema", {{Kind::some_subject}}},
    {"GET /schemas/ids/7/subjects", {{Kind::some_subject}}},
    {"GET /schemas/ids/7/versions", {{Kind::some_subject}}},
    {"GET /schemas/guids/0f0e", {{Kind::some_subject}}},
    {"GET /schemas/guids/0f0e/ids", {{Kind::some_subject}}},
    {"GET /schemas/ids", {{Kind::read_all}}},
    {"GET /subjects/s/versions", {{Kind::read, "s"}}},
    {"GET /subjects/a%2Fb/versions/latest", {{Kind::read, "a/b"}}},
    {"GET /subjects/s/versions/1/schema", {{Kind::read, "s"}}},
    {"GET /subjects/s/versions/1/referencedby", {{Kind::read, "s"}}},
    {"GET /subjects/s/metadata?key=a", {{Kind::read, "s"}}},
    {"POST /subjects/s", {{Kind::read, "s"}}},
    {"POST /subjects/s?normalize=true", {{Kind::read, "s"}}},
    {"POST /subjects/s/versions", {{Kind::write, "s"}}},
    {"DELETE /subjects/s", {{Kind::write, "s"}}},
    {"DELETE /subjects/s?permanent=true", {{Kind::write, "s"}}},
    {"DELETE /subjects/s/versions/1", {{Kind::write, "s"}}},
    {"PUT /subjects/s", {{Kind::write, "s"}}},
    {"POST /subjects", {{Kind::write_all}}},
    {"POST /compatibility/subjects/s/versions/latest", {{Kind::read, "s"}}},
    {"POST /compatibility/subjects/s/versions", {{Kind::read, "s"}}},
    {"GET /config", {{Kind::nothing}}},
    {"PUT /config", {{Kind::write_all}}},
    {"DELETE /config", {{Kind::write_all}}},
    {"GET /config/s", {{Kind::read, "s"}}},
    {"PUT /config/s", {{Kind::write, "s"}}},
    {"DELETE /config/s", {{Kind::write, "s"}}},
    {"GET /mode", {{Kind::nothing}}},
    {"PUT /mode", {{Kind::write_all}}},
    {"PUT /mode?force=true", {{Kind::write_all}}},
    {"GET /mode/s", {{Kind::read, "s"}}},
    {"PUT /mode/s", {{Kind::write, "s"}}},
    {"DELETE /mode/s", {{Kind::write, "s"}}},
    {"DELETE /contexts/.c", {{Kind::write_all}}},
    {"GET /exporters", {{Kind::read_all}}},
    {"GET /associations/resources/x", {{Kind::nothing}}},
    {"POST /import", {{Kind::write_all}}},
    {"POST /subjects/s/versions/1/tags", {{Kind::write, "s"}}},
    {"PUT /config/__GLOBAL", {{Kind::write_all}}},
    {"PUT /mode/:.__GLOBAL:", {{Kind::write_all}}},
    {"PUT /config/:.c:", {{Kind::write, ":.c:"}}},
    {"PUT /contexts/.c/config", {{Kind::write, ":.c:"}}},
    {"POST /exporters", {{Kind::write_all}}},
    {"POST /", {{Kind::write_all}}},
    // One subject, however it is spelt.
    {"GET /subjects/:.c:s/versions", {{Kind::read, ":.c:s"}}},
    {"GET /subjects/%3A.c%3As/versions", {{Kind::read, ":.c:s"}}},
    {"GET /contexts/.c/subjects/s/versions", {{Kind::read, ":.c:s"}}},
    {"GET /contexts/:.c:/subjects/s/versions", {{Kind::read, ":.c:s"}}},
    {"GET /contexts/./subjects/s/versions", {{Kind::read, "s"}}},
    {"GET /contexts/:.:/subjects/s/versions", {{Kind::read, "s"}}},
    {"GET /subjects/:.:s/versions", {{Kind::read, "s"}}},
      {"PUT /contexts/.c/config/s", {{Kind::write, ":.c:s"}}},
      {"POST /contexts/.c/compatibility/subjects/s/versions", {{Kind::read, ":.c:s"}}},
      {"GET //subjects//s//versions", {{Kind::read, "s"}}},
};

TEST(RegistryRights, EachRequestNeedsItsRight) {
  for (const auto& [request, needs] : kTable) EXPECT_EQ(needs_of(request), needs) << request;
}

TEST(RegistryRights, WhoRefersToASchemaMustBeAbleToReadIt) {
  const auto* body = R"({"schema": "{}", "references": [{"name": "a", "subject": "other", "version": 1}, {"subject": ":.d:x"}]})";
  EXPECT_EQ(needs_of("POST /subjects/s/versions", body), (Needs{{Kind::write, "s"}, {Kind::read, "other"}, {Kind::read, ":.d:x"}}));
  EXPECT_EQ(needs_of("POST /subjects/:.c:s", body), (Needs{{Kind::read, ":.c:s"}, {Kind::read, ":.c:other"}, {Kind::read, ":.d:x"}}));
  EXPECT_EQ(needs_of("POST /compatibility/subjects/s/versions", body).size(), 3U);
  EXPECT_EQ(needs_of("POST /subjects/s/versions", "no JSON").size(), 1U);
}

TEST(RegistryRights, AnAliasNeedsTheRightForWhatItStandsFor) {
  EXPECT_EQ(needs_of("PUT /config/shop.a", R"({"alias": "hr.pay"})"), (Needs{{Kind::write, "shop.a"}, {Kind::write, "hr.pay"}}));
  EXPECT_EQ(needs_of("PUT /config/:.c:a", R"({"alias": "b"})"), (Needs{{Kind::write, ":.c:a"}, {Kind::write, ":.c:b"}}));
}

Config config_of(std::vector<RegistryRight> rights) {
  Config config;
  config.rights = std::move(rights);
  config.super_users = {"root"};
  config.has_rights = true;
  return config;
}

TEST(RegistryRights, GlobsGiveRightsAndWritingIncludesReading) {
  const RegistryRights rights(config_of({{"reader", {"*"}, {}}, {"shop", {"common.*"}, {"shop.*"}}, {"all", {}, {"*"}}}));
  EXPECT_TRUE(rights.may_read("reader", "anything"));
  EXPECT_FALSE(rights.may_write("reader", "anything"));
  EXPECT_TRUE(rights.may_read_all("reader"));
  EXPECT_FALSE(rights.may_write_all("reader"));
  EXPECT_TRUE(rights.may_write("shop", "shop.orders-value"));
  EXPECT_TRUE(rights.may_read("shop", "shop.orders-value"));
  EXPECT_TRUE(rights.may_read("shop", "common.money"));
  EXPECT_FALSE(rights.may_write("shop", "common.money"));
  EXPECT_FALSE(rights.may_read("shop", "shopping"));
  EXPECT_FALSE(rights.may_read("shop", ":.c:shop.orders-value"));
  EXPECT_FALSE(rights.may_read_all("shop"));
  EXPECT_TRUE(rights.may_read_all("all"));
  EXPECT_TRUE(rights.may_write_all("all"));
  EXPECT_TRUE(rights.may_write_all("root"));
  EXPECT_FALSE(rights.may_read("unnamed", "x"));
}

TEST(RegistryRights, WithoutTheSectionEveryUserMayDoEverything) {
  EXPECT_TRUE(RegistryRights(Config{}).may_write_all("anybody"));
  EXPECT_FALSE(RegistryRights(config_of({})).may_read("anybody", "x"));
}

}  // namespace
}  // namespace sluice::server
