#pragma once
// The tokens of a .proto text, one at a time, comments left out.

#include <memory>
#include <string>
#include <string_view>

namespace sluice::protobuf {

class Tokens {
 public:
  enum class Kind { end, word, integer, decimal, text, symbol };

  // `text` must outlive it. Stands at the first token.
  explicit Tokens(std::string_view text);
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] const std::string& text() const;  // as written, quotes included
  [[nodiscard]] bool at(std::string_view what) const { return kind() != Kind::text && text() == what; }
  void next();

  // Steps over `what`, if the current token is that.
  bool take(std::string_view what);
  // The current token's text; steps over it.
  std::string word();
  // Adjacent string tokens, unescaped and joined; steps over them.
  std::string string();
  // An integer, hexadecimal and octal too, with its sign; 0 when there is none or it does not fit. Steps over it.
  int integer();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The greatest number of brackets open at once, of any kind.
[[nodiscard]] int bracket_depth(std::string_view text);

}  // namespace sluice::protobuf
