#pragma once
// Which records of a topic are archived, by the topic's filter; compiled anew for each version of the topic's schema.

#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "deliver/archive/filter/filter.h"
#include "deliver/archive/row_encoder.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::deliver::archive {

class RowChoice {
 public:
  // All references must outlive it.
  RowChoice(const Filter& filter, const ColumnChoice& columns, const std::string& topic, pipeline::SchemaCatalog& catalog)
      : filter_(filter), columns_(columns), topic_(topic), catalog_(catalog) {}

  struct Verdict {
    bool takes = false;
    std::string failure = {};  // why the filter fails for the row; else empty
  };
  // Whether the record is one of the archive's, by its row. Dead letters are: nobody knows whether they would pass. So are
  // deletes, unless the filter decides on them, and rows that it fails for: as dead letters. Errors: rejected: neither the archive's schema of the topic nor the
  // registry's newest has a column that the filter names, or it is of another type; those of the catalog.
  [[nodiscard]] Result<Verdict> takes(const pipeline::ReadRecord& record, const EncodedRow& encoded, ByteView row);

 private:
  [[nodiscard]] Result<RowFilter> compile(const RowSchema& schema) const;

  const Filter& filter_;
  const ColumnChoice& columns_;
  const std::string& topic_;
  pipeline::SchemaCatalog& catalog_;
  std::map<const RowSchema*, RowFilter> compiled_;
};

}  // namespace sluice::deliver::archive
