#include "deliver/archive/rows/row_columns.h"

#include <gtest/gtest.h>

namespace sluice::deliver::archive {
namespace {

// Its rows would not be values of the schema of rows, whose record has eleven columns more wherever it is meant.
TEST(RowColumns, ARecordThatRefersToItselfIsRefused) {
  const auto itself = own_columns(R"({"type":"record","name":"Value","fields":[{"name":"id","type":"long"},)"
                                  R"({"name":"next","type":["null",{"type":"array","items":"Value"}]}]})");
  ASSERT_FALSE(itself.ok());
  EXPECT_EQ(itself.error().code, ErrorCode::rejected);
  const auto other = own_columns(R"({"type":"record","name":"Value","fields":[{"name":"list","type":{"type":"record","name":"Node",)"
                                 R"("fields":[{"name":"next","type":["null","Node"]}]}},{"name":"again","type":"Node"}]})");
  EXPECT_TRUE(other.ok()) << other.error();
}

}  // namespace
}  // namespace sluice::deliver::archive
