#include "flow/value/text/padding.h"

#include "flow/value/text/utf8.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

// PostgreSQL's bound is a GB; a row that is to be sent on as a record is better refused long before.
constexpr std::int64_t kBytesMax = std::int64_t{64} << 20;

Error too_large() { return rejected("requested length too large"); }

// `count` characters of the endlessly repeated `fill`.
std::string filling(std::string_view fill, std::int64_t count) {
  std::string out;
  const auto characters = utf8::length(fill);
  for (; count >= characters; count -= characters) out += fill;
  return out.append(fill.substr(0, utf8::prefix(fill, count)));
}

template <bool Left>
Result<Value> pad(Arguments a, Arena& arena) {
  const auto given = a[0].text, fill = a.size() > 2 ? a[2].text : std::string_view(" ");
  const auto wanted = std::max<std::int64_t>(a[1].integer, 0), there = utf8::length(given);
  if (there >= wanted) return Value::of_text(given.substr(0, utf8::prefix(given, wanted)));
  if (fill.empty()) return a[0];
  if (wanted > kBytesMax / 4) return too_large();
  const auto added = filling(fill, wanted - there);
  return Value::of_text(arena.copy(Left ? added + std::string(given) : std::string(given) + added));
}

Result<Value> repeat(Arguments a, Arena& arena) {
  const auto count = std::max<std::int64_t>(a[1].integer, 0);
  const auto size = a[0].text.size();
  if (static_cast<std::int64_t>(size) * count > kBytesMax) return too_large();
  char* const out = arena.bytes(size * static_cast<std::size_t>(count));
  for (std::size_t i = 0; size > 0 && i < static_cast<std::size_t>(count); ++i) std::memcpy(out + i * size, a[0].text.data(), size);
  return Value::of_text({out, size * static_cast<std::size_t>(count)});
}

}  // namespace

void add_padding(Overloads& functions) {
  functions.push_back({"lpad", {text, int4}, text, pad<true>});
  functions.push_back({"lpad", {text, int4, text}, text, pad<true>});
  functions.push_back({"rpad", {text, int4}, text, pad<false>});
  functions.push_back({"rpad", {text, int4, text}, text, pad<false>});
  functions.push_back({"repeat", {text, int4}, text, repeat});
}

}  // namespace sluice::flow
