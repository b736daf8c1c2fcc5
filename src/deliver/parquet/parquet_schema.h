#pragma once
// A shape as the schema of a Parquet file (docs/formats/parquet.md, Types).

#include <memory>

#include "base/result.h"
#include "deliver/parquet/shape.h"

namespace parquet {
class SchemaDescriptor;
namespace schema {
class GroupNode;
}
}  // namespace parquet

namespace sluice::deliver::parquet {

[[nodiscard]] std::shared_ptr<::parquet::schema::GroupNode> parquet_schema(const Shape& shape);

// Whether a file's columns are those of the shape. Errors: corrupt, with the first that is not.
[[nodiscard]] Result<void> check_columns(const Shape& shape, const ::parquet::SchemaDescriptor& file);

}  // namespace sluice::deliver::parquet
