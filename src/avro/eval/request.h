#pragma once
// Inside of eval: a question's members, and an answer's.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro::eval {

// An answer's error code. In this module Error::reason holds it.
enum class Code : std::uint16_t {
  none,
  bad_request,
  bad_schema,
  bad_json,
  bad_data,
  no_match,
  limit,
  corrupt,
  io,
  internal
};
[[nodiscard]] std::string_view code_name(Code code);
[[nodiscard]] Error refused(Code code, std::string message);
// The error of another module as `code`; one of a limit (avro/limit.h) as `limit`.
[[nodiscard]] Error as(Code code, Error error);
template <typename T>
[[nodiscard]] Result<T> as(Code code, Result<T> result) {
  if (result.ok()) return result;
  return as(code, std::move(result).error());
}

// What is known of a line: its members up to where it stops being JSON.
class Request {
 public:
  // `line` must outlive the request. Errors: bad_request; then `id()` is known if it came before.
  [[nodiscard]] Result<void> read(std::string_view line);

  // As it is written; empty without one.
  [[nodiscard]] std::string_view id() const { return id_; }

  // Errors of all: bad_request.
  [[nodiscard]] Result<std::string> text(const std::string& member) const;
  [[nodiscard]] Result<bool> flag(const std::string& member) const;  // false without it
  [[nodiscard]] Result<Bytes> binary(const std::string& member) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& member) const;
  // Names and binary values in their order; none without it.
  [[nodiscard]] Result<std::vector<std::pair<std::string, Bytes>>> binaries(const std::string& member) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> count(const std::string& member) const;  // at least 1

  // The schema in a member. Errors: bad_request, bad_schema, limit.
  [[nodiscard]] Result<Schema> schema(const std::string& member, bool lenient) const;

 private:
  [[nodiscard]] Result<std::string_view> raw(const std::string& member) const;

  std::string_view id_;
  std::map<std::string, std::string_view, std::less<>> members_;
};

// Appends `text` as a JSON string: half a surrogate pair as its escape, what is no UTF-8 as U+FFFD.
void append_string(std::string& out, std::string_view text);
// Appends ,"name":"text".
void append_member(std::string& out, std::string_view name, std::string_view text);

}  // namespace sluice::avro::eval
