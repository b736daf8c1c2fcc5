#include "registry/rest.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr const char* kMediaType = "application/vnd.schemaregistry.v1+json";
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;
constexpr int kUnprocessable = 422;

io::HttpResponse answer(const json::value& body, int status = 200) { return {status, kMediaType, json::serialize(body), {}}; }

io::HttpResponse failure(int status, int code, const std::string& message) {
  return answer(json::object{{"error_code", code}, {"message", message}}, status);
}

io::HttpResponse failure(const Error& error) {
  const int code = error.reason == 0 ? static_cast<int>(Code::store_failed) : error.reason;
  return failure(code >= 10000 ? code / 100 : code, code, error.message);
}

json::array list_of(const std::vector<std::int32_t>& numbers) { return json::array(numbers.begin(), numbers.end()); }
json::array list_of(const std::vector<std::string>& names) { return json::array(names.begin(), names.end()); }

json::object version_object(const Version& version) {
  return {{"subject", version.subject}, {"version", version.version}, {"id", version.id.value}, {"schema", version.text}};
}

struct SchemaBody {
  std::string schema;
  std::string type = "AVRO";
};

// One request on its way through the table of paths.
class Call {
 public:
  Call(Registry& registry, const std::string& cluster_id, const io::HttpRequest& request)
      : registry_(registry), cluster_id_(cluster_id), request_(request), path_(request.path()) {
    if (path_.size() >= 2 && path_[0] == "contexts" && path_[1] == ".") path_.erase(path_.begin(), path_.begin() + 2);  // the default one
  }

  io::HttpResponse run() {
    if (path_.empty() || (path_.size() == 1 && path_[0].empty())) return answer(json::object{});
    const auto& head = path_[0];
    if (head == "subjects") return subjects();
    if (head == "schemas") return schemas();
    if (head == "config") return config();
    if (head == "mode") return mode();
    if (head == "compatibility") return compatibility();
    if (head == "contexts" && path_.size() == 1 && is("GET")) return answer(json::array{"."});
    if (head == "v1" && path_.size() == 3 && path_[1] == "metadata" && path_[2] == "id") {
      return answer(json::object{{"scope", json::object{{"path", json::array{}}, {"clusters", json::object{{"kafka-cluster", cluster_id_}, {"schema-registry-cluster", "schema-registry"}}}}}, {"id", ""}});
    }
    if (head == "v1" && path_.size() == 3 && path_[2] == "version") return answer(json::object{{"version", "7.9.0"}, {"commitId", ""}});
    return unknown();
  }

