// One walk over the pattern. Most of it is the same in both; what is not:
//
//   \m \M \y \Y    word boundaries: \b with a look ahead or behind, \b, \B
//   \Z             the end: \z
//   \uXXXX         \x{XXXX}
//   \d [:digit:]   0-9: PCRE's would be the digits of all scripts
//   \a \B \b \c \e \0: as they are, but \B is a backslash and \b a backspace in PostgreSQL
//   ***= ***: (?i) at the beginning: options
//   [ … ]          a newline is added to a negated class if newlines are special

#include "flow/value/text/regex_syntax.h"

#include "flow/value/scan.h"

namespace sluice::flow {
namespace {

Error invalid(std::string_view why) { return rejected("invalid regular expression: " + std::string(why)); }

class Translator {
 public:
  Translator(std::string_view pattern, const RegexFlags& flags) : rest_(pattern), flags_(flags) {}

  Result<RegexSyntax> run() {
    if (!flags_.literal) SLUICE_RETURN_IF_ERROR(read_prefix());
    if (flags_.literal) return RegexSyntax{std::string(rest_), flags_, false};
    while (!rest_.empty()) SLUICE_RETURN_IF_ERROR(step());
    const bool longest = alternatives_ && !captures_ && !lazy_ && !references_;
    return RegexSyntax{std::move(out_), flags_, longest};
  }

 private:
  Result<void> read_prefix() {
    if (rest_.starts_with("***=")) {
      rest_.remove_prefix(4);
      flags_.literal = true;
      return {};
    }
    if (rest_.starts_with("***:")) rest_.remove_prefix(4);
    if (!rest_.starts_with("(?") || rest_.size() < 3 || !is_letter(rest_[2])) return {};
    const auto end = rest_.find(')');
    if (end == rest_.npos) return invalid("invalid embedded option");
    auto flags = RegexFlags::of(rest_.substr(2, end - 2));
    if (!flags.ok() || flags->global) return invalid("invalid embedded option");
    flags_ = {.ignore_case = flags_.ignore_case || flags->ignore_case, .newline = flags_.newline || flags->newline,
              .expanded = flags_.expanded || flags->expanded, .global = flags_.global, .literal = flags->literal};
    rest_.remove_prefix(end + 1);
    return {};
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  Result<void> step() {
    const char c = take();
    switch (c) {
      case '\\': return escape(false);
      case '[': return bracket();
      case '(': return group();
      case '|': alternatives_ = true; out_ += c; return {};
      case '*': case '+': case '?': out_ += c; return after_repeat();
      case '{': return bounds();
      default: out_ += c; return {};
    }
  }

  // A ? makes a repeat lazy; another repeat is an error (in PCRE, + would make it possessive).
  Result<void> after_repeat() {
    if (rest_.starts_with('?')) {
      lazy_ = true;
      out_ += take();
    }
    if (!rest_.empty() && std::string_view("*+?").contains(rest_.front())) return invalid("quantifier operand invalid");
    return {};
  }

  Result<void> bounds() {
    const auto end = rest_.find('}');
    const auto inner = rest_.substr(0, end);
    if (inner.empty() || !is_digit(inner.front())) {
      return end == rest_.npos || inner.empty() || inner.front() == ',' ? invalid("invalid repetition count(s)") : brace();
    }
    if (end == rest_.npos || inner.find_first_not_of("0123456789,") != inner.npos) return invalid("invalid repetition count(s)");
    out_.append("{").append(inner).append("}");
    rest_.remove_prefix(end + 1);
    return after_repeat();
  }
  Result<void> brace() { return out_ += "\\{", Result<void>(); }  // not before a digit: itself

  Result<void> group() {
    out_ += '(';
    if (!rest_.starts_with('?')) {
      if (rest_.starts_with('*')) return invalid("quantifier operand invalid");
      captures_ = true;
      return {};
    }
    for (const std::string_view kind : {"?:", "?=", "?!", "?<=", "?<!"}) {
      if (!rest_.starts_with(kind)) continue;
      out_ += kind;
      rest_.remove_prefix(kind.size());
      return {};
    }
    return invalid("quantifier operand invalid");
  }

  Result<void> hex(std::size_t digits) {
    if (rest_.size() < digits || rest_.substr(0, digits).find_first_not_of("0123456789abcdefABCDEF") < digits) {
      return invalid("invalid escape \\ sequence");
    }
    out_.append("\\x{").append(rest_.substr(0, digits)).append("}");
    rest_.remove_prefix(digits);
    return {};
  }

  Result<void> escape(bool in_class) {
    if (rest_.empty()) return invalid("invalid escape \\ sequence");
    const char c = take();
    switch (c) {
      case 'm': out_ += "\\b(?=\\w)"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'M': out_ += "\\b(?<=\\w)"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'y': out_ += "\\b"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'Y': out_ += "\\B"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'A': out_ += "\\A"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'Z': out_ += "\\z"; return in_class ? invalid("invalid escape \\ sequence") : Result<void>();
      case 'b': out_ += "\\x08"; return {};
      case 'v': out_ += "\\x0b"; return {};
      case 'B': out_ += "\\\\"; return {};
      case 'u': return hex(4);
      case 'U': return hex(8);
      case 'd': out_ += in_class ? "0-9" : "[0-9]"; return {};
      case 'D': out_ += in_class ? "\\D" : "[^0-9]"; return {};
      case 'w': case 's': case 'W': case 'S': case 'a': case 'e': case 'f': case 'n': case 'r': case 't':
        out_ += {'\\', c};
        return {};
      case 'x': return hex(std::min<std::size_t>(2, rest_.size()));
      default: break;
    }
    if (is_digit(c) && c != '0' && !in_class) references_ = true;
    else if (is_letter(c) || is_digit(c)) return invalid("invalid escape \\ sequence");
    out_ += {'\\', c};
    return {};
  }

  // Up to its end. Classes ([:alpha:]) are taken whole.
  Result<void> bracket() {
    out_ += '[';
    if (rest_.starts_with('^')) {
      out_ += take();
      if (flags_.newline) out_ += "\\n";
    }
    bool first = true;
    while (!rest_.empty()) {
      const char c = take();
      if (c == ']' && !first) return out_ += c, Result<void>();
      first = false;
      if (c == '\\') SLUICE_RETURN_IF_ERROR(escape(true));
      else if (c == '[') SLUICE_RETURN_IF_ERROR(class_name());
      else if (c == ']' || (c == '#' || c == ' ')) out_ += {'\\', c};
      else out_ += c;
    }
    return invalid("brackets [] not balanced");
  }

  Result<void> class_name() {
    if (!rest_.starts_with(':') && !rest_.starts_with('.') && !rest_.starts_with('=')) return out_ += "\\[", Result<void>();
    if (!rest_.starts_with(':')) return invalid("invalid collating element");
    const auto end = rest_.find(":]");
    if (end == rest_.npos) return invalid("invalid character class");
    if (rest_.starts_with(":digit:")) out_ += "0-9";
    else out_.append("[").append(rest_.substr(0, end + 2));
    rest_.remove_prefix(end + 2);
    return {};
  }

  std::string_view rest_;
  RegexFlags flags_;
  std::string out_;
  bool alternatives_ = false, captures_ = false, lazy_ = false, references_ = false;
};

}  // namespace

Result<RegexSyntax> to_pcre(std::string_view pattern, const RegexFlags& flags) { return Translator(pattern, flags).run(); }

}  // namespace sluice::flow
