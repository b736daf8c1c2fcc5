// From an expression and a row's schema to a program:
//
//   1. Each column becomes a FilterColumn: how it is read, and the domain of its values.
//   2. Each comparison has one domain, that of its columns; its constants are read as values of it. Exact numbers beside
//      doubles are compared as doubles, dates and timestamps as points in time; nothing else mixes.
//   3. IN and BETWEEN become comparisons, as SQL defines them.

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/nearest.h"
#include "deliver/archive/filter/filter_program.h"
#include "sql/expression.h"

namespace sluice::deliver::archive {

namespace {

using sql::Expression;
using Kind = Expression::Kind;
using Step = FilterStep;

Error wrong(const Expression& at, const std::string& why, std::string hint = {}) {
  return {.code = ErrorCode::rejected,
          .message = "where, character " + std::to_string(at.position) + ": " + why,
          .hint = std::move(hint)};
}

std::string_view spoken(Domain domain) {
  switch (domain) {
    case Domain::truth: return "a boolean";
    case Domain::exact:
    case Domain::floating: return "a number";
    case Domain::text: return "a text";
    case Domain::symbol: return "an enum";
    case Domain::uuid: return "a uuid";
    case Domain::moment: return "a timestamp with time zone";
    case Domain::local_moment: return "a timestamp";
    case Domain::date: return "a date";
    case Domain::time_of_day: return "a time of day";
    case Domain::none: break;
  }
  return "of a type that can only be tested by IS NULL";
}

std::string_view example(Domain domain) {
  switch (domain) {
    case Domain::truth: return "TRUE";
    case Domain::exact:
    case Domain::floating: return "100";
    case Domain::uuid: return "'5bb1f2a4-0c0e-4b6c-9a54-0d2f3a1c6e11'";
    case Domain::moment: return "'2026-11-24 13:00:00Z'";
    case Domain::local_moment: return "'2026-11-24 13:00:00'";
    case Domain::date: return "'2026-11-24'";
    case Domain::time_of_day: return "'13:00:00'";
    default: return "'text'";
  }
}

bool is_moment(Domain domain) { return domain == Domain::moment || domain == Domain::local_moment || domain == Domain::date; }
bool is_number(Domain domain) { return domain == Domain::exact || domain == Domain::floating; }

class Compiler {
 public:
  Compiler(RowFilter::Program& program, const avro::Node& row, const avro::Node* known)
      : program_(program), row_(row), known_(known) {}

  Result<void> truth(const Expression& e) {
    switch (e.kind) {
      case Kind::null: return push({.truth = Truth::unknown});
      case Kind::boolean: return push({.truth = e.text == "true" ? Truth::yes : Truth::no});
      case Kind::column: return boolean_column(e);
      case Kind::compare: return comparison(e, operator_of(e.text), e.parts[0], e.parts[1]);
      case Kind::in: return in(e);
      case Kind::between: return between(e);
      case Kind::like: return like(e);
      case Kind::is: return is(e);
      case Kind::and_:
      case Kind::or_: return all_of(e);
      case Kind::not_: SLUICE_RETURN_IF_ERROR(truth(e.parts[0])); return push({.kind = Step::Kind::not_});
      case Kind::number:
      case Kind::text:
      default: return wrong(e, "this is no condition");  // parse_expression() gives no other kinds
    }
  }

 private:
  // A side of a comparison, before its domain is known.
  struct Side {
    const Expression* from = nullptr;
    int column = -1;
    Domain domain = Domain::none;  // of a column
  };

  Result<void> push(Step step) {
    program_.steps.push_back(std::move(step));
    return {};
  }

  static Step::Op operator_of(std::string_view text) {
    constexpr auto kOps = std::to_array<std::string_view>({"=", "<>", "<", "<=", ">", ">="});
    return static_cast<Step::Op>(std::ranges::find(kOps, text) - kOps.begin());
  }

  Result<int> column(const Expression& e) {
    const auto field = std::ranges::find(row_.fields, e.text, &avro::Field::name);
    if (field != row_.fields.end()) {
      program_.columns.push_back(FilterColumn::of(*field->type, static_cast<std::size_t>(field - row_.fields.begin())));
    } else if (const auto* later = known_ != nullptr ? known_->field(e.text) : nullptr; later != nullptr) {
      program_.columns.push_back(FilterColumn::of(*later->type, 0));
      program_.columns.back().form = FilterColumn::Form::absent;
    } else {
      return no_such_column(e);
    }
    return static_cast<int>(program_.columns.size()) - 1;
  }

  [[nodiscard]] Error no_such_column(const Expression& e) const {
    std::vector<std::string_view> names;
    for (const auto& field : row_.fields) names.push_back(field.name);
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
    for (const auto name : names) {
      if (std::ranges::equal(name, e.text, same)) {
        return wrong(e, "there is no column " + e.text, "write \"" + std::string(name) + "\", with the quotes: a name without is lower case");
      }
    }
    const auto meant = nearest(e.text, names);
    return wrong(e, "there is no column " + e.text + " in the archive of this topic",
                 meant.empty() ? "a column that is left out of the archive cannot be asked for" : "did you mean " + std::string(meant) + "?");
  }

