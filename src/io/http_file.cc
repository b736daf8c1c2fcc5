#include "io/http_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

namespace sluice::io {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether a list of tags ("a", W/"b", or *) has this one. `weak`: W/ does not matter.
bool names(std::string_view list, std::string_view etag, bool weak) {
  if (trimmed(list) == "*") return true;
  while (!list.empty()) {
    const auto comma = list.find(',');  // ours have none
    auto tag = trimmed(list.substr(0, comma));
    if (weak && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
  }
  return false;
}

struct Range {
  enum class Is : std::uint8_t { whole, part, outside } is = Is::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

Range range_of(std::string_view text, std::uint64_t size) {
  text = trimmed(text);
  if (!text.starts_with("bytes=") || text.find(',') != std::string_view::npos) return {};
  text = trimmed(text.substr(6));
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  if (dash == 0) {  // "-500": the last 500
    if (!last) return {};
    if (*last == 0 || size == 0) return {Range::Is::outside};
    const auto length = std::min(*last, size);
    return {Range::Is::part, size - length, length};
  }
  const bool open = dash + 1 == text.size();
  if (!first || (!last && !open) || (last && *last < *first)) return {};
  if (*first >= size) return {Range::Is::outside};
  const auto end = last ? std::min(*last, size - 1) : size - 1;
  return {Range::Is::part, *first, end - *first + 1};
}

Range wanted_range(const HttpRequest& request, const HttpFile& file) {
  const auto range = request.header("range");
  if (!range) return {};
  if (const auto condition = request.header("if-range")) {
    const auto version = trimmed(*condition);
    if (version != file.etag && (file.last_modified.empty() || version != file.last_modified)) return {};
  }
  return range_of(*range, file.content.length);
}

}  // namespace

std::string http_date(std::int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

HttpResponse answer_with_file(const HttpRequest& request, const HttpFile& file) {
  HttpResponse answer{.status = 200, .content_type = file.content_type, .body = "", .headers = {}};
  answer.headers = {{"ETag", file.etag}, {"Accept-Ranges", "bytes"}};
  if (!file.last_modified.empty()) answer.headers.emplace_back("Last-Modified", file.last_modified);
  if (const auto match = request.header("if-match"); match && !names(*match, file.etag, false)) {
    answer.status = 412;
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = "this is " + file.etag + " now\n";
    return answer;
  }
  if (const auto match = request.header("if-none-match"); match && names(*match, file.etag, true)) {
    answer.status = 304;
    return answer;
  }
  const auto range = wanted_range(request, file);
  const auto total = std::to_string(file.content.length);
  if (range.is == Range::Is::outside) {
    answer.status = 416;
    answer.content_type = "text/plain; charset=utf-8";
    answer.headers.emplace_back("Content-Range", "bytes */" + total);
    answer.body = "there are " + total + " bytes\n";
    return answer;
  }
  answer.file = file.content;
  if (range.is == Range::Is::whole) return answer;
  answer.status = 206;
  answer.file->offset += range.first;
  answer.file->length = range.length;
  answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                   std::to_string(range.first + range.length - 1) + "/" + total);
  return answer;
}

}  // namespace sluice::io
