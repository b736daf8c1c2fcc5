#include "avro/json_cursor.h"
#include "avro/utf8.h"

#include <cstring>

namespace sluice::avro {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_high(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

void append_code_point(std::string& out, unsigned code) {
  const auto tail = [code](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xc0 | (code >> 6)), tail(0)};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xe0 | (code >> 12)), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
  }
}

}  // namespace

bool surrogate_at(std::string_view text) {
  return text.size() >= 3 && text[0] == '\xed' && (text[1] & '\xe0') == '\xa0' && (text[2] & '\xc0') == '\x80';
}

std::size_t utf8_front(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8_at(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return at;
}

JsonCursor::Kind JsonCursor::kind() {
  blanks();
  if (at_ == end_) return Kind::none;
  switch (*at_) {
    case 'n':
      return Kind::null;
    case 't':
    case 'f':
      return Kind::boolean;
    case '"':
      return Kind::string;
    case '[':
      return Kind::array;
    case '{':
      return Kind::object;
    default:
      return *at_ == '-' || is_digit(*at_) ? Kind::number : Kind::none;
  }
}

bool JsonCursor::boolean(bool& out) {
  out = kind() == Kind::boolean && *at_ == 't';
  return word(out ? "true" : "false");
}

bool JsonCursor::digits() {
  if (at_ == end_ || !is_digit(*at_)) return refuse("a digit is missing");
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return true;
}

bool JsonCursor::number(std::string_view& out) {
  blanks();
  const auto* start = at_;
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
    if (at_ != end_ && is_digit(*at_)) return refuse("a number begins with 0");
  } else if (!digits()) {
    return false;
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at_ != end_ && (*at_ | 0x20) == 'e') {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  out = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

// Up to a quote, an escape or what may not be in a string.
bool JsonCursor::text_sequence() {
  while (at_ != end_) {
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"' || byte == '\\') return true;
    if (byte < 0x20) return refuse("a control character in a string");
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    const auto size = byte < 0x80 ? 1 : surrogate_at(rest) ? 3 : utf8_at(rest);
    if (size == 0) return refuse("no UTF-8");
    at_ += size;
  }
  return refuse("a string without an end");
}

bool JsonCursor::string(std::string_view& out) {
  blanks();
  if (at_ == end_ || *at_ != '"') return refuse("no string");
  const auto* start = ++at_;
  if (!text_sequence()) return false;
  if (*at_ == '"') {
    out = {start, static_cast<std::size_t>(at_++ - start)};
    return true;
  }
  unescaped_.assign(start, at_);
  while (*at_ != '"') {
    if (!escape(unescaped_)) return false;
    start = at_;
    if (!text_sequence()) return false;
    unescaped_.append(start, at_);
  }
  ++at_;
  out = unescaped_;
  return true;
}

bool JsonCursor::hex4(unsigned& out) {
  out = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_) return refuse("a string without an end");
    const char c = *at_;
    const char lower = static_cast<char>(c | 0x20);
    if (!is_digit(c) && (lower < 'a' || lower > 'f')) return refuse("no hexadecimal digit");
    out = out * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : lower - 'a' + 10);
  }
  return true;
}

bool JsonCursor::escape(std::string& out) {
  if (++at_ == end_) return refuse("a string without an end");
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const char letter = *at_;
  if (const auto known = kLetters.find(letter); known != std::string_view::npos) {
    ++at_;
    out += kMeant[known];
    return true;
  }
  if (letter != 'u') return refuse("an unknown escape");
  ++at_;
  unsigned unit = 0;
  if (!hex4(unit)) return false;
  if (is_high(unit) && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u') {
    const auto* back = at_;
    at_ += 2;
    unsigned low = 0;
    if (!hex4(low)) return false;
    if (is_low(low)) {
      append_code_point(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      return true;
    }
    at_ = back;
  }
  append_code_point(out, unit);
  return true;
}

bool JsonCursor::scalar() {
  std::string_view ignored;
  switch (kind()) {
    case Kind::null:
      return null();
    case Kind::boolean: {
      bool value = false;
      return boolean(value);
    }
    case Kind::number:
      return number(ignored);
    default:
      return string(ignored);
  }
}

// Open brackets are a byte each; no recursion, so that no depth is too deep.
bool JsonCursor::skip(std::string_view& raw) {
  std::string open_brackets;
  std::string_view name;
  blanks();
  const auto* start = at_;
  bool first = false;
  do {
    const auto what = kind();
    if (what == Kind::none) return refuse("no value");
    if (what == Kind::array || what == Kind::object) {
      open_brackets += *at_++ == '[' ? ']' : '}';
      first = true;
    } else if (!scalar()) {
      return false;
    }
    for (bool yes = false; !open_brackets.empty() && !yes;) {
      if (!more(open_brackets.back(), first, yes)) return false;
      if (yes && open_brackets.back() == '}' && !key(name)) return false;
      if (!yes) open_brackets.pop_back();
    }
  } while (!open_brackets.empty());
  raw = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonCursor::open(char bracket) {
  blanks();
  if (at_ == end_ || *at_ != bracket) return refuse(bracket == '[' ? "no array" : "no object");
  ++at_;
  return true;
}

bool JsonCursor::more(char close, bool& first, bool& yes) {
  blanks();
  yes = at_ == end_ || *at_ != close;
  if (!yes) {
    ++at_;
  } else if (!first) {
    if (at_ == end_ || *at_ != ',') return refuse(close == ']' ? "neither a comma nor ]" : "neither a comma nor }");
    ++at_;
  }
  first = false;
  return true;
}

bool JsonCursor::key(std::string_view& out) {
  if (!string(out)) return false;
  blanks();
  if (at_ == end_ || *at_ != ':') return refuse("no colon");
  ++at_;
  return true;
}

bool JsonCursor::finish() {
  blanks();
  return at_ == end_ || refuse("something follows the value");
}

bool JsonCursor::refuse(const char* what) {
  what_ = what;
  return false;
}

bool JsonCursor::word(std::string_view word) {
  blanks();
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word)
    return refuse("no value");
  at_ += word.size();
  return true;
}

void JsonCursor::blanks() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
}

Error JsonCursor::error() const {
  return {ErrorCode::rejected, std::string(at_ == end_ ? "the JSON ends too early: " : "no JSON: ") + what_ +
                                   ", at byte " + std::to_string(offset())};
}

}  // namespace sluice::avro
