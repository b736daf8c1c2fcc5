#include "deliver/archive/filter/filter.h"

#include <algorithm>

#include "deliver/archive/rows/row_columns.h"
#include "sql/expression.h"

namespace sluice::deliver::archive {

namespace {

void add_columns(const sql::Expression& expression, std::vector<std::string>& columns) {
  if (expression.kind == sql::Expression::Kind::column && std::ranges::find(columns, expression.text) == columns.end()) {
    columns.push_back(expression.text);
  }
  for (const auto& part : expression.parts) add_columns(part, columns);
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  auto parsed = sql::parse_expression(text);
  if (!parsed.ok()) {
    auto error = std::move(parsed).error();
    error.message = "where, " + error.message;
    if (error.hint.empty()) error.hint = R"(write it like "region = 'EU' AND total > 100")";
    return error;
  }
  Filter out;
  out.text_ = text;
  add_columns(*parsed, out.columns_);
  out.expression_ = std::make_shared<const sql::Expression>(*std::move(parsed));
  return out;
}

bool Filter::decides_deletes() const { return !columns_.empty() && std::ranges::all_of(columns_, is_archive_column); }

}  // namespace sluice::deliver::archive
