#pragma once
// Inside of eval: what each operation does.

#include <string>

#include "avro/eval/request.h"
#include "base/result.h"

namespace sluice::avro::eval {

// Each appends the answer's members besides "ok". After an error what was appended does not count, but for read_file():
// that is the data before the damage.
[[nodiscard]] Result<void> parse(const Request& request, std::string& out);
[[nodiscard]] Result<void> canonical(const Request& request, std::string& out);
[[nodiscard]] Result<void> compat(const Request& request, std::string& out);
[[nodiscard]] Result<void> encode(const Request& request, std::string& out);
[[nodiscard]] Result<void> decode(const Request& request, std::string& out);
[[nodiscard]] Result<void> resolve(const Request& request, std::string& out);
[[nodiscard]] Result<void> read_file(const Request& request, std::string& out);
[[nodiscard]] Result<void> write_file(const Request& request, std::string& out);

// Deeper than other callers allow: what Java reads before its stack is full should not be refused here.
inline constexpr int kMaxDepth = 1000;
inline constexpr std::uint64_t kMaxItemsOfNoBytes = 1 << 22;

}  // namespace sluice::avro::eval
