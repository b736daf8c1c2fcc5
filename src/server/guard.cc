#include "server/guard.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "base/trace.h"

namespace sluice::server {
namespace {

namespace json = boost::json;
using Kind = RegistryNeed::Kind;

constexpr const char* kRegistryType = "application/vnd.schemaregistry.v1+json";
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kForbiddenCode = 40301;

io::HttpResponse registry_refusal(int status, int code, const std::string& message) {
  return {.status = status, .content_type = kRegistryType, .body = json::serialize(json::object{{"error_code", code}, {"message", message}}), .headers = {}};
}

io::HttpResponse plain_refusal(int status, int, const std::string& message) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = message + "\n", .headers = {}};
}

using Refusal = io::HttpResponse (*)(int, int, const std::string&);

// Finds out who asks; the answer to who has not proved it.
std::optional<io::HttpResponse> ask_who(const Users& users, const io::HttpRequest& request, Refusal refusal, std::string& user) {
  const auto authorization = request.header("Authorization");
  if (authorization) {
    if (auto proved = users.prove(*authorization)) return user = *std::move(proved), std::nullopt;
    trace::warn("server", "a wrong user or password from " + request.peer);
  }
  auto refused = refusal(kUnauthorized, kUnauthorized, authorization ? "User or password is wrong" : "User and password are needed");
  refused.headers.emplace_back("WWW-Authenticate", "Basic realm=\"sluice\", charset=\"UTF-8\"");
  return refused;
}

// "/subjects?a=1&b=2" without the parameters that page.
std::string without_paging(const std::string& target) {
  const auto mark = std::min(target.find('?'), target.size());
  auto out = target.substr(0, mark);
  char separator = '?';
  for (auto at = mark + 1; at < target.size();) {
    const auto end = std::min(target.find('&', at), target.size());
    const auto pair = target.substr(at, end - at);
    at = end + 1;
    if (pair.starts_with("offset=") || pair.starts_with("limit=")) continue;
    out += separator + pair;
    separator = '&';
  }
  return out;
}

std::string subject_of(const json::value& item) {
  const auto* subject = item.is_object() ? item.get_object().if_contains("subject") : &item;
  return subject != nullptr && subject->is_string() ? std::string(subject->get_string()) : "";
}

class RegistryGuard {
 public:
  RegistryGuard(const RegistryRights& rights, const io::HttpHandler& inner, const io::HttpRequest& request, std::string user)
      : rights_(rights), inner_(inner), request_(request), user_(std::move(user)) {}

  io::HttpResponse answer() const {
    if (rights_.may_write_all(user_)) return inner_(request_);
    const auto needs = registry_needs(request_);
    for (const auto& need : needs) {
      if (!meets(need)) return refuse(need);
    }
    return lists_subjects(needs.front().kind) && !rights_.may_read_all(user_) ? cut() : inner_(request_);
  }

 private:
  [[nodiscard]] bool meets(const RegistryNeed& need) const {
    switch (need.kind) {
      case Kind::nothing:
      case Kind::list: return true;
      case Kind::read: return rights_.may_read(user_, need.subject);
      case Kind::write: return rights_.may_write(user_, need.subject);
      case Kind::read_all: return rights_.may_read_all(user_);
      case Kind::write_all: return rights_.may_write_all(user_);
      case Kind::some_subject: return rights_.may_read_all(user_) || may_read_schema();
    }
    return false;
  }

  [[nodiscard]] io::HttpResponse refuse(const RegistryNeed& need) const {
    const bool writes = need.kind == Kind::write || need.kind == Kind::write_all;
    const auto what = !need.subject.empty()              ? "subject '" + need.subject + "'"
                      : need.kind == Kind::some_subject ? std::string("any subject that has this schema")
                                                        : std::string("every subject, as this request needs");
    return registry_refusal(kForbidden, kForbiddenCode, "User '" + user_ + "' may not " + (writes ? "write " : "read ") + what);
  }

  // The inner handler's answer to a GET; none when it is no success.
  [[nodiscard]] std::optional<json::value> ask(const std::string& target) const {
    const auto answer = inner_({.method = "GET", .target = target, .headers = {}, .body = ""});
    boost::system::error_code error;
    auto parsed = json::parse(answer.body, error);
    return answer.status == 200 && !error ? std::optional(std::move(parsed)) : std::nullopt;
  }

