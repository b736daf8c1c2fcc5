#include "server/admin.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::server {
namespace {

ServerStatus serving(std::vector<pipeline::StageStatus> stages = {}) {
  ServerStatus status;
  status.state = "serving";
  status.stages = std::move(stages);
  return status;
}

pipeline::StageStatus stage(const std::string& state, const std::string& error = "") {
  pipeline::StageStatus out;
  out.kind = "source";
  out.name = "shop";
  out.state = state;
  out.error = error;
  return out;
}

io::HttpResponse get(const ServerStatus& status, const std::string& target, const std::string& method = "GET",
                     std::vector<std::pair<std::string, std::string>> headers = {}) {
  const auto handler = admin_handler({.status = [&] { return status; },
                                      .metrics = [] { return std::string("sluice_up 1\n"); },
                                      .verify = [](const io::HttpRequest&) { return io::HttpResponse{}; },
                                      .sinks = [](const io::HttpRequest&) { return io::HttpResponse{}; },
                                      .views = [](const io::HttpRequest&) { return io::HttpResponse{}; }});
  return handler({method, target, headers, ""});
}

TEST(Readiness, IsTheReasonsOfAllWhoDoNotDoTheirWork) {
  EXPECT_EQ(get(serving(), "/readyz").status, 200);
  EXPECT_EQ(get(serving({stage("snapshot"), stage("streaming")}), "/readyz").status, 200);
  const auto waiting = get(serving({stage("streaming"), stage("waiting", "no such host"), stage("failed", "the slot is gone")}), "/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.body, "source shop: waiting: no such host\nsource shop: failed: the slot is gone\n");
  EXPECT_EQ(get(serving({stage("starting")}), "/readyz").status, 503);
  ServerStatus draining = serving();
  draining.state = "draining";
  EXPECT_EQ(get(draining, "/readyz").status, 503);
  EXPECT_EQ(get(draining, "/healthz").status, 200);  // it lives
}

TEST(Admin, NamesAreDataInJson) {
  auto named = stage("streaming");
  named.items.push_back({.name = "shop.public.\"<script>\\", .state = "streaming", .note = "a\nb"});
  const auto parsed = boost::json::parse(get(serving({named}), "/status").body);
  EXPECT_EQ(parsed.at("stages").at(0).at("items").at(0).at("name").as_string(), "shop.public.\"<script>\\");
}

TEST(Admin, LetsNoWebPageChangeASink) {
  EXPECT_EQ(get(serving(), "/sinks/lake/pause", "POST").status, 200);
  EXPECT_EQ(get(serving(), "/sinks/lake/pause", "POST", {{"Origin", "http://evil.example"}}).status, 403);
  EXPECT_EQ(get(serving(), "/sinks/lake/pause").status, 404);
}

TEST(Admin, LetsNoWebPageAskOrChangeViews) {
  for (const auto* target : {"/views", "/views/v", "/sql"}) {
    EXPECT_EQ(get(serving(), target, "POST").status, 200) << target;
    EXPECT_EQ(get(serving(), target, "POST", {{"Origin", "http://evil.example"}}).status, 403) << target;
  }
  EXPECT_EQ(get(serving(), "/views/v?key=1").status, 200);
}

TEST(Readiness, AViewIsReadyWhileItIsBuiltAndNotWhileItIsRestored) {
  EXPECT_EQ(get(serving({stage("building")}), "/readyz").status, 200);
  EXPECT_EQ(get(serving({stage("restoring")}), "/readyz").status, 503);
}

TEST(Readiness, APausedSinkIsReady) { EXPECT_EQ(get(serving({stage("paused")}), "/readyz").status, 200); }

TEST(Admin, AnswersNothingElse) {
  EXPECT_EQ(get(serving(), "/").status, 200);
  EXPECT_EQ(get(serving(), "/nothing").status, 404);
  EXPECT_EQ(get(serving(), "/status", "POST").status, 405);
  EXPECT_EQ(get(serving(), "/status?x=1").content_type, "application/json");
}

}  // namespace
}  // namespace sluice::server
