// Any bytes as rows and as texts: nothing is read beyond its end, and what is taken can be written and taken again.

#include <cstdint>
#include <cstdlib>

#include "flow/value/function.h"
#include "flow/value/row_code.h"

namespace {

using namespace sluice;
using namespace sluice::flow;

constexpr std::size_t kKinds = static_cast<std::size_t>(TypeKind::opaque);

void rows(ByteView bytes) {
  if (bytes.empty()) return;
  const auto count = static_cast<unsigned char>(bytes.front()) % 12U;
  bytes.remove_prefix(1);
  if (bytes.size() < count) return;
  std::vector<Type> types(count);
  for (auto& type : types) {
    type.kind = static_cast<TypeKind>(static_cast<unsigned char>(bytes.front()) % kKinds);
    bytes.remove_prefix(1);
  }
  Arena arena(4096);
  while (!bytes.empty() && count > 0) {
    const auto row = take_row(types, bytes, arena);
    if (!row.ok()) return;
    Bytes again, key;
    encode_row(types, *row, again);
    if (!decode_row(types, again, arena).ok()) std::abort();
    for (std::size_t i = 0; i < types.size(); ++i) encode_key(types[i], (*row)[i], key);
  }
}

void texts(ByteView bytes) {
  if (bytes.empty()) return;
  const Type type{static_cast<TypeKind>(static_cast<unsigned char>(bytes.front()) % kKinds)};
  bytes.remove_prefix(1);
  Arena arena(4096);
  const auto value = parse_value(type, bytes, arena);
  if (!value.ok()) return;
  const auto text = value_text(type, *value);
  const auto again = parse_value(type, text, arena);
  if (!again.ok() || compare_values(type, *value, *again) != 0) std::abort();
}

// A pattern, a zero, a text.
void patterns(ByteView bytes) {
  const auto zero = bytes.find('\0');
  if (zero == bytes.npos) return;
  const std::vector<Type> types(2, Type{TypeKind::text});
  const std::vector<Value> values{Value::of_text(bytes.substr(zero + 1)), Value::of_text(bytes.substr(0, zero))};
  Arena arena(4096);
  for (const auto* const sign : {"~", "like", "ilike"}) (void)find_operator(sign, types)->call(values, arena);
  (void)find_function("substring", types)->call(values, arena);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const ByteView bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: rows(bytes); break;
    case 1: texts(bytes); break;
    default: patterns(bytes);
  }
  return 0;
}
