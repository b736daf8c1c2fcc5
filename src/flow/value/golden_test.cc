// PostgreSQL's own answers (tests/golden/sql, made by generate.py) beside ours: type and text of results, texts of errors.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "flow/value/function.h"

namespace sluice::flow {
namespace {

struct Argument {
  Type type;
  std::string text;
  bool null = false;
};

struct Case {
  std::string form, name;
  std::vector<Argument> arguments;
  std::string type, text;
  bool null = false;
};

std::string unescaped(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      out += field[i];
      continue;
    }
    const char kind = field[++i];
    out += kind == 't' ? '\t' : kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind;
  }
  return out;
}

Type type_of(const std::string& name) {
  const auto open = name.find('(');
  if (open == name.npos) return type_named(name, {}).value();
  const auto comma = name.find(',');
  return type_named(name.substr(0, open), {std::stoi(name.substr(open + 1)), std::stoi(name.substr(comma + 1))}).value();
}

Case case_of(const std::string& line) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  for (auto tab = line.find('\t'); tab != line.npos; tab = line.find('\t', at)) {
    fields.push_back(line.substr(at, tab - at));
    at = tab + 1;
  }
  fields.push_back(line.substr(at));
  Case out{fields[0], fields[1], {}, fields[fields.size() - 2], {}};
  out.null = fields.back() == "\\N";
  out.text = out.null ? "" : unescaped(fields.back());
  for (std::size_t i = 2; i + 2 < fields.size(); ++i) {
    const auto equal = fields[i].find('=');
    const auto text = fields[i].substr(equal + 1);
    out.arguments.push_back({type_of(fields[i].substr(0, equal)), text == "\\N" ? "" : unescaped(text), text == "\\N"});
  }
  return out;
}

struct Answer {
  Type type;
  Value value;
};

// As a caller does it: arguments are cast to the parameters, a strict function is not called with a null.
Result<Answer> call(const Function& function, std::vector<Value> values, const std::vector<Type>& types, Arena& arena) {
  const bool null = std::ranges::any_of(values, [](const Value& v) { return v.null; });
  if (null && function.strict) return Answer{function.result, Value::none()};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].null && !(types[i] == function.parameters[i])) {
      SLUICE_TRY(const Function cast, find_cast(types[i], function.parameters[i], CastContext::implicit));
      SLUICE_TRY(values[i], cast.call(std::span(&values[i], 1), arena));
    }
  }
  SLUICE_TRY(const Value value, function.call(values, arena));
  return Answer{function.result, value};
}

Result<Answer> answer(const Case& c, Arena& arena) {
  std::vector<Type> types;
  std::vector<Value> values;
  for (const auto& argument : c.arguments) {
    types.push_back(argument.type);
    values.push_back(Value::none());
    if (!argument.null) {
      SLUICE_TRY(values.back(), parse_value(argument.type, argument.text, arena));
    }
  }
  if (c.form == "parse") {
    SLUICE_TRY(const Value value, parse_value(type_of(c.name), c.arguments[0].text, arena));
    return Answer{type_of(c.name), value};
  }
  if (c.form == "cast") {
    const Type to = type_of(c.name);
    SLUICE_TRY(const Function cast, find_cast(types[0], to, CastContext::explicit_));
    return call(cast, values, types, arena);
  }
  SLUICE_TRY(const Function function, c.form == "operator" ? find_operator(c.name, types) : find_function(c.name, types));
  return call(function, values, types, arena);
}

bool is_error_alike(const std::string& ours, const std::string& theirs) {
  for (const std::string_view begin : {"invalid regular expression: "}) {  // the rest is the library's wording
    if (theirs.starts_with(begin)) return ours.starts_with(begin);
  }
  return ours == theirs;
}

// PostgreSQL reads dates and times of nearly any punctuation and order; we refuse what is not ISO 8601. Never may a text be taken
// that it refuses, or be taken for another.
bool is_stricter(const Case& c, const Result<Answer>& ours) {
  if (c.form != "parse" || ours.ok()) return false;
  const auto kind = type_of(c.name).kind;
  return kind == TypeKind::date || kind == TypeKind::time || kind == TypeKind::interval || is_time(kind);
}

bool is_alike(const Case& c, const Result<Answer>& ours) {
  if (!ours.ok()) return c.type == "ERROR" && is_error_alike(ours.error().message, c.text);
  const Type type{ours->type.kind};
  return c.type == type_text(type) && c.null == ours->value.null && c.text == value_text(type, ours->value);
}

std::string shown(const Result<Answer>& ours) {
  if (!ours.ok()) return "ERROR " + ours.error().message;
  return type_text(ours->type) + " " + (ours->value.null ? "null" : value_text(ours->type, ours->value));
}

void expect_all(const char* name, std::size_t least) {
  std::ifstream file(name);
  ASSERT_TRUE(file.good());
  std::size_t count = 0, unlike = 0, stricter = 0;
  Arena arena;
  for (std::string line; std::getline(file, line); ++count) {
    arena.reset();
    const auto c = case_of(line);
    const auto ours = answer(c, arena);
    if (is_alike(c, ours)) continue;
    if (is_stricter(c, ours)) {
      ++stricter;
      continue;
    }
    ++unlike;
    ADD_FAILURE() << line << "\n  ours: " << shown(ours);
  }
  EXPECT_GT(count, least);
  EXPECT_EQ(unlike, 0U) << "of " << count;
  EXPECT_LT(stricter, count / 100);
}

TEST(Golden, EveryExpressionGivesWhatPostgresGives) {
  const char* const other = std::getenv("SQL_GOLDEN");  // cases of another seed
  expect_all(other != nullptr ? other : "tests/golden/sql/expressions.tsv", 5000);
}

TEST(Golden, TimeZonesAreThoseOfPostgres) { expect_all("tests/golden/sql/zones.tsv", 2500); }

}  // namespace
}  // namespace sluice::flow
