// Views by HTTP, on the admin listener: what is defined, one row by its key, a question; and what defines and drops them.
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "flow/views.h"
#include "server/server_parts.h"

namespace sluice::server {
namespace {

namespace json = boost::json;
using flow::Answer;
using flow::TypeKind;

io::HttpResponse answer(int status, const json::value& body) {
  return {.status = status, .content_type = "application/json", .body = json::serialize(body) + "\n", .headers = {}};
}

io::HttpResponse refusal(const Error& error) {
  int status = 500;
  switch (error.code) {
    case ErrorCode::rejected:
    case ErrorCode::unsupported: status = 400; break;
    case ErrorCode::not_found: status = 404; break;
    case ErrorCode::already_exists: status = 409; break;
    case ErrorCode::retry:
    case ErrorCode::back_off: status = 503; break;
    default: break;
  }
  return answer(status, json::object{{"message", error.message}, {"detail", error.detail}, {"hint", error.hint}});
}

template <typename T>
json::value number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return json::value(text);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return json::value(text);  // JSON has no such numbers
  }
  return json::value(value);
}

json::value to_json(const flow::Column& column, const Answer::Cell& cell) {
  if (cell.null) return nullptr;
  switch (column.type.kind) {
    case TypeKind::boolean: return json::value(cell.text == "t" || cell.text == "true");
    case TypeKind::int2:
    case TypeKind::int4:
    case TypeKind::int8: return number<std::int64_t>(cell.text);
    case TypeKind::float4:
    case TypeKind::float8: return number<double>(cell.text);
    default: return json::value(cell.text);
  }
}

json::array to_json(const std::vector<flow::Column>& columns) {
  json::array out;
  for (const auto& column : columns) out.push_back(json::object{{"name", column.name}, {"type", flow::type_text(column.type)}});
  return out;
}

json::object to_json(const Answer& asked) {
  json::array rows;
  for (const auto& row : asked.rows) {
    json::array cells;
    for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(to_json(asked.columns[i], row[i]));
    rows.push_back(std::move(cells));
  }
  return {{"columns", to_json(asked.columns)}, {"rows", std::move(rows)}, {"unreadable", asked.unreadable}};
}

json::object to_json(const flow::ViewDescription& view) {
  json::object out{{"name", view.name},
                   {"kind", view.is_view ? "view" : "stream"},
                   {"sql", view.sql},
                   {"columns", to_json(view.columns)},
                   {"key", json::array(view.key.begin(), view.key.end())},
                   {"reads", json::array(view.reads.begin(), view.reads.end())},
                   {"error", view.error}};
  if (!view.is_view) return out;
  out["generation"] = view.generation;
  out["plan"] = view.plan;
  out["caught_up"] = view.caught_up;
  out["building"] = view.building;
  out["built"] = view.built;
  out["replaced"] = view.replaced;
  out["rows"] = view.counts.rows;
  out["taken"] = view.counts.taken;
  out["given"] = view.counts.given;
  out["late"] = view.counts.late;
  out["failed"] = view.counts.failed;
  out["state_bytes"] = view.counts.state_bytes;
  out["restored"] = view.counts.restored;
  return out;
}

// The parameters of the query.
std::map<std::string, std::string> parameters_of(const io::HttpRequest& http) {
  std::map<std::string, std::string> out;
  const auto mark = http.target.find('?');
  std::string_view rest = mark == std::string::npos ? std::string_view() : std::string_view(http.target).substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto one = rest.substr(0, end);
    const auto equals = std::min(one.find('='), one.size());
    if (!one.empty()) out[io::percent_decode(one.substr(0, equals))] = io::percent_decode(one.substr(std::min(equals + 1, one.size())));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

io::HttpResponse answer_row(flow::Views& views, const std::string& name, const std::map<std::string, std::string>& key) {
  const auto found = views.row(name, key);
  if (!found.ok()) return refusal(found.error());
  json::object row;
  for (std::size_t i = 0; i < found->columns.size(); ++i) row[found->columns[i].name] = to_json(found->columns[i], found->rows.at(0)[i]);
  return answer(200, row);
}

io::HttpResponse answer_define(flow::Views& views, const std::string& text) {
  const auto defined = views.define(text);
  if (!defined.ok()) return refusal(defined.error());
  constexpr const char* kWhat[] = {"created", "unchanged", "replaced", "building", "dropped"};
  json::array out;
  for (const auto& each : *defined) {
    out.push_back(json::object{{"name", each.name}, {"what", kWhat[static_cast<std::size_t>(each.what)]}, {"told", each.told}});
  }
  return answer(200, json::object{{"defined", std::move(out)}});
}

io::HttpResponse answer_list(const flow::Views& views) {
  json::array out;
  for (const auto& view : views.list()) out.push_back(to_json(view));
  return answer(200, out);
}

io::HttpResponse answer_view(flow::Views& views, const io::HttpRequest& http, const std::string& name) {
  const auto parameters = parameters_of(http);
  if (!parameters.empty()) return answer_row(views, name, parameters);
  const auto described = views.describe(name);
  return described.ok() ? answer(200, to_json(*described)) : refusal(described.error());
}

}  // namespace

Result<void> Server::Parts::start_views() {
  SLUICE_TRY(auto opened, flow::Views::open({.folder = config.data + "/views"}, *log, *registry, *supervisor));
  views = std::move(opened);
  configure_views();
  views_run = true;
  return {};
}

void Server::Parts::configure_views() {
  std::vector<flow::Configured> files;
  for (const auto& file : config.views) files.push_back({.name = file.name, .file = file.file, .text = file.text});
  views->configure(std::move(files));
}

io::HttpResponse Server::Parts::answer_views(const io::HttpRequest& http) {
  if (!views_run) return refusal({ErrorCode::back_off, "the server is starting"});
  const auto path = http.path();
  const bool get = http.method == "GET" || http.method == "HEAD";
  if (path.at(0) == "sql") {
    const auto asked = http.method == "POST" ? views->ask(http.body) : Error{ErrorCode::rejected, "POST /sql, with the SELECT as the body"};
    return asked.ok() ? answer(200, to_json(*asked)) : refusal(asked.error());
  }
  const bool all = path.size() == 1 || (path.size() == 2 && path[1].empty());
  if (all && get) return answer_list(*views);
  if (all && http.method == "POST") return answer_define(*views, http.body);
  if (path.size() == 2 && get) return answer_view(*views, http, path[1]);
  if (path.size() == 2 && http.method == "DELETE") {
    const auto removed = views->remove(path[1]);
    return removed.ok() ? answer(200, json::object{{"name", path[1]}}) : refusal(removed.error());
  }
  return refusal({ErrorCode::not_found, "GET and POST /views, GET and DELETE /views/NAME, and POST /sql are what there is"});
}

}  // namespace sluice::server
