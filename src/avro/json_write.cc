// From bytes to Avro's JSON: the value runs through a visitor that prints.

#include <charconv>
#include <cmath>

#include "avro/json.h"
#include "avro/json_cursor.h"
#include "avro/limit.h"
#include "avro/utf8.h"

namespace sluice::avro {
namespace {

std::string branch_name(const Node& branch) {
  return branch.is_named() ? branch.full_name() : std::string(type_name(branch.type));
}

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

class Printer : public NoVisitor {
 public:
  Printer(std::string& out, std::size_t room) : out_(out), end_(out.size() + room) {}

  [[nodiscard]] bool full() const { return out_.size() > end_; }

  void null() { put("null"); }
  void boolean(bool value) { put(value ? "true" : "false"); }
  void integer(const Node&, std::int64_t value) { number(value); }
  void float_number(float value) { floating(value); }
  void double_number(double value) { floating(value); }
  void string(ByteView text) {
    quoted(text, [this](ByteView rest) {
      const auto size = utf8_at(rest);
      put(size == 0 ? "\xef\xbf\xbd" : rest.substr(0, size));
      return size == 0 ? malformed_at(rest) : size;
    });
  }
  // A character a byte: U+0000 to U+00FF.
  void bytes(const Node&, ByteView bytes) {
    quoted(bytes, [this](ByteView rest) {
      const auto byte = static_cast<unsigned char>(rest[0]);
      const char two[] = {static_cast<char>(0xc0 | (byte >> 6)), static_cast<char>(0x80 | (byte & 0x3f))};
      put({two, 2});
      return std::size_t{1};
    });
  }
  void symbol(const Node& node, std::size_t index) { string(node.symbols[index]); }
  void begin_branch(const Node& node, std::size_t index) {
    const auto& branch = *node.branches[index];
    if (branch.type == Type::null) return;
    put("{");
    string(branch_name(branch));
    put(":");
  }
  void end_branch(const Node& node, std::size_t index) {
    if (node.branches[index]->type != Type::null) put("}");
  }
  void begin_record(const Node&) { put("{"); }
  void field(const Node& node, std::size_t index) {
    if (index > 0) put(",");
    string(node.fields[index].name);
    put(":");
  }
  void end_record(const Node&) { put("}"); }
  void begin_array() { put("["); }
  void item() { separate(); }
  void end_array() { put("]"); }
  void begin_map() { put("{"); }
  void key(ByteView key) {
    separate();
    string(key);
    put(":");
  }
  void end_map() { put("}"); }

 private:
  // What comes after the room is over is dropped.
  void put(std::string_view text) {
    if (!full()) out_ += text;
  }
  // An item's text never ends with an opening bracket, except in a string, which ends with a quote.
  void separate() {
    if (out_.back() != '[' && out_.back() != '{') put(",");
  }
  // Escapes what JSON must have escaped; `other` prints what begins with a byte above 0x7f, and says how many it took.
  template <typename Other>
  void quoted(ByteView text, const Other& other) {
    put("\"");
    while (!text.empty() && !full()) {
      std::size_t plain = 0;
      while (plain < text.size() && is_plain(text[plain])) ++plain;
      put(text.substr(0, plain));
      text.remove_prefix(plain);
      if (!text.empty())
        text.remove_prefix(static_cast<unsigned char>(text[0]) < 0x80 ? escaped(text[0]) : other(text));
    }
    put("\"");
  }
  std::size_t escaped(char c) {
    constexpr std::string_view kMeant = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto known = kMeant.find(c);
    const char short_form[] = {'\\', known == std::string_view::npos ? 'u' : kLetters[known]};
    put({short_form, 2});
    const auto code = static_cast<unsigned char>(c);
    const char code_text[] = {'0', '0', kDigits[code >> 4], kDigits[code & 15]};
    if (known == std::string_view::npos) put({code_text, 4});
    return 1;
  }
  template <typename Number>
  std::string_view number(Number value) {
    const auto [end, error] = std::to_chars(digits_, digits_ + sizeof digits_, value);
    const std::string_view text(digits_, error == std::errc{} ? static_cast<std::size_t>(end - digits_) : 0);
    put(text);
    return text;
  }
  // With a point, so that nobody reads an integer: "-0" would lose its sign.
  template <typename Number>
  void floating(Number value) {
    if (!std::isfinite(value)) return put(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    if (number(value).find_first_of(".e") == std::string_view::npos) put(".0");
  }

  std::string& out_;
  std::size_t end_;
  char digits_[64];
};

}  // namespace

Result<void> to_json(const Program& program, ByteView& bytes, std::string& out, DecodeLimits limits, std::size_t room) {
  Printer printer(out, room);
  SLUICE_RETURN_IF_ERROR(decode_front(program, bytes, printer, limits));
  if (printer.full())
    return over_limit(ErrorCode::rejected, "the value's JSON is longer than " + std::to_string(room) + " bytes");
  return {};
}

}  // namespace sluice::avro
