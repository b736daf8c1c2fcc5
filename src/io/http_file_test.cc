#include "io/http_file.h"

#include <gtest/gtest.h>

#include "io/http_client.h"
#include "io/http_server.h"

namespace sluice::io {
namespace {

struct AFile : testing::Test {
  std::string path = testing::TempDir() + "sluice-http-file";
  Bytes bytes;
  HttpFile file;

  void write(std::size_t size) {
    bytes.clear();
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * 7 + i / 251));
    static_cast<void>(real_file_system().remove(path).ok());
    const auto open = *real_file_system().open(path, OpenMode::create_new);
    ASSERT_TRUE(open->write_at(0, bytes).ok());
    ASSERT_TRUE(real_file_system().remove(path).ok());  // the slice is enough
    file.content.file = open;
    file.content.length = size;
    file.content_type = "application/x";
    file.etag = "\"42\"";
    file.last_modified = http_date(1'795'526'400'000);
  }
  [[nodiscard]] HttpResponse ask(std::vector<std::pair<std::string, std::string>> headers) const {
    return answer_with_file({.method = "GET", .target = "/", .headers = std::move(headers), .body = ""}, file);
  }
  [[nodiscard]] static std::string header(const HttpResponse& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return "";
  }
  void expect_part(const std::string& range, std::uint64_t first, std::uint64_t length) {
    const auto answer = ask({{"Range", range}});
    EXPECT_EQ(answer.status, 206) << range;
    ASSERT_TRUE(answer.file);
    EXPECT_EQ(answer.file->offset, first) << range;
    EXPECT_EQ(answer.file->length, length) << range;
    EXPECT_EQ(header(answer, "Content-Range"),
              "bytes " + std::to_string(first) + "-" + std::to_string(first + length - 1) + "/100");
  }
};

TEST_F(AFile, IsGivenWholeWithItsTag) {
  write(100);
  const auto answer = ask({});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.file->length, 100U);
  EXPECT_EQ(header(answer, "ETag"), "\"42\"");
  EXPECT_EQ(header(answer, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(answer, "Last-Modified"), "Tue, 24 Nov 2026 13:20:00 GMT");
}

TEST_F(AFile, IsGivenInARange) {
  write(100);
  expect_part("bytes=0-9", 0, 10);
  expect_part("bytes=90-", 90, 10);
  expect_part("bytes=90-1000", 90, 10);
  expect_part("bytes=-8", 92, 8);
  expect_part("bytes=-1000", 0, 100);
  expect_part(" bytes=99-99 ", 99, 1);
}

TEST_F(AFile, IsGivenWholeForARangeThatIsNone) {
  write(100);
  for (const char* range : {"bytes=5-4", "bytes=x-", "rows=0-9", "bytes=0-1,5-6", "bytes=", "bytes=-", "bytes=1-x"}) {
    EXPECT_EQ(ask({{"Range", range}}).status, 200) << range;
  }
}

TEST_F(AFile, RefusesARangeBehindItsEnd) {
  write(100);
  for (const char* range : {"bytes=100-", "bytes=100-200", "bytes=-0"}) {
    const auto answer = ask({{"range", range}});
    EXPECT_EQ(answer.status, 416) << range;
    EXPECT_EQ(header(answer, "Content-Range"), "bytes */100");
  }
  write(0);
  EXPECT_EQ(ask({{"Range", "bytes=0-0"}}).status, 416);
  EXPECT_EQ(ask({}).status, 200);
}

TEST_F(AFile, KeepsToConditions) {
  write(100);
  EXPECT_EQ(ask({{"If-None-Match", "\"42\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "\"1\", W/\"42\""}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(ask({{"If-None-Match", "\"41\""}}).status, 200);
  EXPECT_EQ(ask({{"If-Match", "\"42\""}}).status, 200);
  EXPECT_EQ(ask({{"If-Match", "\"41\""}}).status, 412);
  EXPECT_EQ(ask({{"If-Match", "W/\"42\""}}).status, 412);
  EXPECT_EQ(ask({{"Range", "bytes=0-1"}, {"If-Range", "\"42\""}}).status, 206);
  EXPECT_EQ(ask({{"Range", "bytes=0-1"}, {"If-Range", "\"41\""}}).status, 200);
  EXPECT_EQ(ask({{"Range", "bytes=0-1"}, {"If-Range", "Tue, 24 Nov 2026 13:20:00 GMT"}}).status, 206);
}

TEST_F(AFile, IsSentInPiecesByTheServer) {
  write(3'000'001);
  const auto server = *HttpServer::start({.listen = {{"127.0.0.1", 0}}},
                                         [&](const HttpRequest& request) { return answer_with_file(request, file); });
  const HttpClient client({server->addresses().at(0), ""});
  const auto whole = client.send({.method = "GET", .target = "/", .headers = {}, .body = ""});
  ASSERT_TRUE(whole.ok()) << whole.error();
  EXPECT_TRUE(whole->body == bytes);
  const auto part = client.send({.method = "GET", .target = "/", .headers = {{"Range", "bytes=1000000-1999999"}}, .body = ""});
  ASSERT_TRUE(part.ok()) << part.error();
  EXPECT_EQ(part->status, 206);
  EXPECT_TRUE(part->body == bytes.substr(1'000'000, 1'000'000));
  const auto same = client.send({.method = "GET", .target = "/", .headers = {{"If-None-Match", "\"42\""}}, .body = ""});
  ASSERT_TRUE(same.ok()) << same.error();
  EXPECT_EQ(same->status, 304);
  EXPECT_EQ(same->body, "");
}

}  // namespace
}  // namespace sluice::io
