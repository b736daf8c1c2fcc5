#include "flow/value/json/json.h"

#include "flow/value/scan.h"
#include "flow/value/text/utf8.h"

namespace sluice::flow::json_text {
namespace {

constexpr int kDepthMax = 1000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks over a text. Each function takes its part off; false: it is not there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] std::string_view rest() const { return rest_; }
  void space() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(char c) {
    space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view w) {
    if (!rest_.starts_with(w)) return false;
    rest_.remove_prefix(w.size());
    return rest_.empty() || (!is_letter(rest_.front()) && !is_digit(rest_.front()) && rest_.front() != '_');
  }

  bool string() {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20 || (c == '\\' && !escape())) return false;
    }
    return false;
  }

  bool number() {
    if (rest_.starts_with('-')) rest_.remove_prefix(1);
    if (rest_.starts_with('0')) rest_.remove_prefix(1);
    else if (!digits()) return false;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      if (!digits()) return false;
    }
    if (rest_.starts_with('e') || rest_.starts_with('E')) {
      rest_.remove_prefix(1);
      if (rest_.starts_with('+') || rest_.starts_with('-')) rest_.remove_prefix(1);
      if (!digits()) return false;
    }
    return rest_.empty() || (!is_letter(rest_.front()) && !is_digit(rest_.front()) && rest_.front() != '_' && rest_.front() != '.');
  }

  bool value(int depth = 0) {
    space();
    if (rest_.empty() || depth > kDepthMax) return false;
    switch (rest_.front()) {
      case '{': return container(depth, '}', true);
      case '[': return container(depth, ']', false);
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

 private:
  bool digits() {
    std::size_t n = 0;
    while (n < rest_.size() && is_digit(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n > 0;
  }
  bool escape() {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").contains(c);
    if (rest_.size() < 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (hex_digit(rest_[static_cast<std::size_t>(i)]) < 0) return false;
    }
    rest_.remove_prefix(4);
    return true;
  }
  bool container(int depth, char end, bool keys) {
    rest_.remove_prefix(1);
    if (take(end)) return true;
    do {
      if (keys && !(string() && take(':'))) return false;
      if (!value(depth + 1)) return false;
    } while (take(','));
    return take(end);
  }

  std::string_view rest_;
};

std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes a string or value off and gives its text.
template <bool (Scanner::*Step)(int)>
std::string_view text_of_step(Scanner& scanner) {
  scanner.space();
  const auto before = scanner.rest();
  (void)(scanner.*Step)(0);
  return before.substr(0, before.size() - scanner.rest().size());
}
std::string_view next_value(Scanner& scanner) { return text_of_step<&Scanner::value>(scanner); }

std::uint32_t code_unit(std::string_view digits) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out * 16 + static_cast<std::uint32_t>(hex_digit(digits[i]));
  return out;
}

// `in` begins after \u. Appends the character, of which surrogates are two escapes. False: they do not pair, or it is zero.
bool take_unicode(std::string_view& in, char*& out) {
  std::uint32_t point = code_unit(in);
  in.remove_prefix(4);
  if (point >= 0xd800 && point < 0xdc00 && in.starts_with("\\u") && in.size() >= 6) {
    const auto low = code_unit(in.substr(2));
    if (low < 0xdc00 || low > 0xdfff) return false;
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    in.remove_prefix(6);
  }
  if (point == 0 || (point >= 0xd800 && point < 0xe000)) return false;
  out += utf8::encode(point, out);
  return true;
}

// The characters of a string between its quotes. None: an escape that is no character.
std::optional<std::string_view> unescaped(std::string_view in, Arena& arena) {
  if (!in.contains('\\')) return in;
  char* const begin = arena.bytes(in.size());
  char* out = begin;
  while (!in.empty()) {
    const char c = in.front();
    in.remove_prefix(1);
    if (c != '\\') {
      *out++ = c;
      continue;
    }
    const char kind = in.front();
    in.remove_prefix(1);
    switch (kind) {
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': if (!take_unicode(in, out)) return {}; break;
      default: *out++ = kind;
    }
  }
  return std::string_view{begin, static_cast<std::size_t>(out - begin)};
}

std::string_view without_quotes(std::string_view string) { return string.substr(1, string.size() - 2); }

}  // namespace

Result<void> validate(std::string_view text) {
  Scanner scanner(text);
  const bool fine = scanner.value();
  scanner.space();
  if (!fine || !scanner.rest().empty()) return rejected("invalid input syntax for type json");
  return {};
}

std::string_view type_of(std::string_view text) {
  text = stripped(text);
  switch (text.empty() ? ' ' : text.front()) {
    case '{': return "object";
    case '[': return "array";
    case '"': return "string";
    case 't': case 'f': return "boolean";
    case 'n': return "null";
    default: return "number";
  }
}

std::optional<std::string_view> member(std::string_view text, std::string_view name, Arena& arena) {
  Scanner scanner(text);
  std::optional<std::string_view> found;
  if (!scanner.take('{') || scanner.take('}')) return {};
  do {
    const auto key = next_value(scanner);
    if (key.size() < 2 || !scanner.take(':')) return {};
    const auto value = next_value(scanner);
    const auto characters = unescaped(without_quotes(key), arena);
    if (characters && *characters == name) found = value;
  } while (scanner.take(','));
  return found;
}

std::int64_t element_count(std::string_view array) {
  Scanner scanner(array);
  std::int64_t count = 0;
  if (!scanner.take('[') || scanner.take(']')) return 0;
  do {
    (void)next_value(scanner);
    ++count;
  } while (scanner.take(','));
  return count;
}

std::optional<std::string_view> element(std::string_view text, std::int64_t index) {
  if (index < 0) index += element_count(text);
  Scanner scanner(text);
  if (index < 0 || !scanner.take('[') || scanner.take(']')) return {};
  do {
    const auto value = next_value(scanner);
    if (index-- == 0) return value;
  } while (scanner.take(','));
  return {};
}

Result<std::optional<std::string_view>> as_text(std::string_view text, Arena& arena) {
  const auto value = stripped(text);
  if (value == "null") return std::optional<std::string_view>{};
  if (!value.starts_with('"')) return std::optional(value);
  const auto characters = unescaped(without_quotes(value), arena);
  if (!characters) return rejected("unsupported Unicode escape sequence");
  return characters;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) out += "\\u00" + hex(std::string_view(&c, 1));
        else out += c;
    }
  }
  out += '"';
}

}  // namespace sluice::flow::json_text