  // By the subjects that have it. A schema that is nowhere is for the handler to say.
  [[nodiscard]] bool may_read_schema() const {
    const auto path = request_.path();
    const auto ids = static_cast<std::size_t>(std::ranges::find(path, "schemas") - path.begin());
    std::string base;
    for (std::size_t i = 0; i < ids; ++i) base += "/" + io::percent_encode(path[i]);
    if (path[ids + 1] == "ids") return may_read_id(base, path[ids + 2]);
    const auto found = ask(base + "/schemas/guids/" + io::percent_encode(path[ids + 2]) + "/ids");
    if (!found || !found->is_array()) return true;
    return std::ranges::any_of(found->get_array(), [&](const json::value& each) {
      const auto* id = each.is_object() ? each.get_object().if_contains("id") : nullptr;
      const auto* context = each.is_object() ? each.get_object().if_contains("context") : nullptr;
      const auto of = context != nullptr && context->is_string() && *context != "." ? "/contexts/" + io::percent_encode(std::string(context->get_string())) : "";
      return id != nullptr && id->is_int64() && may_read_id(of, std::to_string(id->get_int64()));
    });
  }

  [[nodiscard]] bool may_read_id(const std::string& base, const std::string& id) const {
    auto target = base + "/schemas/ids/" + io::percent_encode(id) + "/versions?deleted=true";
    const auto subject = request_.query("subject").value_or("");
    if (subject.starts_with(":.")) target += "&subject=" + io::percent_encode(subject);  // it says the context
    const auto uses = ask(target);
    if (!uses || !uses->is_array()) return true;
    return std::ranges::any_of(uses->get_array(), [&](const json::value& use) { return rights_.may_read(user_, subject_of(use)); });
  }

  [[nodiscard]] bool lists_subjects(Kind kind) const {
    const auto path = request_.path();
    return kind == Kind::list || (kind == Kind::some_subject && (path.back() == "subjects" || path.back() == "versions"));
  }

  // The whole list, without what may not be read; then the page that was asked for.
  [[nodiscard]] io::HttpResponse cut() const {
    auto whole = request_;
    whole.target = without_paging(request_.target);
    auto answer = inner_(whole);
    boost::system::error_code error;
    const auto parsed = json::parse(answer.body, error);
    if (answer.status != 200 || error || !parsed.is_array()) return answer;
    json::array readable;
    for (const auto& item : parsed.get_array()) {
      if (rights_.may_read(user_, subject_of(item))) readable.push_back(item);
    }
    const auto from = std::min(number("offset", 0), readable.size());
    const auto count = std::min(number("limit", readable.size()), readable.size() - from);
    const auto* first = readable.begin() + from;
    answer.body = json::serialize(json::array(first, first + count));
    return answer;
  }

  // Negative and broken numbers are as none.
  [[nodiscard]] std::size_t number(std::string_view name, std::size_t otherwise) const {
    const auto text = request_.query(name).value_or("");
    std::size_t value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  const RegistryRights& rights_;
  const io::HttpHandler& inner_;
  const io::HttpRequest& request_;
  const std::string user_;
};

}  // namespace

io::HttpHandler guard_registry(GuardOptions options, io::HttpHandler inner) {
  return [options = std::move(options), inner = std::move(inner)](const io::HttpRequest& request) {
    if (!options.asks.at(request.listener)) return inner(request);
    const auto rules = options.rules();
    std::string user;
    if (auto refused = ask_who(*rules->users, request, registry_refusal, user)) return *std::move(refused);
    return RegistryGuard(rules->registry, inner, request, std::move(user)).answer();
  };
}

io::HttpHandler guard_admin(GuardOptions options, io::HttpHandler inner) {
  return [options = std::move(options), inner = std::move(inner)](const io::HttpRequest& request) {
    if (!options.asks.at(request.listener) || request.target == "/healthz") return inner(request);
    const auto rules = options.rules();
    std::string user;
    if (auto refused = ask_who(*rules->users, request, plain_refusal, user)) return *std::move(refused);
    const bool looks = request.method == "GET" || request.target == "/sql";
    if (looks || rules->users->is_super(user)) return inner(request);
    return plain_refusal(kForbidden, 0, "User '" + user + "' may look, not change: super users are named in security.super_users");
  };
}

io::HttpHandler guard_collect(GuardOptions options, io::HttpHandler inner) {
  return [options = std::move(options), inner = std::move(inner)](const io::HttpRequest& request) {
    // A browser asks without a password what it may send.
    if (!options.asks.at(request.listener) || request.method == "OPTIONS") return inner(request);
    std::string user;
    if (auto refused = ask_who(*options.rules()->users, request, plain_refusal, user)) return *std::move(refused);
    return inner(request);
  };
}

}  // namespace sluice::server
