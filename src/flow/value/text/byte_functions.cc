#include <openssl/evp.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "flow/value/catalog.h"
#include "flow/value/text/base64.h"

namespace sluice::flow {
namespace {

using enum TypeKind;

std::string digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, algorithm, nullptr) == 1);
  return out;
}

Result<Value> md5(Arguments a, Arena& arena) { return Value::of_text(arena.copy(hex(digest(EVP_md5(), a[0].text)))); }

template <const EVP_MD* (*Algorithm)()>
Result<Value> sha(Arguments a, Arena& arena) {
  return Value::of_text(arena.copy(digest(Algorithm(), a[0].text)));
}

Error unrecognized(std::string_view encoding) { return rejected("unrecognized encoding: \"" + std::string(encoding) + "\""); }

std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte >= 0x80) {
      out += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)), static_cast<char>('0' + (byte & 7))};
    } else {
      out += byte == '\\' ? "\\\\" : std::string(1, c);
    }
  }
  return out;
}

Result<Value> encode(Arguments a, Arena& arena) {
  const auto bytes = a[0].text, form = a[1].text;
  if (same_word(form, "hex")) return Value::of_text(arena.copy(hex(bytes)));
  if (same_word(form, "base64")) return Value::of_text(arena.copy(to_base64(bytes)));
  if (same_word(form, "escape")) return Value::of_text(arena.copy(escaped(bytes)));
  return unrecognized(form);
}

Result<Value> decode(Arguments a, Arena& arena) {
  const auto form = a[1].text;
  if (same_word(form, "hex")) return parse_value({bytea}, "\\x" + std::string(a[0].text), arena);
  if (same_word(form, "escape") && !a[0].text.starts_with("\\x")) return parse_value({bytea}, a[0].text, arena);
  if (!same_word(form, "base64")) return unrecognized(form);
  SLUICE_TRY(const std::string bytes, from_base64(a[0].text));
  return Value::of_text(arena.copy(bytes));
}

Result<Value> byte_at(Arguments a, Arena&) {
  const auto size = static_cast<std::int64_t>(a[0].text.size());
  if (a[1].integer < 0 || a[1].integer >= size) {
    return rejected("index " + std::to_string(a[1].integer) + " out of valid range, 0.." + std::to_string(size - 1));
  }
  return Value::of_integer(static_cast<unsigned char>(a[0].text[static_cast<std::size_t>(a[1].integer)]));
}

// Bytes from `start`, counted from 1.
Result<Value> slice(Arguments a, Arena&) {
  const auto size = static_cast<std::int64_t>(a[0].text.size());
  if (a.size() > 2 && a[2].integer < 0) return rejected("negative substring length not allowed");
  const auto end = a.size() > 2 ? std::min(a[1].integer + a[2].integer, size + 1) : size + 1;
  const auto start = std::max<std::int64_t>(a[1].integer, 1);
  if (end <= start) return Value::of_text({});
  return Value::of_text(a[0].text.substr(static_cast<std::size_t>(start - 1), static_cast<std::size_t>(end - start)));
}

}  // namespace

void add_byte_functions(Overloads& functions) {
  functions.push_back({"length", {bytea}, int4, [](Arguments a, Arena&) -> Result<Value> { return Value::of_integer(static_cast<std::int64_t>(a[0].text.size())); }});
  functions.push_back({"md5", {text}, text, md5});
  functions.push_back({"md5", {bytea}, text, md5});
  functions.push_back({"sha224", {bytea}, bytea, sha<EVP_sha224>});
  functions.push_back({"sha256", {bytea}, bytea, sha<EVP_sha256>});
  functions.push_back({"sha384", {bytea}, bytea, sha<EVP_sha384>});
  functions.push_back({"sha512", {bytea}, bytea, sha<EVP_sha512>});
  for (const auto name : {"substring", "substr"}) {
    functions.push_back({name, {bytea, int4}, bytea, slice});
    functions.push_back({name, {bytea, int4, int4}, bytea, slice});
  }
  functions.push_back({"encode", {bytea, text}, text, encode});
  functions.push_back({"decode", {text, text}, bytea, decode});
  functions.push_back({"get_byte", {bytea, int4}, int4, byte_at});
}

}  // namespace sluice::flow