  Result<void> boolean_column(const Expression& e) {
    SLUICE_TRY(const int at, column(e));
    const auto domain = program_.columns.back().domain;
    if (domain == Domain::truth) return push({.kind = Step::Kind::truth, .left = {.column = at}});
    return wrong(e, "column " + e.text + " is " + std::string(spoken(domain)) + ", and no condition");
  }

  Result<Side> side(const Expression& e) {
    Side out{.from = &e};
    if (e.kind == Kind::column) {
      SLUICE_TRY(out.column, column(e));
      out.domain = program_.columns.back().domain;
    } else if (e.kind != Kind::null && e.kind != Kind::boolean && e.kind != Kind::number && e.kind != Kind::text) {
      return wrong(e, "a comparison is between columns and constants");
    }
    return out;
  }

  Result<void> comparison(const Expression& at, Step::Op op, const Expression& left, const Expression& right) {
    SLUICE_TRY(const auto one, side(left));
    SLUICE_TRY(const auto other, side(right));
    if (one.column < 0 && other.column < 0) return wrong(at, "two constants are compared", "one side is a column");
    SLUICE_TRY(const auto domain, domain_of(at, one, other));
    if ((domain == Domain::symbol) && op != Step::Op::equal && op != Step::Op::not_equal) {
      return wrong(at, "an enum has no order here", "use =, <> or IN");
    }
    Step step{.kind = Step::Kind::compare, .op = op};
    step.as_double = domain == Domain::floating;
    step.as_text = domain == Domain::text || domain == Domain::symbol || domain == Domain::uuid;
    SLUICE_TRY(step.left, term(one, domain, other));
    SLUICE_TRY(step.right, term(other, domain, one));
    return push(std::move(step));
  }

  static Result<Domain> domain_of(const Expression& at, const Side& one, const Side& other) {
    for (const auto* each : {&one, &other}) {
      if (each->column >= 0 && each->domain == Domain::none) {
        return wrong(*each->from, "column " + each->from->text + " is " + std::string(spoken(Domain::none)));
      }
    }
    if (one.column < 0) return other.domain;
    if (other.column < 0 || one.domain == other.domain) return one.domain;
    if (is_number(one.domain) && is_number(other.domain)) return Domain::floating;
    if (is_moment(one.domain) && is_moment(other.domain)) return Domain::moment;
    return wrong(at, one.from->text + " is " + std::string(spoken(one.domain)) + " and " + other.from->text + " is " +
                         std::string(spoken(other.domain)) + ": they are not compared");
  }

  // `beside` is the column that a constant stands beside.
  Result<FilterTerm> term(const Side& side, Domain domain, const Side& beside) {
    FilterTerm out{.column = side.column};
    const auto& e = *side.from;
    if (side.column >= 0 || e.kind == Kind::null) return out;
    out.constant.null = false;
    if (constant(e, domain, out.constant)) return out;
    return wrong(e, (e.kind == Kind::text ? "'" + e.text + "'" : e.text) + " is no value for column " + beside.from->text +
                        ", which is " + std::string(spoken(domain)),
                 "write it like " + std::string(example(domain)));
  }

  // False: it is none of this domain.
  bool constant(const Expression& e, Domain domain, FilterValue& out) {
    const bool is_text = e.kind == Kind::text;
    std::optional<Exact> exact;
    switch (domain) {
      case Domain::truth:
        out.exact.small = e.text == "true" ? 1 : 0;
        return e.kind == Kind::boolean;
      case Domain::exact:
      case Domain::floating:
        if (e.kind == Kind::number) exact = parse_exact(e.text, program_.constants.emplace_back());
        if (exact) out.floating = to_double(*exact);
        if (as_real_) out.floating = static_cast<float>(out.floating);
        break;
      case Domain::text:
      case Domain::symbol: out.text = program_.constants.emplace_back(e.text); return is_text;
      case Domain::uuid: return is_text && uuid(e.text, out);
      case Domain::moment:
      case Domain::local_moment:
        if (is_text) exact = parse_timestamp(e.text, domain == Domain::moment);
        break;
      case Domain::date:
        if (is_text) exact = parse_date(e.text);
        break;
      case Domain::time_of_day:
        if (is_text) exact = parse_time_of_day(e.text);
        break;
      case Domain::none: return false;
    }
    if (exact) out.exact = *exact;
    return exact.has_value();
  }

  // In the form in which columns have it.
  bool uuid(std::string_view text, FilterValue& out) {
    auto& lower = program_.constants.emplace_back(text);
    for (std::size_t i = 0; i < lower.size(); ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash ? lower[i] != '-' : std::isxdigit(static_cast<unsigned char>(lower[i])) == 0) return false;
      lower[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(lower[i])));
    }
    out.text = lower;
    return lower.size() == 36;
  }

