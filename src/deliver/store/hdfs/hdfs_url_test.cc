#include "deliver/store/hdfs/hdfs_url.h"

#include <gtest/gtest.h>

namespace sluice::deliver::store::hdfs {
namespace {

using Names = std::vector<std::string>;

Error refusal(std::string_view text) {
  auto url = parse_hdfs_url(text);
  EXPECT_FALSE(url.ok()) << text;
  return url.ok() ? Error{} : url.error();
}

TEST(HdfsUrl, SaysTheNameNodesFolderAndUser) {
  const auto url = parse_hdfs_url("hdfs://one:9870/data/archive/?user=etl&namenodes=two:9871,three");
  ASSERT_TRUE(url.ok()) << url.error();
  EXPECT_EQ(url->name_nodes, (Names{"one:9870", "two:9871", "three:9870"}));
  EXPECT_EQ(url->root, "/data/archive");
  EXPECT_EQ(url->user, "etl");
  EXPECT_FALSE(url->tls);
  EXPECT_FALSE(url->gateway);
  EXPECT_EQ(url->where(), "hdfs://one:9870/data/archive");
}

TEST(HdfsUrl, PortsAreHadoopsOwn) {
  EXPECT_EQ(parse_hdfs_url("hdfs://nn")->name_nodes, Names{"nn:9870"});
  EXPECT_EQ(parse_hdfs_url("hdfs+https://nn/")->name_nodes, Names{"nn:9871"});
  EXPECT_EQ(parse_hdfs_url("hdfs://nn?gateway=httpfs")->name_nodes, Names{"nn:14000"});
  EXPECT_EQ(parse_hdfs_url("hdfs://[::1]/x")->name_nodes, Names{"[::1]:9870"});
}

TEST(HdfsUrl, TheRootIsAFolderToo) {
  EXPECT_EQ(parse_hdfs_url("hdfs://nn:1")->root, "");
  EXPECT_EQ(parse_hdfs_url("hdfs://nn:1/")->root, "");
}

TEST(HdfsUrl, NamesArePercentDecoded) {
  const auto url = parse_hdfs_url("hdfs+https://nn/a%20b?token_file=/run/a%26b&ca_file=/ca");
  ASSERT_TRUE(url.ok()) << url.error();
  EXPECT_EQ(url->root, "/a b");
  EXPECT_EQ(url->token_file, "/run/a&b");
  EXPECT_EQ(url->ca_file, "/ca");
  EXPECT_TRUE(url->tls);
}

TEST(HdfsUrl, ASlipOfTheFingerIsToldTheNameThatWasMeant) {
  EXPECT_NE(refusal("hdfs://nn/x?namenode=two:1").hint.find("'namenodes'"), std::string::npos);
  EXPECT_NE(refusal("hdfs://nn/x?usr=etl").hint.find("'user'"), std::string::npos);
  EXPECT_NE(refusal("hdfs://nn/x?compression=1").hint.find("token_file"), std::string::npos);
}

TEST(HdfsUrl, WhatIsNoUrlIsRefused) {
  for (const auto* text : {"", "hdfs:/x", "file:///x", "hdfs://", "hdfs:///x", "hdfs://:9870/x", "hdfs://nn:port/x",
                           "hdfs://nn:99999/x", "hdfs://nn/a//b", "hdfs://nn/../x", "hdfs://nn/a/.", "hdfs://nn/x#y",
                           "hdfs://etl@nn/x", "hdfs://nn/x?user", "hdfs://nn/x?user=", "hdfs://nn/x?gateway=knox",
                           "hdfs://nn/x?namenodes=a:1,,b:1", "hdfs://nn/x?ca_file=/ca", "hdfs://nn/x?user=a&token_file=/t",
                           "hdfs://nn/x?gateway=httpfs&namenodes=b:1"}) {
    EXPECT_EQ(refusal(text).code, ErrorCode::rejected) << text;
    EXPECT_FALSE(refusal(text).hint.empty()) << text;
  }
}

}  // namespace
}  // namespace sluice::deliver::store::hdfs
