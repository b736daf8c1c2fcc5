// The examples of Amazon's own documentation ("Signature Calculations for the Authorization Header", Examples).
#include "deliver/store/s3/signature.h"

#include <gtest/gtest.h>

namespace sluice::deliver::store::s3 {
namespace {

constexpr std::int64_t kTimeMs = 1'369'353'600'000;  // 2013-05-24T00:00:00Z
const Credentials kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

PlainRequest request(const std::string& method, const std::string& path) {
  return {.method = method, .host = "examplebucket.s3.amazonaws.com", .path = path};
}

std::string value_of(const io::WebRequest& request, const std::string& name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "";
}

std::string authorization(const PlainRequest& request) {
  return value_of(sign(request, kKeys, "us-east-1", kTimeMs), "Authorization");
}

TEST(Signature, OfGetWithARange) {
  auto get = request("GET", "/test.txt");
  get.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(authorization(get),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Signature, OfPutWithABodyAndANameToEncode) {
  auto put = request("PUT", "/test$file.text");
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.body = "Welcome to Amazon S3.";
  EXPECT_TRUE(authorization(put).ends_with("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  const auto web = sign(put, kKeys, "us-east-1", kTimeMs);
  EXPECT_EQ(web.url, "http://examplebucket.s3.amazonaws.com/test%24file.text");
  EXPECT_EQ(value_of(web, "x-amz-content-sha256"), "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
}

TEST(Signature, OfAQueryWithoutAndWithValues) {
  auto lifecycle = request("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  EXPECT_TRUE(authorization(lifecycle).ends_with("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  auto list = request("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_TRUE(authorization(list).ends_with("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(Signature, OnlyTlsSparesTheDigestOfALargeBody) {
  const std::string large(kSignedBodyBytes + 1, 'x');
  auto put = request("PUT", "/a");
  put.body = large;
  EXPECT_NE(value_of(sign(put, kKeys, "us-east-1", kTimeMs), "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  put.https = true;
  EXPECT_EQ(value_of(sign(put, kKeys, "us-east-1", kTimeMs), "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  put.body = "small";
  EXPECT_NE(value_of(sign(put, kKeys, "us-east-1", kTimeMs), "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST(Signature, ASessionTokenIsSentAndSigned) {
  auto keys = kKeys;
  keys.session_token = "token";
  const auto web = sign(request("GET", "/a"), keys, "us-east-1", kTimeMs);
  EXPECT_EQ(value_of(web, "x-amz-security-token"), "token");
  EXPECT_NE(value_of(web, "Authorization").find("x-amz-date;x-amz-security-token,"), std::string::npos);
}

}  // namespace
}  // namespace sluice::deliver::store::s3
