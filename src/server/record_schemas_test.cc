#include "server/record_schemas.h"

#include <gtest/gtest.h>

#include "pipeline/memory_catalog_testing.h"

namespace sluice::server {
namespace {

using node::SubjectNames;

// Counts how often it is asked, and forgets versions.
class Catalog final : public pipeline::SchemaCatalog {
 public:
  Result<SchemaId> add(const std::string& subject, const std::string& schema) override { return inner.add(subject, schema); }
  Result<std::string> schema(SchemaId id) override { return inner.schema(id); }
  Result<std::string> latest(const std::string& subject) override { return inner.latest(subject); }
  Result<void> set_compatibility(const std::string& subject, const std::string& level, bool logical) override { return inner.set_compatibility(subject, level, logical); }
  Result<bool> has(const std::string& subject, SchemaId id) override {
    ++asked;
    return deleted == id ? Result<bool>(false) : inner.has(subject, id);
  }
  std::uint64_t changes() const override { return deleted.value == 0 ? 0 : 1; }
  Result<SchemaId> by_guid(ByteView guid) override {
    return guid == ByteView("0123456789abcdef") ? Result<SchemaId>(SchemaId{1}) : Error{ErrorCode::not_found, "no schema has this GUID"};
  }

  pipeline::MemoryCatalog inner;
  int asked = 0;
  SchemaId deleted{0};
};

constexpr const char* kUser = R"({"type":"record","namespace":"shop","name":"User","fields":[]})";

TEST(RecordSchemas, ASchemaOfTheTopicsSubjectIsTakenAndRemembered) {
  Catalog catalog;
  const auto id = *catalog.add("users-value", kUser);
  RecordSchemas schemas(catalog);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::topic_name, id), "");
  EXPECT_EQ(catalog.asked, 1);
  EXPECT_NE(*schemas.why_not("users", true, SubjectNames::topic_name, id), "") << "not a schema of the key";
  EXPECT_NE(*schemas.why_not("others", false, SubjectNames::topic_name, id), "");
  EXPECT_NE(schemas.why_not("users", false, SubjectNames::topic_name, SchemaId{99})->find("'users-value'"), std::string::npos);
}

TEST(RecordSchemas, WhatWasNotFoundIsAskedForAgain) {
  Catalog catalog;
  RecordSchemas schemas(catalog);
  EXPECT_NE(*schemas.why_not("users", false, SubjectNames::topic_name, SchemaId{1}), "");
  ASSERT_EQ(catalog.add("users-value", kUser)->value, 1);
  EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::topic_name, SchemaId{1}), "");
}

TEST(RecordSchemas, ADeletionIsNoticedAtOnce) {
  Catalog catalog;
  const auto id = *catalog.add("users-value", kUser);
  RecordSchemas schemas(catalog);
  EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::topic_name, id), "");
  catalog.deleted = id;
  EXPECT_NE(*schemas.why_not("users", false, SubjectNames::topic_name, id), "");
}

TEST(RecordSchemas, SubjectsMayBeNamedByRecords) {
  Catalog catalog;
  const auto id = *catalog.add("shop.User", kUser);
  ASSERT_EQ(*catalog.add("users-shop.User", kUser), id);
  const auto nameless = *catalog.add("shop.User", R"("string")");
  RecordSchemas schemas(catalog);
  EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::record_name, id), "");
  EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::topic_record_name, id), "");
  EXPECT_NE(*schemas.why_not("others", false, SubjectNames::topic_record_name, id), "");
  EXPECT_NE(*schemas.why_not("users", false, SubjectNames::record_name, nameless), "");
  EXPECT_NE(*schemas.why_not("users", false, SubjectNames::record_name, SchemaId{99}), "");
}

TEST(RecordSchemas, AGuidStandsForItsSchema) {
  Catalog catalog;
  ASSERT_EQ(catalog.add("users-value", kUser)->value, 1);
  RecordSchemas schemas(catalog);
  EXPECT_EQ(*schemas.why_not("users", false, SubjectNames::topic_name, Bytes("0123456789abcdef")), "");
  EXPECT_NE(*schemas.why_not("users", false, SubjectNames::topic_name, Bytes("fedcba9876543210")), "");
}

TEST(RecordSchemas, ARegistryThatCannotTellIsAnErrorAndNoRefusal) {
  Catalog catalog;
  catalog.inner.set_unreachable(true);
  RecordSchemas schemas(catalog);
  EXPECT_EQ(schemas.why_not("users", false, SubjectNames::topic_name, SchemaId{1}).error().code, ErrorCode::back_off);
}

}  // namespace
}  // namespace sluice::server
