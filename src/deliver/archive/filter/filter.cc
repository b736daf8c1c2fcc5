#include "deliver/archive/filter/filter.h"

#include <algorithm>

#include "deliver/archive/rows/row_columns.h"
#include "flow/plan/aggregates.h"
#include "flow/plan/expressions.h"

namespace sluice::deliver::archive {

namespace {

using sql::Expression;

// What binding would refuse, whatever the columns are, so that it is told when the configuration is read.
Result<void> check(const Expression& e, const flow::Places& places) {
  if (e.kind == Expression::Kind::star) return places.rejected(e.position, "* is no value of a row");
  if (e.kind == Expression::Kind::column && !e.qualifier.empty()) {
    return places.rejected(e.position, "there is one topic here, and its columns have no prefix", "write " + e.text);
  }
  if (e.kind != Expression::Kind::function) return {};
  if (flow::is_aggregate(e.text)) return places.rejected(e.position, "aggregate functions are not allowed in WHERE", "make a view, and archive that");
  if (flow::Expressions::is_window(e)) return places.rejected(e.position, e.text + "() is a window, which stands in GROUP BY only");
  return {};
}

Result<void> read(const Expression& e, const flow::Places& places, std::vector<const Expression*>& columns) {
  SLUICE_RETURN_IF_ERROR(check(e, places));
  const auto known = [&] { return std::ranges::find(columns, e.text, &Expression::text) != columns.end(); };
  if (e.kind == Expression::Kind::column && !known()) columns.push_back(&e);
  for (const auto& part : e.parts) SLUICE_RETURN_IF_ERROR(read(part, places, columns));
  return {};
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  Filter out;
  const auto with_hint = [](Error error) {
    if (error.hint.empty()) error.hint = R"(write it like "region = 'EU' AND total > 100")";
    return std::move(error).in("where");
  };
  auto parsed = sql::parse_expression(text);
  if (!parsed.ok()) return with_hint(std::move(parsed).error());
  out.text_ = text;
  out.expression_ = std::make_shared<const Expression>(*std::move(parsed));
  if (auto checked = read(*out.expression_, flow::Places(text), out.columns_); !checked.ok()) return with_hint(std::move(checked).error());
  return out;
}

bool Filter::decides_deletes() const {
  return !columns_.empty() && std::ranges::all_of(columns_, [](const auto* column) { return is_archive_column(column->text); });
}

}  // namespace sluice::deliver::archive
