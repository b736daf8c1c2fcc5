#include "deliver/archive/filter/filter_program.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace sluice::deliver::archive {

namespace {

using Op = FilterStep::Op;

// NaN is equal to NaN and greater than all others, as PostgreSQL has it.
std::weak_ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b ? std::weak_ordering::less : a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

double as_double(const FilterValue& value, const FilterTerm& term, const std::vector<FilterColumn>& columns) {
  const bool is_exact = term.column >= 0 && columns[static_cast<std::size_t>(term.column)].domain == Domain::exact;
  return is_exact ? to_double(value.exact) : value.floating;
}

Truth truth_of(Op op, std::weak_ordering order) {
  const bool yes = op == Op::equal        ? order == 0
                   : op == Op::not_equal  ? order != 0
                   : op == Op::less       ? order < 0
                   : op == Op::less_equal ? order <= 0
                   : op == Op::greater    ? order > 0
                                          : order >= 0;
  return yes ? Truth::yes : Truth::no;
}

// The next character's bytes; of what is no UTF-8, one byte.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && (text[size] & 0xC0) == 0x80) ++size;
  return size;
}

FilterValue read(const FilterColumn& column, ByteView field) {
  using Form = FilterColumn::Form;
  FilterValue out;
  ByteReader in(field);
  if (column.form == Form::absent || (column.null_branch >= 0 && in.zigzag() == column.null_branch)) return out;
  out.null = false;
  switch (column.form) {
    case Form::boolean: out.exact.small = in.u8(); break;
    case Form::integer: {
      std::int64_t value = in.zigzag();
      if (column.factor != 1) value *= column.factor;  // days, of 32 bits
      out.exact = {.small = value, .scale = column.scale};
      break;
    }
    case Form::float_: {
      const ByteView bytes = in.view(4);
      std::uint32_t bits = 0;
      for (std::size_t i = 4; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
      out.floating = std::bit_cast<float>(bits);
      break;
    }
    case Form::double_: {
      const ByteView bytes = in.view(8);
      std::uint64_t bits = 0;
      for (std::size_t i = 8; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
      out.floating = std::bit_cast<double>(bits);
      break;
    }
    case Form::text: out.text = in.view(static_cast<std::size_t>(in.zigzag())); break;
    case Form::symbol: out.text = column.symbols[static_cast<std::size_t>(in.zigzag())]; break;
    case Form::decimal: {
      const auto size = column.size != 0 ? column.size : static_cast<std::size_t>(in.zigzag());
      out.exact = Exact::of_bytes(in.view(size), column.scale);
      break;
    }
    case Form::absent:
    case Form::other: break;
  }
  return out;
}

}  // namespace

// A '%' is tried at its nearest end first; only the last one is ever tried again.
bool like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t again_t = 0;
  std::size_t again_p = std::string_view::npos;
  while (t < text.size()) {
    const char c = p < pattern.size() ? pattern[p] : '\0';
    const bool literal = p < pattern.size() && c != '%' && c != '_';
    const std::size_t escape = literal && c == '\\' ? 1 : 0;
    if (p < pattern.size() && c == '%') {
      again_p = ++p;
      again_t = t;
    } else if (p < pattern.size() && c == '_') {
      t += character_size(text.substr(t));
      ++p;
    } else if (literal && p + escape < pattern.size() && pattern[p + escape] == text[t]) {
      ++t;
      p += 1 + escape;
    } else if (again_p != std::string_view::npos) {
      again_t += character_size(text.substr(again_t));
      t = again_t;
      p = again_p;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', p) == std::string_view::npos;
}

FilterValue RowFilter::Program::value(const FilterTerm& term) const {
  if (term.column < 0) return term.constant;
  const auto& column = columns[static_cast<std::size_t>(term.column)];
  return read(column, column.form == FilterColumn::Form::absent ? ByteView() : fields[column.field]);
}

void RowFilter::Program::step(const FilterStep& step) {
  using Kind = FilterStep::Kind;
  const auto combine = [&](auto choose) {
    const auto begin = stack.end() - static_cast<std::ptrdiff_t>(step.count);
    *begin = *choose(begin, stack.end());
    stack.erase(begin + 1, stack.end());
  };
  switch (step.kind) {
    case Kind::constant: stack.push_back(step.truth); return;
    case Kind::and_: return combine([](auto begin, auto end) { return std::min_element(begin, end); });
    case Kind::or_: return combine([](auto begin, auto end) { return std::max_element(begin, end); });
    case Kind::not_: stack.back() = static_cast<Truth>(2 - static_cast<int>(stack.back())); return;
    case Kind::is: stack.back() = stack.back() == step.truth ? Truth::yes : Truth::no; return;
    default: break;
  }
  const auto left = value(step.left);
  if (step.kind == Kind::is_null) return stack.push_back(left.null ? Truth::yes : Truth::no);
  if (left.null) return stack.push_back(Truth::unknown);
  if (step.kind == Kind::truth) return stack.push_back(left.exact.small != 0 ? Truth::yes : Truth::no);
  const auto right = value(step.right);
  if (right.null) return stack.push_back(Truth::unknown);
  if (step.kind == Kind::like) return stack.push_back(like(left.text, right.text) ? Truth::yes : Truth::no);
  const auto order = step.as_text     ? std::weak_ordering(left.text <=> right.text)
                     : step.as_double ? compare_doubles(as_double(left, step.left, columns), as_double(right, step.right, columns))
                                      : std::weak_ordering(archive::compare(left.exact, right.exact));
  stack.push_back(truth_of(step.op, order));
}

Truth RowFilter::Program::run(ByteView row) {
  SLUICE_CHECK(walk.split(row, fields));
  stack.clear();
  for (const auto& each : steps) step(each);
  return stack.back();
}

bool RowFilter::passes(ByteView row) { return program_->run(row) == Truth::yes; }

}  // namespace sluice::deliver::archive
