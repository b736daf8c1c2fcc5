#include "server/registry_rights.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/glob.h"
#include "registry/subject_name.h"

namespace sluice::server {
namespace {

namespace json = boost::json;
using Kind = RegistryNeed::Kind;

// Who registers a schema that refers to another gets to see that one, too.
void add_references(const json::object& body, const std::string& of, std::vector<RegistryNeed>& needs) {
  const auto* references = body.if_contains("references");
  if (references == nullptr || !references->is_array()) return;
  for (const auto& reference : references->get_array()) {
    const auto* subject = reference.is_object() ? reference.get_object().if_contains("subject") : nullptr;
    if (subject != nullptr && subject->is_string()) needs.push_back({Kind::read, registry::qualified_by(of, std::string(subject->get_string()))});
  }
}

// Whoever makes a subject another name of a second one does to that what may be done to the first.
void add_alias(const json::object& body, const std::string& of, std::vector<RegistryNeed>& needs) {
  const auto* alias = body.if_contains("alias");
  if (alias != nullptr && alias->is_string()) needs.push_back({Kind::write, registry::qualified_by(of, std::string(alias->get_string()))});
}

class Request {
 public:
  explicit Request(const io::HttpRequest& request) : request_(request), path_(request.path()) {
    if (path_.size() > 2 && path_[0] == "contexts") {
      context_ = registry::SubjectName{registry::context_name(path_[1]), ""}.prefix();
      path_.erase(path_.begin(), path_.begin() + 2);
    }
  }

  [[nodiscard]] std::vector<RegistryNeed> needs() const {
    const auto head = path_.empty() ? "" : path_[0];
    if (head == "subjects") return path_.size() == 1 ? list() : of_subject(path_[1]);
    if (head == "schemas") return schemas();
    if (head == "config" || head == "mode") return settings();
    if (head == "compatibility" && path_.size() > 2 && path_[1] == "subjects" && is("POST")) return with_schema({Kind::read, name(path_[2])});
    // Of associations there are none, and newer clients must be told so.
    const bool about = head.empty() || head == "v1" || head == "associations" || (head == "contexts" && path_.size() == 1);
    return {{about && is("GET") ? Kind::nothing : all()}};
  }

 private:
  [[nodiscard]] bool is(std::string_view method) const { return request_.method == method; }
  [[nodiscard]] Kind all() const { return is("GET") ? Kind::read_all : Kind::write_all; }
  [[nodiscard]] std::string name(const std::string& subject) const { return registry::qualified_by(context_, subject); }
  [[nodiscard]] std::vector<RegistryNeed> list() const { return {{is("GET") ? Kind::list : Kind::write_all}}; }

  // With what the body names besides.
  [[nodiscard]] std::vector<RegistryNeed> with_body(RegistryNeed need, void (*add)(const json::object&, const std::string&, std::vector<RegistryNeed>&)) const {
    const auto subject = need.subject;
    std::vector<RegistryNeed> needs{std::move(need)};
    boost::system::error_code error;
    const auto body = json::parse(request_.body, error);
    if (!error && body.is_object()) add(body.get_object(), subject, needs);
    return needs;
  }
  [[nodiscard]] std::vector<RegistryNeed> with_schema(RegistryNeed need) const { return with_body(std::move(need), add_references); }

  [[nodiscard]] std::vector<RegistryNeed> of_subject(const std::string& subject) const {
    if (is("GET")) return {{Kind::read, name(subject)}};
    if (is("POST") && path_.size() == 2) return with_schema({Kind::read, name(subject)});
    return is("POST") ? with_schema({Kind::write, name(subject)}) : std::vector<RegistryNeed>{{Kind::write, name(subject)}};
  }

  [[nodiscard]] std::vector<RegistryNeed> schemas() const {
    if (path_.size() == 1) return list();
    if (path_[1] == "types" && is("GET")) return {{Kind::nothing}};
    const bool by_id = (path_[1] == "ids" || path_[1] == "guids") && path_.size() > 2;
    return {{by_id && is("GET") ? Kind::some_subject : all()}};
  }

  [[nodiscard]] std::vector<RegistryNeed> settings() const {
    const auto scope = path_.size() == 1 ? context_ : name(path_[1]);
    if (scope.empty() || scope == "__GLOBAL" || scope == registry::kGlobalScope) return {{is("GET") ? Kind::nothing : Kind::write_all}};
    return is("GET") ? std::vector<RegistryNeed>{{Kind::read, scope}} : with_body({Kind::write, scope}, add_alias);
  }

  const io::HttpRequest& request_;
  std::vector<std::string> path_;
  std::string context_;  // what stands before its subjects' names: ":.c:"
};

bool has_all(const std::vector<std::string>& globs) { return std::ranges::find(globs, "*") != globs.end(); }

}  // namespace

std::vector<RegistryNeed> registry_needs(const io::HttpRequest& request) { return Request(request).needs(); }

RegistryRights::RegistryRights(const Config& config) : everybody_(!config.has_rights) {
  for (const auto& right : config.rights) globs_[right.user] = {right.read, right.write};
  for (const auto& user : config.super_users) globs_[user] = {{"*"}, {"*"}};
}

const RegistryRights::Globs& RegistryRights::of(const std::string& user) const {
  static const Globs kNone, kAll{{"*"}, {"*"}};
  if (everybody_) return kAll;
  const auto found = globs_.find(user);
  return found == globs_.end() ? kNone : found->second;
}

bool RegistryRights::may_read(const std::string& user, const std::string& subject) const {
  return any_glob_matches(of(user).read, subject) || may_write(user, subject);
}
bool RegistryRights::may_write(const std::string& user, const std::string& subject) const {
  return any_glob_matches(of(user).write, subject);
}
bool RegistryRights::may_read_all(const std::string& user) const { return has_all(of(user).read) || may_write_all(user); }
bool RegistryRights::may_write_all(const std::string& user) const { return has_all(of(user).write); }

}  // namespace sluice::server
