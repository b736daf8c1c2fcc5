#include "protobuf/tokens.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <climits>

namespace sluice::protobuf {
namespace io = google::protobuf::io;

namespace {

// The parser has told of the same text's errors already.
class Silent : public io::ErrorCollector {
 public:
  void AddError(int, io::ColumnNumber, const std::string&) override {}
};

}  // namespace

struct Tokens::State {
  explicit State(std::string_view text)
      : stream(text.data(), static_cast<int>(text.size())), tokenizer(&stream, &errors) {}
  io::ArrayInputStream stream;
  Silent errors;
  io::Tokenizer tokenizer;
};

Tokens::Tokens(std::string_view text) : state_(std::make_unique<State>(text)) { next(); }
Tokens::~Tokens() = default;

Tokens::Kind Tokens::kind() const {
  switch (state_->tokenizer.current().type) {
    case io::Tokenizer::TYPE_IDENTIFIER:
      return Kind::word;
    case io::Tokenizer::TYPE_INTEGER:
      return Kind::integer;
    case io::Tokenizer::TYPE_FLOAT:
      return Kind::decimal;
    case io::Tokenizer::TYPE_STRING:
      return Kind::text;
    case io::Tokenizer::TYPE_SYMBOL:
      return Kind::symbol;
    default:
      return Kind::end;
  }
}

const std::string& Tokens::text() const { return state_->tokenizer.current().text; }
void Tokens::next() { state_->tokenizer.Next(); }

bool Tokens::take(std::string_view what) {
  if (!at(what)) return false;
  next();
  return true;
}

std::string Tokens::word() {
  auto result = text();
  next();
  return result;
}

std::string Tokens::string() {
  std::string result;
  for (; kind() == Kind::text; next()) io::Tokenizer::ParseStringAppend(text(), &result);
  return result;
}

int Tokens::integer() {
  const bool negative = take("-");
  std::uint64_t value = 0;
  if (kind() != Kind::integer || !io::Tokenizer::ParseInteger(text(), std::uint64_t{1} << 31, &value)) value = 0;
  next();
  const auto signed_value = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  return signed_value > INT_MAX ? 0 : static_cast<int>(signed_value);
}

int bracket_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  for (Tokens tokens(text); tokens.kind() != Tokens::Kind::end; tokens.next()) {
    if (tokens.kind() != Tokens::Kind::symbol) continue;
    const char symbol = tokens.text()[0];
    if (symbol == '{' || symbol == '[' || symbol == '(' || symbol == '<') deepest = std::max(deepest, ++depth);
    if (symbol == '}' || symbol == ']' || symbol == ')' || symbol == '>') --depth;
  }
  return deepest;
}

}  // namespace sluice::protobuf
