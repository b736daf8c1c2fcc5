#pragma once
// One request on its way to a handler, and the form of its answer.

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/http.h"
#include "registry/registry.h"

namespace sluice::registry {

class Call {
 public:
  // `path` without "/contexts/{c}", which `context` says: "" or ":.ctx:".
  Call(Registry& registry, const std::string& cluster_id, const io::HttpRequest& request, std::vector<std::string> path,
       std::string context, std::string media_type)
      : registry_(registry),
        cluster_id_(cluster_id),
        request_(request),
        path_(std::move(path)),
        context_(std::move(context)),
        media_type_(std::move(media_type)) {}

  [[nodiscard]] Registry& registry() const { return registry_; }
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  [[nodiscard]] const std::string& context() const { return context_; }

  // --- the request
  [[nodiscard]] std::size_t size() const { return path_.size(); }
  [[nodiscard]] const std::string& piece(std::size_t i) const { return path_[i]; }
  // The subject at a place of the path, with its context.
  [[nodiscard]] std::string scope(std::size_t i) const;
  // The same, or what its alias means.
  [[nodiscard]] std::string subject(std::size_t i) const { return registry_.meant_by(scope(i)); }
  // "latest", "-1" or a number from 1. Errors: invalid_version.
  [[nodiscard]] Result<std::int32_t> version(std::size_t i) const;
  // Errors: as a schema that is not there.
  [[nodiscard]] Result<SchemaId> id(std::size_t i) const;
  [[nodiscard]] bool flag(std::string_view name) const;  // in any case: Python's clients say "True"
  [[nodiscard]] std::string text(std::string_view name) const { return request_.query(name).value_or(""); }
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  // The query's `subject`, else the context.
  [[nodiscard]] std::string subject_asked() const;
  [[nodiscard]] std::string prefix_asked() const;
  [[nodiscard]] Which which() const;
  [[nodiscard]] const std::string& raw_body() const { return request_.body; }
  // Errors: with 400 or 422 as their reason.
  [[nodiscard]] Result<boost::json::object> body() const;
  [[nodiscard]] Result<SchemaRequest> schema_body() const;

  // --- the answer
  [[nodiscard]] io::HttpResponse answer(const boost::json::value& body) const;
  [[nodiscard]] io::HttpResponse raw(std::string text) const { return {200, media_type_, std::move(text), {}}; }
  // The part of a list that `offset` and `limit` ask for.
  [[nodiscard]] io::HttpResponse page(boost::json::array all) const;
  // As registrations, lookups and lists show it.
  [[nodiscard]] boost::json::object shown(const Version& version) const;
  [[nodiscard]] boost::json::object shown(const Content& content, const std::string& subject) const;

 private:
  Registry& registry_;
  const std::string& cluster_id_;
  const io::HttpRequest& request_;
  const std::vector<std::string> path_;
  const std::string context_;
  const std::string media_type_;
};

inline constexpr const char* kMediaType = "application/vnd.schemaregistry.v1+json";

// {"error_code":…,"message":…}, always in the one media type.
[[nodiscard]] io::HttpResponse failure(int status, int code, const std::string& message);
[[nodiscard]] io::HttpResponse failure(const Error& error);

// The tags of a body's list: [{"schemaEntity":{"entityPath":…,"entityType":…},"tags":[…]}].
[[nodiscard]] Result<std::vector<EntityTags>> tags_in(const boost::json::object& body, const char* name);
// A body's metadata or rules; none when they are absent or null. Errors: a Code.
[[nodiscard]] Result<std::optional<Metadata>> metadata_in(const boost::json::object& body, const char* name);
[[nodiscard]] Result<std::optional<RuleSet>> rules_in(const boost::json::object& body, const char* name);

}  // namespace sluice::registry
