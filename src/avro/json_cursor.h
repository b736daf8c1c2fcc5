#pragma once
// Reading JSON (RFC 8259) from a text in memory, value by value, without a tree. What is skipped is checked all the
// same, and may be nested as deep as memory allows.
//
//   JsonCursor at(text);
//   bool first = true, more = false;
//   if (!at.open('{')) return at.error();
//   while (at.more('}', first, more) && more) { if (!at.key(name) || !at.skip(raw)) break; }
//   if (!at.finish()) return at.error();
//
// After a function has said false, error() tells why and where, and nothing else may be called. Strings are given as
// UTF-8; half a surrogate pair as the three bytes that UTF-8 would have for it (WTF-8), which are taken in the text as
// well.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::avro {

class JsonCursor {
 public:
  enum class Kind : std::uint8_t { none, null, boolean, number, string, array, object };

  // `text` must outlive the cursor.
  explicit JsonCursor(std::string_view text) : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // Of the value that is next; none where there is no value.
  [[nodiscard]] Kind kind();

  // Each takes one value, or says false.
  [[nodiscard]] bool null() { return word("null"); }
  [[nodiscard]] bool boolean(bool& out);
  [[nodiscard]] bool number(std::string_view& out);  // as it is written
  [[nodiscard]] bool string(std::string_view& out);  // a view that holds until the next string
  [[nodiscard]] bool skip(std::string_view& raw);    // any value, as it is written

  // Takes '[' or '{'.
  [[nodiscard]] bool open(char bracket);
  // Takes what is before the next item, a comma unless `first`, or the closing bracket: then `yes` is false.
  [[nodiscard]] bool more(char close, bool& first, bool& yes);
  // Takes a member's name and the colon.
  [[nodiscard]] bool key(std::string_view& out);
  // Whether nothing but blanks is left.
  [[nodiscard]] bool finish();

  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  // Where to go on: what skip() gave, to be read after all, and back.
  [[nodiscard]] const char* position() const { return at_; }
  void go_to(const char* position) { at_ = position; }
  [[nodiscard]] Error error() const;

 private:
  bool refuse(const char* what);
  bool word(std::string_view word);
  bool digits();
  bool escape(std::string& out);
  bool hex4(unsigned& out);
  bool text_sequence();
  void blanks();
  bool scalar();

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* what_ = "there is no value";
  std::string unescaped_;
};

// Whether half a surrogate pair is at the front, as WTF-8 has it: three bytes.
[[nodiscard]] bool surrogate_at(std::string_view text);
// Of how many bytes the front of the text is UTF-8: all, if it is.
[[nodiscard]] std::size_t utf8_front(std::string_view text);

}  // namespace sluice::avro
