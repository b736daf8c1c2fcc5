#include <algorithm>

#include "registry/rest.h"
#include "registry/rest/handlers.h"
#include "registry/rest/media.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

using namespace handlers;

constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;
constexpr int kNotAcceptable = 406;
constexpr int kUnsupportedMediaType = 415;

struct Route {
  std::string_view method;
  std::string_view path;  // "*" is any piece
  Handler handler;
};

constexpr Route kRoutes[] = {
    {"GET", "", get_root},
    {"POST", "", get_root},
    {"GET", "subjects", list_subjects},
    {"POST", "subjects/*", look_up},
    {"DELETE", "subjects/*", delete_subject},
    {"GET", "subjects/*/metadata", find_by_metadata},
    {"GET", "subjects/*/versions", list_versions},
    {"POST", "subjects/*/versions", register_schema},
    {"GET", "subjects/*/versions/*", get_version},
    {"DELETE", "subjects/*/versions/*", delete_version},
    {"GET", "subjects/*/versions/*/schema", get_version_schema},
    {"GET", "subjects/*/versions/*/referencedby", get_referenced_by},
    {"POST", "subjects/*/versions/*/tags", tag_version},
    {"GET", "schemas", list_schemas},
    {"GET", "schemas/types", list_types},
    {"GET", "schemas/ids/*", get_by_id},
    {"GET", "schemas/ids/*/schema", get_text_by_id},
    {"GET", "schemas/ids/*/subjects", list_subjects_of_id},
    {"GET", "schemas/ids/*/versions", list_versions_of_id},
    {"GET", "schemas/guids/*", get_by_guid},
    {"GET", "schemas/guids/*/ids", list_ids_of_guid},
    {"POST", "compatibility/subjects/*/versions", check_all},
    {"POST", "compatibility/subjects/*/versions/*", check_one},
    {"GET", "config", get_config},
    {"PUT", "config", put_config},
    {"DELETE", "config", delete_config},
    {"GET", "config/*", get_config},
    {"PUT", "config/*", put_config},
    {"DELETE", "config/*", delete_config},
    {"GET", "mode", get_mode},
    {"PUT", "mode", put_mode},
    {"DELETE", "mode", delete_mode},
    {"GET", "mode/*", get_mode},
    {"PUT", "mode/*", put_mode},
    {"DELETE", "mode/*", delete_mode},
    {"GET", "contexts", list_contexts},
    {"DELETE", "contexts/*", delete_context},
    {"GET", "v1/metadata/id", get_cluster_id},
    {"GET", "v1/metadata/version", get_server_version},
    {"POST", "import", import_topic},
};

bool matches(std::string_view pattern, const std::vector<std::string>& path) {
  for (const auto& piece : path) {
    if (pattern.empty()) return false;
    const auto end = std::min(pattern.find('/'), pattern.size());
    const auto want = pattern.substr(0, end);
    if (want != "*" && want != piece) return false;
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return pattern.empty();
}

// Takes "contexts/{c}" off a longer path, and gives what stands before the names of that context's subjects.
std::string take_context(std::vector<std::string>& path) {
  if (path.size() < 3 || path[0] != "contexts") return {};
  const auto prefix = SubjectName{context_name(path[1]), ""}.prefix();
  path.erase(path.begin(), path.begin() + 2);
  return prefix;
}

io::HttpResponse not_allowed(const std::string& allowed) {
  auto response = failure(kMethodNotAllowed, kMethodNotAllowed, "HTTP 405 Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

io::HttpResponse handle(Registry& registry, const std::string& cluster_id, const io::HttpRequest& request) {
  auto path = request.path();
  auto context = take_context(path);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  const Route* found = nullptr;
  for (const auto& route : kRoutes) {
    if (!matches(route.path, path)) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == method) found = &route;
  }
  // Newer clients ask for /associations/resources/…, which is not here, and read "none" from an answer in this form.
  if (allowed.empty()) return failure(kNotFound, kNotFound, "HTTP 404 Not Found");
  if (found == nullptr) return not_allowed(allowed);
  const auto type = answer_type(request.header("Accept"));
  if (!type) return failure(kNotAcceptable, kNotAcceptable, "HTTP 406 Not Acceptable");
  const bool has_body = method == "POST" || method == "PUT";
  if (has_body && found->handler != import_topic && !reads(request.header("Content-Type"))) {
    return failure(kUnsupportedMediaType, kUnsupportedMediaType, "HTTP 415 Unsupported Media Type");
  }
  return found->handler(Call(registry, cluster_id, request, std::move(path), std::move(context), *type));
}

}  // namespace sluice::registry
