#pragma once
// What `sluice view` and `sluice sql` say to the admin listener.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/result.h"
#include "cli/command.h"

namespace sluice::cli {

// Sends `text` as the body. Errors: as get_json()'s.
[[nodiscard]] Result<std::string> post_text(const Globals& globals, const std::string& target, const std::string& text);
// The query or the file's text; exactly one must be given. Errors: of usage.
[[nodiscard]] Result<std::string> text_of_argument(const std::string& argument, const std::string& file);

// A description of a view, as GET /views/NAME gives it.
struct ViewState {
  std::string name, kind, sql, plan, building, replaced, error;
  std::vector<std::string> columns, key, reads;  // columns with their types
  std::uint64_t generation = 0, rows = 0, late = 0, failed = 0, state_bytes = 0;
  double built = 1, restored = 1;
  bool caught_up = false;
};
// Errors: corrupt.
[[nodiscard]] Result<ViewState> view_state(const boost::json::value& value);
[[nodiscard]] Result<boost::json::value> parse_answer(const std::string& text);

// The rows of an answer of POST /sql as psql prints them. Errors: corrupt.
[[nodiscard]] Result<std::string> answer_text(const std::string& answer);

}  // namespace sluice::cli
