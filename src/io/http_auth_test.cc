#include "io/http_auth.h"

#include <gtest/gtest.h>

namespace sluice::io {
namespace {

TEST(HttpAuth, BasicCredentialsComeBackAsTheyWereSent) {
  EXPECT_EQ(basic_authorization({"Aladdin", "open sesame"}), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617
  for (const auto* password : {"", "a", "a:b", "p\xc3\xa4ss"}) {
    const auto back = parse_basic_authorization(basic_authorization({"u", password}));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->user, "u");
    EXPECT_EQ(back->password, password);
  }
  EXPECT_EQ(parse_basic_authorization("bAsIc  QTpi")->user, "A");
}

TEST(HttpAuth, WhatIsNotBasicGivesNothing) {
  for (const auto* header : {"", "Basic", "Basic ", "Basic !!!!", "Basic QQ==", "Basic QTp", "Bearer QTpi", "Digest QTpi"}) {
    EXPECT_FALSE(parse_basic_authorization(header).has_value()) << header;
  }
}

// Made by `openssl passwd -6 -salt saltsalt secret` and -5; bcrypt's and yescrypt's by mkpasswd.
TEST(HttpAuth, PasswordsFitTheirHashesAndNoOther) {
  const std::string hashes[] = {
      "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
      "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
      "$2b$04$4UCYTnB1CHpZ/NAfti8ZcOvW38eQwJSzDodshgxa8XHjd6OgP1YXm",
      "$y$j75$jevZ.c7AEwVt8E4z9qBlW/$Q1xoLm8lofFi8nNHXASxMoIYXFLpcBQqIcWuu80roY6",
  };
  for (const auto& hash : hashes) {
    EXPECT_TRUE(is_password_hash(hash)) << hash;
    EXPECT_TRUE(password_fits("secret", hash)) << hash;
    EXPECT_FALSE(password_fits("Secret", hash)) << hash;
    EXPECT_FALSE(password_fits("", hash)) << hash;
  }
}

TEST(HttpAuth, WeakAndBrokenHashesAreNone) {
  for (const auto* hash : {"", "secret", "$1$abc$0123456789012345678901", "rl.3StKT.4T8M", "$9$x$y", "$2b$99$short", "*0"}) {
    EXPECT_FALSE(is_password_hash(hash)) << hash;
    EXPECT_FALSE(password_fits("*0", hash)) << hash;
  }
}

TEST(HttpAuth, SecretsAreComparedWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

}  // namespace
}  // namespace sluice::io
