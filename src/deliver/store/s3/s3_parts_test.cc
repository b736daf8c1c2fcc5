// Addresses, answers, meanings of refusals, credentials.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "deliver/store/s3/credentials.h"
#include "deliver/store/s3/s3_address.h"
#include "deliver/store/s3/s3_client.h"
#include "deliver/store/s3/s3_error.h"
#include "deliver/store/s3/s3_store.h"
#include "deliver/store/s3/s3_xml.h"
#include "io/http_server.h"

namespace sluice::deliver::store::s3 {
namespace {

using ::testing::ElementsAre;

Environment environment(std::map<std::string, std::string> variables = {}) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(S3Address, HoldsWhatTheUrlSays) {
  const auto amazon = parse_s3_url("s3://shop-archive/a/b/?region=eu-central-1", environment());
  ASSERT_TRUE(amazon.ok()) << amazon.error();
  EXPECT_EQ(amazon->prefix, "a/b/");
  EXPECT_TRUE(amazon->https);
  EXPECT_EQ(amazon->host, "shop-archive.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(amazon->path, "/");
  EXPECT_EQ(amazon->text(), "s3://shop-archive/a/b");
  const auto own = parse_s3_url("s3://archive?endpoint=http://127.0.0.1:7070&profile=p", environment());
  ASSERT_TRUE(own.ok()) << own.error();
  EXPECT_FALSE(own->https);
  EXPECT_EQ(own->host, "127.0.0.1:7070");
  EXPECT_EQ(own->path, "/archive/");
  EXPECT_EQ(own->region, "us-east-1");
  EXPECT_EQ(own->profile, "p");
  EXPECT_EQ(own->text(), "s3://archive");
}

TEST(S3Address, TakesTheRestFromTheEnvironment) {
  const auto env = environment({{"AWS_REGION", "cn-north-1"}, {"AWS_PROFILE", "x"}});
  EXPECT_EQ(parse_s3_url("s3://abc", env)->host, "abc.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(parse_s3_url("s3://abc", env)->profile, "x");
  EXPECT_EQ(parse_s3_url("s3://abc?region=eu-west-1", env)->region, "eu-west-1");
  const auto endpoint = environment({{"AWS_ENDPOINT_URL", "https://minio.example:9000/"}});
  EXPECT_EQ(parse_s3_url("s3://abc", endpoint)->host, "minio.example:9000");
  EXPECT_EQ(parse_s3_url("s3://abc?style=host", endpoint)->host, "abc.minio.example:9000");
  EXPECT_EQ(parse_s3_url("s3://a.b.c?region=eu-west-1", environment())->path, "/a.b.c/");
  EXPECT_EQ(parse_s3_url("s3://abc?region=eu-west-1&style=path", environment())->host, "s3.eu-west-1.amazonaws.com");
}

TEST(S3Address, SaysWhatIsWrong) {
  for (const auto* url : {"", "http://x", "s3://", "s3://AB?region=x", "s3://abc", "s3://abc?region=x&style=y",
                          "s3://abc?regoin=x", "s3://abc?endpoint=127.0.0.1:80", "s3://abc?endpoint=http://",
                          "s3://abc?endpoint=http://h/path", "s3://abc/a//b?region=x", "s3://abc?region=a/b"}) {
    const auto parsed = parse_s3_url(url, environment());
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(parsed.error().code, ErrorCode::rejected) << url;
    EXPECT_FALSE(parsed.error().hint.empty()) << url;
  }
}

TEST(S3Xml, ReadsListings) {
  const auto page = parse_objects(
      "<?xml version=\"1.0\"?><ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>t==</NextContinuationToken><Contents><Key>a&amp;b "
      "&lt;c&gt;</Key><Size>3</Size></Contents>"
      "<Contents><Key>&#x65E5;</Key></Contents><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></"
      "ListBucketResult>");
  ASSERT_TRUE(page.ok()) << page.error();
  EXPECT_THAT(page->keys, ElementsAre("a&b <c>", "\xe6\x97\xa5"));
  EXPECT_THAT(page->prefixes, ElementsAre("p/"));
  EXPECT_EQ(page->next, "t==");
  const auto parts = parse_parts(
      "<ListPartsResult><IsTruncated>false</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"
      "<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><Size>10</Size></Part></ListPartsResult>");
  ASSERT_TRUE(parts.ok()) << parts.error();
  EXPECT_FALSE(parts->next.has_value());
  EXPECT_EQ(
      completion_of(parts->parts),
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
      "<ETag>\"e\"</ETag></Part></CompleteMultipartUpload>");
}

TEST(S3Xml, RefusesWhatIsNoAnswer) {
  for (const auto* xml :
       {"", "<html><body>proxy</body></html>", "<ListBucketResult>", "{}", "<ListPartsResult><Part/></ListPartsResult>",
        "<ListPartsResult><Part><PartNumber>1x</PartNumber><Size>1</Size></Part></ListPartsResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_FALSE(parse_objects(xml).ok()) << xml;
    EXPECT_FALSE(parse_parts(xml).ok()) << xml;
    EXPECT_FALSE(parse_upload_id(xml).ok()) << xml;
    EXPECT_FALSE(parse_error(xml).has_value()) << xml;
  }
}

TEST(S3Error, TellsWhatToDo) {
  const auto error = [](int status, const std::string& code) {
    return error_of({"PUT s3://b/k", "b", "the environment", "12:00"},
                    {.status = status, .headers = {{"date", "15:00"}}, .body = {}},
                    code.empty() ? std::nullopt : std::optional(ErrorBody{code, "message", "eu-west-1", ""}));
  };
  for (const auto* code : {"SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "ExpiredToken"}) {
    EXPECT_EQ(error(403, code).code, ErrorCode::back_off) << code;
    EXPECT_FALSE(error(403, code).hint.empty()) << code;
  }
  const auto skewed = error(403, "RequestTimeTooSkewed").message;
  EXPECT_NE(skewed.find("12:00"), std::string::npos);
  EXPECT_NE(skewed.find("15:00"), std::string::npos);
  EXPECT_EQ(error(404, "NoSuchBucket").code, ErrorCode::back_off);
  EXPECT_EQ(error(404, "NoSuchKey").code, ErrorCode::not_found);
  EXPECT_EQ(error(404, "").code, ErrorCode::not_found);
  EXPECT_EQ(error(409, "ConditionalRequestConflict").code, ErrorCode::back_off);
  EXPECT_EQ(error(507, "").code, ErrorCode::out_of_space);
  EXPECT_NE(error(301, "PermanentRedirect").hint.find("region=eu-west-1"), std::string::npos);
  EXPECT_EQ(error(400, "EntityTooSmall").code, ErrorCode::rejected);
}

TEST(S3Credentials, ComeFromAFilesProfile) {
  const auto* const text =
      "# c\n[default]\naws_access_key_id=A\naws_secret_access_key = S=/+\n\n[ p ]\r\naws_access_key_id = B\r\n"
      "aws_secret_access_key = T\r\naws_session_token = x\r\n[half]\naws_access_key_id = C\n";
  EXPECT_EQ(credentials_in_file(text, "default"), (Credentials{"A", "S=/+"}));
  EXPECT_EQ(credentials_in_file(text, "p"), (Credentials{"B", "T", "x"}));
  EXPECT_EQ(credentials_in_file(text, "half"), std::nullopt);
  EXPECT_EQ(credentials_in_file(text, "none"), std::nullopt);
}

struct Serving {
  std::unique_ptr<io::HttpServer> server;
  std::string url;
  explicit Serving(io::HttpHandler handler) {
    io::HttpServerOptions options;
    options.listen = {{"127.0.0.1", 0}};
    server = io::HttpServer::start(options, std::move(handler)).value();
    url = "http://" + server->addresses().at(0).text();
  }
};

std::string keys_json(const std::string& access) {
  return R"({"Code":"Success","AccessKeyId":")" + access +
         R"(","SecretAccessKey":"S","Token":"T","Expiration":"2023-11-15T00:00:00Z"})";
}

TEST(S3Credentials, ComeFromTheInstanceAndAreFetchedAnewBeforeTheyExpire) {
  std::atomic<int> fetched = 0;
  std::atomic<bool> away = false;
  const Serving serving([&](const io::HttpRequest& request) -> io::HttpResponse {
    if (away) return {503, "text/plain", "", {}};
    if (request.method == "PUT" && request.target == "/latest/api/token") return {200, "text/plain", "tok", {}};
    if (request.header("x-aws-ec2-metadata-token") != "tok") return {401, "text/plain", "", {}};
    if (request.target == "/latest/meta-data/iam/security-credentials/") return {200, "text/plain", "role-x\n", {}};
    if (request.target != "/latest/meta-data/iam/security-credentials/role-x") return {404, "text/plain", "", {}};
    return {200, "text/plain", keys_json("A" + std::to_string(++fetched)), {}};
  });
  const auto web = io::WebClient::create({}).value();
  io::ManualClock clock;
  clock.set_wall_ms(1'700'000'000'000);  // 2023-11-14T22:13:20Z
  CredentialsSource source(environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", serving.url}}), "default", *web, clock);
  EXPECT_EQ(source.get()->access_key, "A1");
  EXPECT_EQ(source.get()->session_token, "T");
  EXPECT_EQ(fetched, 1);
  clock.set_wall_ms(1'700'006'400'000 - 4 * 60'000);  // four minutes before the end
  away = true;
  EXPECT_EQ(source.get()->access_key, "A1");
  away = false;
  EXPECT_EQ(source.get()->access_key, "A2");
}

TEST(S3Credentials, ComeFromTheContainer) {
  const Serving serving([](const io::HttpRequest& request) -> io::HttpResponse {
    return {request.header("authorization") == "secret" && request.target == "/c" ? 200 : 403, "", keys_json("C"), {}};
  });
  const auto web = io::WebClient::create({}).value();
  CredentialsSource source(environment({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", serving.url + "/c"},
                                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret"}}),
                           "default", *web, io::system_clock());
  EXPECT_EQ(source.get()->access_key, "C");
}

TEST(S3Credentials, AreMissedWithAHint) {
  const auto web = io::WebClient::create({}).value();
  CredentialsSource source(environment({{"AWS_EC2_METADATA_DISABLED", "true"}}), "default", *web, io::system_clock());
  EXPECT_EQ(source.get().error().code, ErrorCode::back_off);
  EXPECT_FALSE(source.get().error().hint.empty());
}

struct ClientUnderTest {
  std::vector<std::int64_t> waits;
  std::unique_ptr<S3Client> client;
  explicit ClientUnderTest(const std::string& endpoint,
                           Environment env = environment({{"AWS_ACCESS_KEY_ID", "A"},
                                                          {"AWS_SECRET_ACCESS_KEY", "S"}})) {
    S3ClientOptions options;
    options.environment = std::move(env);
    options.wait = [this](std::int64_t ms) { waits.push_back(ms); };
    client = S3Client::create(parse_s3_url("s3://abc?endpoint=" + endpoint, environment()).value(), options).value();
  }
};

TEST(S3Store, RefusesAServerThatOverwrites) {
  std::atomic<int> written = 0;
  for (const bool heeds_put : {false, true}) {
    const Serving serving([&](const io::HttpRequest& request) -> io::HttpResponse {
      const bool probe = request.target.starts_with("/abc/_sluice-probe-");
      if (!probe) ++written;
      if (request.target.ends_with("?uploads=")) {
        return {200, "", "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>", {}};
      }
      static std::atomic<int> puts = 0;
      if (heeds_put && request.header("if-none-match") && request.method == "PUT" && ++puts > 1)
        return {412, "", "", {}};
      return {200, "", "", {}};
    });
    const auto environment_of_keys = environment({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}});
    S3Options options;
    options.client.environment = environment_of_keys;
    const auto address = parse_s3_url("s3://abc?endpoint=" + serving.url, environment());
    const auto store = S3Store::create(*address, options).value();
    const auto put = store->put("t", "a", "x");
    ASSERT_FALSE(put.ok());
    EXPECT_EQ(put.error().code, ErrorCode::rejected) << put.error();
    EXPECT_EQ(written, 0);
  }
}

TEST(S3Client, IsPatientWithAServerThatAsksForIt) {
  std::atomic<int> requests = 0;
  const Serving serving([&](const io::HttpRequest&) -> io::HttpResponse {
    if (++requests < 3) return {503, "", "<Error><Code>SlowDown</Code></Error>", {{"Retry-After", "2"}}};
    return {200, "", "", {}};
  });
  ClientUnderTest under(serving.url);
  EXPECT_TRUE(under.client->ask({.method = "GET", .key = "k"}).ok());
  EXPECT_THAT(under.waits, ElementsAre(2000, 2000));
}

TEST(S3Client, GivesUpInTheEndWithBackOff) {
  std::atomic<int> requests = 0;
  const Serving serving([&](const io::HttpRequest& request) -> io::HttpResponse {
    ++requests;
    if (request.target == "/abc/long") return {503, "", "", {{"Retry-After", "3600"}}};
    return {500, "", "", {}};
  });
  ClientUnderTest under(serving.url);
  EXPECT_EQ(under.client->ask({.method = "GET", .key = "k"}).error().code, ErrorCode::back_off);
  EXPECT_EQ(requests, 5);
  EXPECT_EQ(under.waits.size(), 4U);
  EXPECT_GT(under.waits.back(), under.waits.front());
  EXPECT_EQ(under.client->ask({.method = "GET", .key = "long"}).error().code, ErrorCode::back_off);
  EXPECT_EQ(requests, 6);
}

TEST(S3Client, ReadsTheKeysAgainWhenTheyAreRefused) {
  const auto path = std::filesystem::temp_directory_path() / ("sluice-s3-keys-" + std::to_string(::getpid()));
  const auto write = [&](const char* key) {
    std::ofstream(path) << "[default]\naws_access_key_id=" << key << "\naws_secret_access_key=S\n";
  };
  const Serving serving([&](const io::HttpRequest& request) -> io::HttpResponse {
    const bool good = request.header("authorization")->find("Credential=GOOD/") != std::string_view::npos;
    return good ? io::HttpResponse{200, "", "", {}}
                : io::HttpResponse{403, "", "<Error><Code>ExpiredToken</Code></Error>", {}};
  });
  write("OLD");
  ClientUnderTest under(serving.url, environment({{"AWS_SHARED_CREDENTIALS_FILE", path.string()}}));
  const auto refused = under.client->ask({.method = "GET", .key = "k"});
  EXPECT_EQ(refused.error().code, ErrorCode::back_off);
  EXPECT_NE(refused.error().message.find(path.string()), std::string::npos) << refused.error();
  write("GOOD");
  EXPECT_TRUE(under.client->ask({.method = "GET", .key = "k"}).ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::deliver::store::s3
