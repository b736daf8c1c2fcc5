#pragma once
// GET /tables and GET /tables/<topic>.<format>: a topic's table as one file, read with the tools that read files from URLs.
//
// A request for the whole gives a fresh version; one with `Range` gives a part of the version that this client (its address
// and User-Agent) was given last. ETag is the offset of each partition; `?version=ETAG` asks for that version and keeps it.

#include "io/http.h"
#include "pipeline/log.h"
#include "server/table_cache.h"

namespace sluice::server {

// For paths that begin with /tables.
[[nodiscard]] io::HttpResponse answer_tables(TableCache& cache, pipeline::Log& log, const io::HttpRequest& request);

}  // namespace sluice::server
