#include "deliver/archive/row_choice.h"

#include <algorithm>

namespace sluice::deliver::archive {

Result<RowChoice::Verdict> RowChoice::takes(const pipeline::ReadRecord& record, const EncodedRow& encoded, ByteView row) {
  if (!encoded.reason.empty() || (!record.value && !filter_.decides_deletes())) return Verdict{.takes = true};
  auto found = compiled_.find(encoded.schema);
  if (found == compiled_.end()) {
    SLUICE_TRY(auto compiled, compile(*encoded.schema));
    found = compiled_.emplace(encoded.schema, std::move(compiled)).first;
  }
  const auto passes = found->second.passes(row);
  if (!passes.ok()) return Verdict{.takes = true, .failure = passes.error().message};
  return Verdict{.takes = *passes};
}

// Rows of an old version of a table may be read before the first that has a column: the registry knows it already.
Result<RowFilter> RowChoice::compile(const RowSchema& schema) const {
  SLUICE_TRY(const auto row, avro::Schema::parse(schema.text, {.validate_defaults = false}));
  const bool complete = std::ranges::all_of(filter_.columns(), [&](const auto* column) { return row.root().field(column->text) != nullptr; });
  if (complete) return RowFilter::compile(filter_, row);
  const auto latest = catalog_.latest(topic_ + "-value");
  if (!latest.ok() && latest.error().code != ErrorCode::not_found) return latest.error();
  if (latest.ok()) {
    if (const auto known = own_columns(*latest, columns_); known.ok()) return RowFilter::compile(filter_, row, &*known);
  }
  return RowFilter::compile(filter_, row);
}

}  // namespace sluice::deliver::archive
