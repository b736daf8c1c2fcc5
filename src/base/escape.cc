#include "base/escape.h"

#include <algorithm>

namespace sluice {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

std::string escape(std::string_view name, bool avro) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool looks_escaped = c == '_' && i + 3 < name.size() && name[i + 1] == 'x' && is_lower_hex(name[i + 2]) && is_lower_hex(name[i + 3]);
    const bool plain = is_letter(c) || c == '_' || (is_digit(c) && (!avro || i > 0)) || (c == '-' && !avro);
    if (plain && !looks_escaped) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "_x";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace

std::string escape_topic_part(std::string_view name) { return escape(name, false); }
std::string escape_avro_name(std::string_view name) { return escape(name, true); }

std::string escape_parts(std::string_view dotted, std::string (*escape_part)(std::string_view)) {
  std::string out;
  for (std::size_t at = 0; at <= dotted.size();) {
    const auto end = std::min(dotted.find('.', at), dotted.size());
    if (at > 0) out += '.';
    out += escape_part(dotted.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace sluice