  Result<void> negate(bool negated) { return negated ? push({.kind = Step::Kind::not_}) : Result<void>{}; }

  // PostgreSQL makes an array of several constants, of the column's type: beside a real they are real, while one alone is
  // compared as a double.
  [[nodiscard]] bool is_array_of_real(const Expression& e) const {
    const auto field = std::ranges::find(row_.fields, e.parts[0].text, &avro::Field::name);
    if (e.parts[0].kind != Kind::column || field == row_.fields.end()) return false;
    return std::ranges::count_if(e.parts, [](const auto& part) { return part.kind != Kind::column; }) > 1 &&
           FilterColumn::of(*field->type, 0).form == FilterColumn::Form::float_;
  }

  Result<void> in(const Expression& e) {
    as_real_ = is_array_of_real(e);
    auto compared = in_any(e);
    as_real_ = false;
    return compared;
  }

  Result<void> in_any(const Expression& e) {
    for (std::size_t i = 1; i < e.parts.size(); ++i) {
      SLUICE_RETURN_IF_ERROR(comparison(e, Step::Op::equal, e.parts[0], e.parts[i]));
    }
    SLUICE_RETURN_IF_ERROR(push({.kind = Step::Kind::or_, .count = static_cast<std::uint32_t>(e.parts.size() - 1)}));
    return negate(e.negated);
  }

  Result<void> between(const Expression& e) {
    if (e.parts.size() != 3) return wrong(e, "BETWEEN takes two limits");
    SLUICE_RETURN_IF_ERROR(comparison(e, Step::Op::greater_equal, e.parts[0], e.parts[1]));
    SLUICE_RETURN_IF_ERROR(comparison(e, Step::Op::less_equal, e.parts[0], e.parts[2]));
    SLUICE_RETURN_IF_ERROR(push({.kind = Step::Kind::and_, .count = 2}));
    return negate(e.negated);
  }

  Result<void> like(const Expression& e) {
    SLUICE_TRY(const auto text, side(e.parts[0]));
    if (text.domain != Domain::text) return wrong(e, "LIKE is asked of a column of texts");
    const auto& pattern = e.parts[1];
    if (pattern.kind != Kind::text && pattern.kind != Kind::null) return wrong(pattern, "LIKE takes a constant text");
    const auto last = pattern.text.find_last_not_of('\\');
    const auto escapes = pattern.text.size() - (last == std::string::npos ? 0 : last + 1);
    if (escapes % 2 != 0) return wrong(pattern, "a LIKE pattern does not end with a single \\");
    Step step{.kind = Step::Kind::like, .left = {.column = text.column}};
    step.right.constant.null = pattern.kind == Kind::null;
    step.right.constant.text = program_.constants.emplace_back(pattern.text);
    SLUICE_RETURN_IF_ERROR(push(std::move(step)));
    return negate(e.negated);
  }

  Result<void> is(const Expression& e) {
    if (e.text == "null") {
      const auto& asked = e.parts[0];
      if (asked.kind != Kind::column) return wrong(asked, "IS NULL is asked of a column", "of a condition, write IS UNKNOWN");
      SLUICE_TRY(const int at, column(asked));
      SLUICE_RETURN_IF_ERROR(push({.kind = Step::Kind::is_null, .left = {.column = at}}));
    } else {
      SLUICE_RETURN_IF_ERROR(truth(e.parts[0]));
      const auto wanted = e.text == "true" ? Truth::yes : e.text == "false" ? Truth::no : Truth::unknown;
      SLUICE_RETURN_IF_ERROR(push({.kind = Step::Kind::is, .truth = wanted}));
    }
    return negate(e.negated);
  }

  Result<void> all_of(const Expression& e) {
    for (const auto& part : e.parts) SLUICE_RETURN_IF_ERROR(truth(part));
    const auto kind = e.kind == Kind::and_ ? Step::Kind::and_ : Step::Kind::or_;
    return push({.kind = kind, .count = static_cast<std::uint32_t>(e.parts.size())});
  }

  RowFilter::Program& program_;
  const avro::Node& row_;
  const avro::Node* known_;
  bool as_real_ = false;  // constants are rounded to a float
};

}  // namespace

Result<RowFilter> RowFilter::compile(const Filter& filter, const avro::Schema& row, const avro::Schema* known) {
  SLUICE_TRY(auto walk, ValueWalk::compile(row.text()));
  RowFilter out;
  out.program_ = std::make_shared<Program>(Program{.walk = std::move(walk)});
  Compiler compiler(*out.program_, row.root(), known != nullptr ? &known->root() : nullptr);
  SLUICE_RETURN_IF_ERROR(compiler.truth(filter.expression()));
  return out;
}

}  // namespace sluice::deliver::archive
