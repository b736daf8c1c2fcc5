#pragma once
// A file as the answer to a GET: whole, a single range of it, or nothing new (RFC 9110, sections 13 and 14).

#include <cstdint>
#include <string>

#include "io/file_system.h"
#include "io/http.h"

namespace sluice::io {

// A file that never changes.
struct HttpFile {
  FileSlice content;
  std::string content_type;
  std::string etag;               // strong, with its quotes
  std::string last_modified = {}; // http_date(); may be empty
};

// 200; 206 for `Range` with one range; 416 when that begins behind the end; 304 and 412 by If-None-Match and If-Match.
// Several ranges, other units, and a range whose If-Range names another version are answered with the whole. Every answer
// has ETag, Last-Modified and Accept-Ranges.
[[nodiscard]] HttpResponse answer_with_file(const HttpRequest& request, const HttpFile& file);

// "Tue, 24 Nov 2026 13:20:00 GMT", of milliseconds since 1970.
[[nodiscard]] std::string http_date(std::int64_t wall_ms);

}  // namespace sluice::io
