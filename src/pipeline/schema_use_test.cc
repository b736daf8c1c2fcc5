#include "pipeline/schema_use.h"

#include <gtest/gtest.h>

#include "pipeline/memory_log_testing.h"

namespace sluice::pipeline {
namespace {

Bytes framed(std::int32_t id) {
  Bytes out(5, '\0');
  store_be<std::int32_t>(out.data() + 1, id);
  return out + "body";
}

class SchemaUse : public testing::Test {
 protected:
  SchemaUse() {
    EXPECT_TRUE(log_.ensure_topic({.name = "t", .partitions = 2}).ok());
    producer_ = *log_.producer("test");
  }
  void append(std::int32_t partition, std::optional<ByteView> key, std::optional<ByteView> value, std::span<const Header> headers = {}) {
    ASSERT_TRUE(producer_->append({"t", partition, 1, key, value, headers}).ok());
  }

  MemoryLog log_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(SchemaUse, AnIdIsFoundInAnyPartitionsKeysAndValues) {
  ASSERT_TRUE(producer_->begin().ok());
  for (int i = 0; i < 100; ++i) append(0, std::nullopt, framed(1));
  append(1, framed(2), std::nullopt);
  append(1, std::nullopt, "no frame");
  ASSERT_TRUE(producer_->commit({}).ok());
  EXPECT_TRUE(*may_hold(log_, "t", SchemaId{1}));
  EXPECT_TRUE(*may_hold(log_, "t", SchemaId{2}));
  EXPECT_FALSE(*may_hold(log_, "t", SchemaId{3}));
  EXPECT_FALSE(*may_hold(log_, "none", SchemaId{1}));
}

TEST_F(SchemaUse, HeadersNameSchemasByIdAndGuid) {
  ASSERT_TRUE(producer_->begin().ok());
  const Bytes by_guid = "\1" "0123456789abcdef", by_id = framed(4).substr(0, 5);
  const Header value{"__value_schema_id", by_guid}, key{"__key_schema_id", by_id};
  append(0, "bare", std::nullopt, {{key}});
  ASSERT_TRUE(producer_->commit({}).ok());
  EXPECT_TRUE(*may_hold(log_, "t", SchemaId{4}));
  EXPECT_FALSE(*may_hold(log_, "t", SchemaId{9}));
  ASSERT_TRUE(producer_->begin().ok());
  append(0, std::nullopt, "bare", {{value}});
  ASSERT_TRUE(producer_->commit({}).ok());
  EXPECT_TRUE(*may_hold(log_, "t", SchemaId{9})) << "it may be this one";
}

TEST_F(SchemaUse, WithoutAnIdAnyRecordCounts) {
  EXPECT_FALSE(*may_hold(log_, "t", std::nullopt));
  ASSERT_TRUE(producer_->begin().ok());
  append(1, std::nullopt, "plain");
  ASSERT_TRUE(producer_->commit({}).ok());
  EXPECT_TRUE(*may_hold(log_, "t", std::nullopt));
}

}  // namespace
}  // namespace sluice::pipeline
