#include "server/tables.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "io/http_file.h"

namespace sluice::server {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormats[] = {"parquet", "avro"};

io::HttpResponse refused(int status, const std::string& text, int retry_seconds = 0) {
  io::HttpResponse answer{.status = status, .content_type = "text/plain; charset=utf-8", .body = text + "\n", .headers = {}};
  if (retry_seconds > 0) answer.headers.emplace_back("Retry-After", std::to_string(retry_seconds));
  return answer;
}

io::HttpResponse refused(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found: return refused(404, error.text());
    case ErrorCode::rejected:
    case ErrorCode::corrupt: return refused(409, error.text(), 60);
    case ErrorCode::unsupported:
    case ErrorCode::out_of_space: return refused(503, error.text(), 60);
    default: return refused(503, error.text(), 2);
  }
}

bool is_internal(const std::string& topic) { return topic.starts_with('_'); }

io::HttpResponse list(pipeline::Log& log) {
  const auto topics = log.topics();
  if (!topics.ok()) return refused(topics.error());
  json::array out;
  for (const auto& topic : *topics) {
    if (is_internal(topic.name)) continue;
    json::object urls;
    for (const auto format : kFormats) {
      urls[format] = "/tables/" + io::percent_encode(topic.name) + "." + std::string(format);
    }
    out.push_back(json::object{{"topic", topic.name}, {"partitions", topic.partitions}, {"tables", std::move(urls)}});
  }
  return {.status = 200, .content_type = "application/json", .body = json::serialize(out), .headers = {}};
}

// The version that a request is for.
Result<TableCache::Version> version_for(TableCache& cache, const std::string& topic, const std::string& format,
                                        const io::HttpRequest& request) {
  if (const auto etag = request.query("version")) {
    if (auto version = cache.pinned(topic, format, *etag)) return version;
    return Error{.code = ErrorCode::not_found,
                 .message = "there is no version " + *etag + " of " + topic + " any more",
                 .hint = "without ?version= the newest is made"};
  }
  const auto client = request.peer + "\n" + std::string(request.header("user-agent").value_or(""));
  if (request.header("range")) {
    if (auto version = cache.current(topic, format, client)) return version;
  }
  return cache.fresh(topic, format, client);
}

std::string offsets_text(const std::vector<Offset>& offsets) {
  std::string out;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    out += (i == 0 ? "" : " ") + std::to_string(i) + "=" + to_string(offsets[i]);
  }
  return out;
}

}  // namespace

io::HttpResponse answer_tables(TableCache& cache, pipeline::Log& log, const io::HttpRequest& request) {
  const auto path = request.path();
  if (path.size() == 1 || (path.size() == 2 && path[1].empty())) return list(log);
  const auto& file = path[1];
  const auto dot = file.rfind('.');
  const auto format = dot == std::string::npos ? std::string() : file.substr(dot + 1);
  if (path.size() != 2 || std::ranges::find(kFormats, format) == std::end(kFormats)) {
    return refused(404, "a table is /tables/TOPIC.parquet or /tables/TOPIC.avro; GET /tables lists them");
  }
  const auto topic = file.substr(0, dot);
  if (is_internal(topic)) return refused(404, topic + " is an internal topic; GET /tables lists what is there");
  if (const auto known = log.describe(topic); !known.ok()) {
    return refused(404, "there is no topic " + topic + "; GET /tables lists what is there");
  }
  const auto version = version_for(cache, topic, format, request);
  if (!version.ok()) return refused(version.error());
  io::HttpFile content;
  content.content = (*version)->content;
  content.content_type = format == "parquet" ? "application/vnd.apache.parquet" : "application/avro";
  content.etag = "\"" + (*version)->etag + "\"";
  content.last_modified = io::http_date((*version)->modified_ms);
  auto answer = io::answer_with_file(request, content);
  answer.headers.emplace_back("Cache-Control", "no-cache");
  answer.headers.emplace_back("X-Sluice-Offsets", offsets_text((*version)->offsets));
  answer.headers.emplace_back("X-Sluice-Rows", std::to_string((*version)->rows));
  return answer;
}

}  // namespace sluice::server
