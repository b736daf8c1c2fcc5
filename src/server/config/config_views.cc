// An entry names a file, or several by a glob in its last part. A file holds statements that define something, or one SELECT, which is then the
// view of the entry's name (of a glob's: of the file's).
#include "server/config/config_views.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "deliver/archive/topic_rule.h"
#include "io/file_system.h"
#include "server/config/config_values.h"
#include "sql/statement.h"

namespace sluice::server {
namespace {

std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::pair(std::string(), path) : std::pair(path.substr(0, slash + 1), path.substr(slash + 1));
}

Result<std::vector<std::string>> files_of(const Value& value, const std::string& path) {
  const auto [folder, name] = split(path);
  if (name.find('*') == std::string::npos) return std::vector{path};
  const auto listing = io::real_file_system().list(folder.empty() ? "." : folder);
  if (!listing.ok()) return wrong(value, "there is no folder " + folder);
  std::vector<std::string> files;
  for (const auto& entry : *listing) {
    if (!entry.is_directory && deliver::archive::name_matches({name}, entry.name)) files.push_back(folder + entry.name);
  }
  if (files.empty()) return wrong(value, "there is no file " + path);
  std::ranges::sort(files);
  return files;
}

// "line 3, column 14: …" of a file, as editors read it.
Error in_file(Error error, const std::string& file) {
  std::size_t line = 0, column = 0;
  int read = 0;
  if (std::sscanf(error.message.c_str(), "line %zu, column %zu: %n", &line, &column, &read) == 2 && read > 0) {
    error.message = file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + error.message.substr(static_cast<std::size_t>(read));
    return error;
  }
  return std::move(error).in(file);
}

std::string quoted(const std::string& text, char by) {
  std::string out(1, by);
  for (const char c : text) out += c == by ? std::string(2, c) : std::string(1, c);
  return out + by;
}

// The options that stand beside `sql`, as WITH has them; empty: none.
Result<std::string> options_of(const Value& map) {
  std::string options;
  for (const auto* name : {"emit", "grace", "within"}) {
    SLUICE_TRY(const auto text, text_at(map, name));
    if (!text.empty()) options += (options.empty() ? " WITH (" : ", ") + std::string(name) + " = " + quoted(text, '\'');
  }
  return options.empty() ? options : options + ")";
}

Result<ViewFile> read_file(const Value& entry, const std::string& view, const std::string& path) {
  auto text = io::real_file_system().read_file(path);
  if (!text.ok()) return wrong(*entry.find("sql"), text.error().message);
  auto statements = sql::parse_statements(*text);
  if (!statements.ok()) return in_file(std::move(statements).error(), path);
  SLUICE_TRY(const auto options, options_of(entry));
  const auto is_select = [](const sql::Statement& s) { return std::holds_alternative<sql::Select>(s.form); };
  if (statements->size() == 1 && is_select(statements->front())) {
    const auto begin = "CREATE MATERIALIZED VIEW " + quoted(view, '"') + options + " AS ";
    return ViewFile{.name = view, .file = path, .text = begin + statements->front().text};
  }
  if (!options.empty()) return wrong(entry, "beside a file of CREATE statements there are no options: they stand in its WITH (…)");
  const auto select = std::ranges::find_if(*statements, is_select);
  if (select != statements->end()) {
    return in_file({.code = ErrorCode::rejected, .message = sql::place_of(*text, select->position) + ": a SELECT among other statements defines nothing",
                    .hint = "CREATE MATERIALIZED VIEW name AS SELECT …"}, path);
  }
  return ViewFile{.name = view, .file = path, .text = *std::move(text)};
}

Result<std::vector<ViewFile>> view_of(const Value::Entry& entry) {
  SLUICE_TRY(const auto path, text_at(entry.value, "sql"));
  if (path.empty()) return wrong(entry.value, "view '" + entry.key + "' needs 'sql': a file");
  const auto& value = *entry.value.find("sql");
  SLUICE_TRY(const auto files, files_of(value, beside(value, path)));
  std::vector<ViewFile> out;
  for (const auto& file : files) {
    const auto stem = split(file).second;
    const bool one = path.find('*') == std::string::npos;
    SLUICE_TRY(auto read, read_file(entry.value, one ? entry.key : stem.substr(0, stem.rfind('.')), file));
    out.push_back(std::move(read));
  }
  return out;
}

}  // namespace

Result<std::vector<ViewFile>> read_views(const Value& root) {
  SLUICE_TRY(auto entries, each<std::vector<ViewFile>>(section_of(root, "views"), view_of));
  std::vector<ViewFile> out;
  for (auto& files : entries) std::ranges::move(files, std::back_inserter(out));
  return out;
}

}  // namespace sluice::server
