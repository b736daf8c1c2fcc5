// A filter bound to the columns of a schema: each column that it names is one of the row that flow evaluates it over, read out of its
// field alone; of the other fields only those before are walked over, for where the next begins.

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "deliver/archive/filter/filter.h"
#include "deliver/archive/rows/value_walk.h"
#include "flow/plan/expressions.h"
#include "flow/rows/rows.h"

namespace sluice::deliver::archive {

namespace {

using sql::Expression;

// A column that the row has, and how it is read.
struct FieldRead {
  std::size_t field;
  std::size_t column;                       // in the filter's order
  std::unique_ptr<flow::RowReader> reader;  // of this field alone; none: it is opaque, and only null or not
  std::int64_t null_branch = -1;            // of an opaque one
};

constexpr std::size_t kArenaBytes = std::size_t{4} << 10;

}  // namespace

struct RowFilter::Program {
  explicit Program(ValueWalk of_row) : walk(std::move(of_row)) {}

  ValueWalk walk;
  std::size_t walked = 0;  // fields: to the last that is read
  std::vector<FieldRead> reads = {};
  flow::Scalar condition = {};
  std::vector<ByteView> fields = {};
  std::vector<flow::Value> values = {};  // a column each, in the filter's order; those without a FieldRead stay null
  flow::Arena arena{kArenaBytes};
};

namespace {

bool has_symbols(const avro::Node& type) {
  return type.type == avro::Type::enum_ || std::ranges::any_of(type.branches, [](const auto* branch) { return branch->type == avro::Type::enum_; });
}

std::int64_t null_branch(const avro::Node& type) {
  const auto found = std::ranges::find(type.branches, avro::Type::null, &avro::Node::type);
  return found == type.branches.end() ? -1 : found - type.branches.begin();
}

class Binder {
 public:
  Binder(RowFilter::Program& program, const Filter& filter, const avro::Schema& row, const avro::Schema* known)
      : program_(program), filter_(filter), row_(row), known_(known), places_(filter.text()) {}

  Result<void> bind() {
    for (const auto* column : filter_.columns()) SLUICE_RETURN_IF_ERROR(add(*column));
    SLUICE_RETURN_IF_ERROR(check_order(filter_.expression()));
    flow::Expressions expressions(places_, scope_);
    SLUICE_TRY(auto condition, expressions.plain(filter_.expression(), "WHERE"));
    SLUICE_TRY(program_.condition, expressions.typing().truth(std::move(condition), "WHERE"));
    return {};
  }

 private:
  Result<void> add(const Expression& column) {
    const bool there = field_named(row_, column.text).has_value();
    const auto& schema = there || known_ == nullptr ? row_ : *known_;
    const auto field = field_named(schema, column.text);
    if (!field) return no_such_column(column);
    const auto alone = schema.with_fields({*field});
    const auto& type = *alone.root().fields[0].type;
    SLUICE_TRY(const auto columns, flow::columns_of_schema(alone));
    const auto at = program_.values.size();
    if (there) {
      FieldRead read{.field = *field, .column = at, .reader = {}, .null_branch = null_branch(type)};
      if (columns[0].type.kind != flow::TypeKind::opaque) {
        SLUICE_TRY(read.reader, flow::RowReader::open(alone, columns));
      }
      program_.reads.push_back(std::move(read));
      program_.walked = std::max(program_.walked, *field + 1);
    }
    program_.values.emplace_back();
    scope_.add({.qualifier = {}, .full = {}, .name = column.text, .value = flow::column_of(columns[0].type, at)});
    if (has_symbols(type)) enums_.push_back(column.text);
    return {};
  }

  static std::optional<std::size_t> field_named(const avro::Schema& schema, std::string_view name) {
    const auto& fields = schema.root().fields;
    const auto found = std::ranges::find(fields, name, &avro::Field::name);
    return found == fields.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - fields.begin()));
  }

  [[nodiscard]] Error no_such_column(const Expression& column) const {
    const auto& name = column.text;
    std::vector<std::string_view> names;
    for (const auto& field : row_.root().fields) names.push_back(field.name);
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    for (const auto other : names) {
      if (!std::ranges::equal(other, name, {}, lower, lower)) continue;
      return places_.rejected(column.position, "there is no column " + name,
                              "write \"" + std::string(other) + "\", with the quotes: a name without is lower case");
    }
    const auto hint = flow::meant(name, names);
    return places_.rejected(column.position, "there is no column " + name + " in the archive of this topic",
                            hint.empty() ? "a column that is left out of the archive cannot be asked for" : hint);
  }

  // An enum is a text to flow, and to PostgreSQL in the order of its type, which is not that of the schema's symbols, which only grow.
  Result<void> check_order(const Expression& e) const {
    using Kind = Expression::Kind;
    const bool ordered = (e.kind == Kind::compare && e.text != "=" && e.text != "<>") || e.kind == Kind::between ||
                         (e.kind == Kind::function && (e.text == "greatest" || e.text == "least"));
    for (const auto& part : e.parts) {
      if (ordered && is_enum(part)) {
        return places_.rejected(e.position, "an enum has no order here", "compare its text: CAST(x AS text)");
      }
      SLUICE_RETURN_IF_ERROR(check_order(part));
    }
    return {};
  }
  [[nodiscard]] bool is_enum(const Expression& e) const {
    using Kind = Expression::Kind;
    if (e.kind == Kind::column) return std::ranges::find(enums_, e.text) != enums_.end();
    const bool chooses = e.kind == Kind::case_ || (e.kind == Kind::function && (e.text == "coalesce" || e.text == "nullif"));
    return chooses && std::ranges::any_of(e.parts, [&](const auto& part) { return is_enum(part); });
  }

  RowFilter::Program& program_;
  const Filter& filter_;
  const avro::Schema& row_;
  const avro::Schema* known_;
  flow::Places places_;
  flow::Scope scope_;
  std::vector<std::string> enums_;
};

}  // namespace

Result<RowFilter> RowFilter::compile(const Filter& filter, const avro::Schema& row, const avro::Schema* known) {
  SLUICE_TRY(auto walk, ValueWalk::compile(row.text()));
  RowFilter out;
  out.program_ = std::make_shared<Program>(std::move(walk));
  auto bound = Binder(*out.program_, filter, row, known).bind();
  if (bound.ok()) return out;
  auto error = std::move(bound).error().in("where");
  error.code = ErrorCode::rejected;
  return error;
}

Result<bool> RowFilter::passes(ByteView row) {
  auto& program = *program_;
  SLUICE_CHECK(program.walk.first(row, program.walked, program.fields));
  program.arena.reset();
  for (const auto& read : program.reads) {
    const auto field = program.fields[read.field];
    auto& value = program.values[read.column];
    if (read.reader) SLUICE_RETURN_IF_ERROR(read.reader->read(field, {&value, 1}, program.arena));
    else value = ByteReader(field).zigzag() == read.null_branch ? flow::Value::none() : flow::Value::of_text({});
  }
  return flow::holds(program.condition, program.values, program.arena);
}

}  // namespace sluice::deliver::archive