 private:
  [[nodiscard]] bool is(std::string_view method) const { return request_.method == method; }
  // Any case: Python's clients say "True".
  [[nodiscard]] bool flag(std::string_view name) const {
    const auto text = request_.query(name).value_or("");
    return std::ranges::equal(text, std::string_view("true"), {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
  [[nodiscard]] Which which() const {
    // Python's client spells it the second way.
    return flag("deletedOnly") || flag("deleted_only") ? Which::deleted_only : flag("deleted") ? Which::with_deleted : Which::live;
  }
  io::HttpResponse unknown() const { return failure(kNotFound, kNotFound, "HTTP 404 Not Found"); }
  io::HttpResponse not_allowed() const { return failure(kMethodNotAllowed, kMethodNotAllowed, "HTTP 405 Method Not Allowed"); }

  template <typename T>
  io::HttpResponse page(const std::vector<T>& all) const {
    const auto number = [&](std::string_view name, std::size_t otherwise) {
      const auto text = request_.query(name).value_or("");
      std::size_t value = otherwise;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return text.starts_with('-') ? otherwise : value;
    };
    const auto from = std::min(number("offset", 0), all.size());
    const auto count = std::min(number("limit", all.size()), all.size() - from);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
    return answer(list_of(std::vector<T>(first, first + static_cast<std::ptrdiff_t>(count))));
  }

  // The request's schema; an answer when there is none that we take.
  std::optional<io::HttpResponse> read(SchemaBody& out) const {
    boost::system::error_code error;
    const auto body = json::parse(request_.body, error);
    if (error) return failure(kBadRequest, kBadRequest, "the body is no JSON");
    if (!body.is_object()) return failure(kUnprocessable, kUnprocessable, "the body is no JSON object");
    const auto* schema = body.get_object().if_contains("schema");
    const auto* type = body.get_object().if_contains("schemaType");
    const auto* references = body.get_object().if_contains("references");
    if (type != nullptr && type->is_string()) out.type = type->get_string();
    if (out.type != "AVRO") return failure(kUnprocessable, static_cast<int>(Code::invalid_schema), "schemaType " + out.type + ": this version of the registry takes AVRO only");
    if (references != nullptr && references->is_array() && !references->get_array().empty()) {
      return failure(kUnprocessable, static_cast<int>(Code::invalid_schema), "schema references are not in this version");
    }
    // Else a migration would get other ids than it asked for, without a word.
    if (const auto* id = body.get_object().if_contains("id"); id != nullptr && id->is_number() && *id != -1) {
      return failure(kUnprocessable, static_cast<int>(Code::not_permitted), "an id of one's own needs the mode IMPORT, which is not in this version");
    }
    if (schema == nullptr || !schema->is_string()) return failure(kUnprocessable, static_cast<int>(Code::invalid_schema), "Empty schema");
    out.schema = schema->get_string();
    return std::nullopt;
  }

  // "latest", "-1" or a number from 1.
  static Result<std::int32_t> version_number(const std::string& text) {
    if (text == "latest" || text == "-1") return -1;
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1) {
      return Error{ErrorCode::rejected, "The specified version '" + text + "' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"", {}, {},
                   static_cast<std::uint16_t>(Code::invalid_version)};
    }
    return number;
  }

  io::HttpResponse subjects() {
    if (path_.size() == 1) {
      if (!is("GET")) return not_allowed();
      auto prefix = request_.query("subjectPrefix").value_or("");
      if (prefix == ":*:") prefix.clear();
      return page(registry_.subjects(prefix, which()));
    }
    const auto& subject = path_[1];
    if (path_.size() == 2 && is("POST")) return look_up(subject);
    if (path_.size() == 2 && is("DELETE")) {
      const auto deleted = registry_.delete_subject(subject, flag("permanent"));
      return deleted.ok() ? answer(list_of(*deleted)) : failure(deleted.error());
    }
    if (path_.size() < 3 || path_[2] != "versions") return unknown();
    if (path_.size() == 3 && is("POST")) return add(subject);
    if (path_.size() == 3 && is("GET")) {
      const auto versions = registry_.versions(subject, which());
      return versions.ok() ? page(*versions) : failure(versions.error());
    }
    return path_.size() >= 4 ? one_version(subject) : not_allowed();
  }

  io::HttpResponse one_version(const std::string& subject) {
    const auto number = version_number(path_[3]);
    if (!number.ok()) return failure(number.error());
    if (path_.size() == 4 && is("DELETE")) {
      const auto deleted = registry_.delete_version(subject, *number, flag("permanent"));
      return deleted.ok() ? answer(*deleted) : failure(deleted.error());
    }
    if (!is("GET")) return not_allowed();
    const auto found = registry_.version(subject, *number, flag("deleted"));
    if (!found.ok()) return failure(found.error());
    if (path_.size() == 4) return answer(version_object(*found));
    if (path_.size() == 5 && path_[4] == "schema") return {200, kMediaType, found->text, {}};
    if (path_.size() == 5 && path_[4] == "referencedby") return answer(json::array{});
    return unknown();
  }

  io::HttpResponse add(const std::string& subject) {
    SchemaBody body;
    if (auto refused = read(body)) return *refused;
    const auto added = registry_.add_version(subject, body.schema);
    return added.ok() ? answer(json::object{{"id", added->id.value}}) : failure(added.error());
  }

  io::HttpResponse look_up(const std::string& subject) {
    SchemaBody body;
    if (auto refused = read(body)) return *refused;
    const auto found = registry_.find(subject, body.schema, flag("deleted"));
    return found.ok() ? answer(version_object(*found)) : failure(found.error());
  }

  io::HttpResponse schemas() {
    if (!is("GET")) return not_allowed();
    if (path_.size() == 1) {
      json::array list;
      auto prefix = request_.query("subjectPrefix").value_or("");
      if (prefix == ":*:") prefix.clear();
      for (const auto& version : registry_.all(prefix, flag("deleted"), flag("latestOnly"))) list.push_back(version_object(version));
      return answer(list);
    }
    if (path_.size() == 2 && path_[1] == "types") return answer(json::array{"AVRO"});
    if (path_[1] != "ids" || path_.size() < 3) return unknown();
    std::int32_t id = 0;
    std::from_chars(path_[2].data(), path_[2].data() + path_[2].size(), id);
    if (path_.size() == 3 || path_[3] == "schema") {
      const auto text = registry_.schema(SchemaId{id});
      if (!text.ok()) return failure(text.error());
      if (path_.size() > 3) return {200, kMediaType, *text, {}};
      json::object body{{"schema", *text}};
      if (flag("fetchMaxId")) body["maxId"] = registry_.greatest_id();
      return answer(body);
    }
    const auto uses = registry_.uses(SchemaId{id}, flag("deleted"));
    if (!uses.ok()) return failure(uses.error());
    json::array list;
    const auto subject = request_.query("subject").value_or("");
    for (const auto& version : *uses) {
      if (!subject.empty() && version.subject != subject) continue;
      if (path_[3] == "subjects") {
        list.push_back(json::value(version.subject));
      } else {
        list.push_back(json::object{{"subject", version.subject}, {"version", version.version}});
      }
    }
    return path_[3] == "subjects" || path_[3] == "versions" ? answer(list) : unknown();
  }

  io::HttpResponse config() {
    if (path_.size() > 2) return unknown();
    const auto subject = path_.size() == 2 ? path_[1] : std::string();
    if (is("GET")) {
      const auto level = registry_.level(subject, flag("defaultToGlobal"));
      return level.ok() ? answer(json::object{{"compatibilityLevel", *level}}) : failure(level.error());
    }
    if (is("DELETE")) {
      const auto level = registry_.drop_level(subject);
      return level.ok() ? answer(json::object{{"compatibilityLevel", *level}}) : failure(level.error());
    }
    if (!is("PUT")) return not_allowed();
    boost::system::error_code error;
    const auto body = json::parse(request_.body, error);
    const auto* wanted = error || !body.is_object() ? nullptr : body.get_object().if_contains("compatibility");
    if (wanted == nullptr || !wanted->is_string()) return failure(kUnprocessable, static_cast<int>(Code::invalid_level), "no \"compatibility\" in the body");
    std::string level(wanted->get_string());
    std::transform(level.begin(), level.end(), level.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const auto set = registry_.set_level(subject, level);
    return set.ok() ? answer(json::object{{"compatibility", level}}) : failure(set.error());
  }

  io::HttpResponse mode() {
    if (path_.size() > 2) return unknown();
    if (is("GET") || is("DELETE")) return answer(json::object{{"mode", "READWRITE"}});  // the only one there is
    if (!is("PUT")) return not_allowed();
    boost::system::error_code error;
    const auto body = json::parse(request_.body, error);
    const auto* wanted = error || !body.is_object() ? nullptr : body.get_object().if_contains("mode");
    if (wanted != nullptr && *wanted == "READWRITE") return answer(json::object{{"mode", "READWRITE"}});
    return failure(kUnprocessable, static_cast<int>(Code::invalid_mode), "this version of the registry has the mode READWRITE only");
  }

  io::HttpResponse compatibility() {
    if (path_.size() < 4 || path_[1] != "subjects" || path_[3] != "versions" || path_.size() > 5) return unknown();
    if (!is("POST")) return not_allowed();
    SchemaBody body;
    if (auto refused = read(body)) return *refused;
    std::optional<std::int32_t> number;
    if (path_.size() == 5) {
      const auto parsed = version_number(path_[4]);
      if (!parsed.ok()) return failure(parsed.error());
      number = *parsed;
    }
    const auto verdict = registry_.check(path_[2], body.schema, number);
    const bool verbose = flag("verbose");
    if (!verdict.ok()) {
      const bool parse_error = verdict.error().reason == static_cast<std::uint16_t>(Code::invalid_schema);
      if (verbose && parse_error) return answer(json::object{{"is_compatible", false}, {"messages", json::array{verdict.error().message}}});
      return failure(verdict.error());
    }
    json::object out{{"is_compatible", verdict->compatible}};
    if (verbose) out["messages"] = list_of(verdict->messages);
    return answer(out);
  }

  Registry& registry_;
  const std::string& cluster_id_;
  const io::HttpRequest& request_;
  std::vector<std::string> path_;
};

}  // namespace

io::HttpResponse handle(Registry& registry, const std::string& cluster_id, const io::HttpRequest& request) {
  return Call(registry, cluster_id, request).run();
}

}  // namespace sluice::registry
