#include "cli/view_requests.h"

#include <algorithm>
#include <utility>

#include "cli/avro/input.h"
#include "cli/report.h"

namespace sluice::cli {

namespace json = boost::json;

namespace {

constexpr std::int64_t kAnswerMs = 120'000;  // a question has a minute

std::string string_at(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

template <typename T>
T number_at(const json::object& object, const char* key, T otherwise = {}) {
  const auto* value = object.if_contains(key);
  boost::system::error_code error;
  if (value == nullptr || !value->is_number()) return otherwise;
  const auto number = value->to_number<T>(error);
  return error ? otherwise : number;
}

const json::array& list_at(const json::object& object, const char* key) {
  static const json::array kNone;
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::vector<std::string> strings_at(const json::object& object, const char* key) {
  std::vector<std::string> out;
  for (const auto& value : list_at(object, key)) {
    if (value.is_string()) out.emplace_back(value.get_string());
  }
  return out;
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// A line, whatever the text has.
std::string cell_text(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_bool()) return value.get_bool() ? "t" : "f";
  if (!value.is_string()) return json::serialize(value);
  std::string out;
  for (const char c : value.get_string()) out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
  return out;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return right ? space + text : text + space;
}

std::string centred(const std::string& text, std::size_t width) {
  const auto space = width - std::min(width, width_of(text));
  return std::string(space / 2, ' ') + text + std::string(space - space / 2, ' ');
}

// psql's look: heads in the middle, numbers to the right.
class Grid {
 public:
  void head(const std::string& name, const std::string& type) {
    heads_.push_back(name);
    widths_.push_back(width_of(name));
    right_.push_back(type.starts_with("numeric") || type == "integer" || type == "bigint" || type == "smallint" || type == "real" || type == "double precision");
  }
  void row(const json::array& cells) {
    auto& row = rows_.emplace_back();
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      row.push_back(i < cells.size() ? cell_text(cells[i]) : "");
      widths_[i] = std::max(widths_[i], width_of(row.back()));
    }
  }
  [[nodiscard]] std::string text() const {
    std::string out, rule;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      out += (i == 0 ? " " : "| ") + centred(heads_[i], widths_[i]) + " ";
      rule += (i == 0 ? "" : "+") + std::string(widths_[i] + 2, '-');
    }
    out = trimmed(out) + "\n" + rule + "\n";
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? " " : "| ") + padded(row[i], widths_[i], right_[i]) + " ";
      out += trimmed(line) + "\n";
    }
    return out + "(" + std::to_string(rows_.size()) + (rows_.size() == 1 ? " row)\n" : " rows)\n");
  }

 private:
  static std::string trimmed(std::string line) {
    line.resize(line.find_last_not_of(' ') + 1);
    return line;
  }
  std::vector<std::string> heads_;
  std::vector<std::size_t> widths_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

Result<std::string> post_text(const Globals& globals, const std::string& target, const std::string& text) {
  SLUICE_TRY(const auto client, http_client(globals.admin, kAnswerMs));
  auto answer = client.send({.method = "POST", .target = target, .headers = {{"Content-Type", "application/sql"}}, .body = text});
  if (!answer.ok()) return unreachable(std::move(answer).error());
  if (answer->status != 200) return error_of(*answer, "");
  return std::move(answer->body);
}

Result<std::string> text_of_argument(const std::string& argument, const std::string& file) {
  if (argument.empty() == file.empty()) {
    return wrong_usage(argument.empty() ? "there is no SQL" : "there is SQL and a file", "give the SQL in quotes, or -f FILE (- is standard input)");
  }
  return file.empty() ? Result<std::string>(argument) : read_text(file);
}

Result<json::value> parse_answer(const std::string& text) {
  boost::system::error_code error;
  auto parsed = json::parse(text, error);
  if (error) return Error{ErrorCode::corrupt, "the server's answer is no JSON"};
  return parsed;
}

Result<ViewState> view_state(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return Error{ErrorCode::corrupt, "the server's answer describes no view"};
  ViewState out;
  out.name = string_at(*object, "name");
  out.kind = string_at(*object, "kind");
  out.sql = string_at(*object, "sql");
  out.plan = string_at(*object, "plan");
  out.building = string_at(*object, "building");
  out.replaced = string_at(*object, "replaced");
  out.error = string_at(*object, "error");
  for (const auto& column : list_at(*object, "columns")) {
    if (column.is_object()) out.columns.push_back(string_at(column.get_object(), "name") + " " + string_at(column.get_object(), "type"));
  }
  out.key = strings_at(*object, "key");
  out.reads = strings_at(*object, "reads");
  out.generation = number_at<std::uint64_t>(*object, "generation");
  out.rows = number_at<std::uint64_t>(*object, "rows");
  out.late = number_at<std::uint64_t>(*object, "late");
  out.failed = number_at<std::uint64_t>(*object, "failed");
  out.state_bytes = number_at<std::uint64_t>(*object, "state_bytes");
  out.built = number_at<double>(*object, "built", 1);
  out.restored = number_at<double>(*object, "restored", 1);
  const auto* caught_up = object->if_contains("caught_up");
  out.caught_up = caught_up != nullptr && caught_up->is_bool() && caught_up->get_bool();
  return out;
}

Result<std::string> answer_text(const std::string& answer) {
  SLUICE_TRY(const auto parsed, parse_answer(answer));
  if (!parsed.is_object()) return Error{ErrorCode::corrupt, "the server's answer has no rows"};
  const auto& object = parsed.get_object();
  Grid grid;
  for (const auto& column : list_at(object, "columns")) {
    if (column.is_object()) grid.head(string_at(column.get_object(), "name"), string_at(column.get_object(), "type"));
  }
  for (const auto& row : list_at(object, "rows")) {
    if (row.is_array()) grid.row(row.get_array());
  }
  auto out = grid.text();
  const auto unreadable = number_at<std::uint64_t>(object, "unreadable");
  if (unreadable > 0) out += "(" + std::to_string(unreadable) + " records are no rows of their relation, and left out)\n";
  return out;
}

}  // namespace sluice::cli
