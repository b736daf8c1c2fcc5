#include <algorithm>

#include "deliver/archive/filter/filter_program.h"

namespace sluice::deliver::archive {

namespace {

int digits_of(std::string_view logical_type) {
  return logical_type.ends_with("-millis") ? 3 : logical_type.ends_with("-micros") ? 6 : 9;
}

void describe_integer(const avro::Node& type, FilterColumn& out) {
  out.form = FilterColumn::Form::integer;
  out.domain = Domain::exact;
  if (type.logical_type == "date") {
    out.domain = Domain::date;
    out.factor = 86'400;
  } else if (type.logical_type.starts_with("timestamp-") || type.logical_type.starts_with("local-timestamp-")) {
    out.domain = type.logical_type.starts_with("local") ? Domain::local_moment : Domain::moment;
    out.scale = digits_of(type.logical_type);
  } else if (type.logical_type.starts_with("time-")) {
    out.domain = Domain::time_of_day;
    out.scale = digits_of(type.logical_type);
  }
}

void describe(const avro::Node& type, FilterColumn& out) {
  using Form = FilterColumn::Form;
  const auto is = [&](Form form, Domain domain) {
    out.form = form;
    out.domain = domain;
  };
  switch (type.type) {
    case avro::Type::boolean: return is(Form::boolean, Domain::truth);
    case avro::Type::int_:
    case avro::Type::long_: return describe_integer(type, out);
    case avro::Type::float_: return is(Form::float_, Domain::floating);
    case avro::Type::double_: return is(Form::double_, Domain::floating);
    case avro::Type::string: return is(Form::text, type.logical_type == "uuid" ? Domain::uuid : Domain::text);
    case avro::Type::enum_: out.symbols = type.symbols; return is(Form::symbol, Domain::symbol);
    case avro::Type::bytes:
    case avro::Type::fixed:
      if (type.logical_type != "decimal") return is(Form::other, Domain::none);
      out.scale = type.scale;
      out.size = type.type == avro::Type::fixed ? static_cast<std::size_t>(type.size) : 0;
      return is(Form::decimal, Domain::exact);
    default: return is(Form::other, Domain::none);
  }
}

}  // namespace

FilterColumn FilterColumn::of(const avro::Node& type, std::size_t field) {
  FilterColumn out;
  out.field = field;
  if (type.type != avro::Type::union_) {
    describe(type, out);
    if (type.type == avro::Type::null) out.form = FilterColumn::Form::absent;
    return out;
  }
  const auto null = std::ranges::find_if(type.branches, [](const auto* branch) { return branch->type == avro::Type::null; });
  if (null != type.branches.end()) out.null_branch = static_cast<int>(null - type.branches.begin());
  if (out.null_branch >= 0 && type.branches.size() == 2) describe(*type.branches[out.null_branch == 0 ? 1 : 0], out);
  else out.form = FilterColumn::Form::other;
  return out;
}

}  // namespace sluice::deliver::archive
