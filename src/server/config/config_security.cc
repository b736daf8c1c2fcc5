#include "server/config/config_security.h"

#include <algorithm>
#include <utility>

#include "io/http_auth.h"
#include "server/config/config_values.h"

namespace sluice::server {
namespace {

// {at: …, advertise: kafka.example:9093}
Result<std::optional<io::Address>> advertised(const Value& listener) {
  SLUICE_TRY(const auto text, text_at(listener, "advertise"));
  if (text.empty() || text == "auto") return std::optional<io::Address>();
  auto address = io::parse_address(text);
  if (!address.ok() || address->host == "0.0.0.0" || address->host == "::" || address->port == 0) {
    return wrong(*listener.find("advertise"), "'" + text + "' is no address that clients could be told; one is kafka.example:9093, or auto: where each did connect");
  }
  return std::optional(*std::move(address));
}

Result<void> read_listener(const Value& item, std::string_view kind, ListenConfig& out) {
  const bool kafka = kind == "kafka";
  if (const auto* auth = item.find("auth"); kafka && auth != nullptr) return later(*auth, "'auth' of a listener for kafka");
  SLUICE_RETURN_IF_ERROR(known_keys(item, {"at", "tls", kafka ? "advertise" : "auth"}, "a listener for " + std::string(kind)));
  SLUICE_TRY(out.advertise, advertised(item));
  SLUICE_TRY(out.tls, text_at(item, "tls"));
  SLUICE_TRY(const auto auth, text_at(item, "auth"));
  if (!auth.empty() && auth != "basic") return wrong(*item.find("auth"), "'" + auth + "' is no way to prove who one is; one is 'basic'");
  out.basic = auth == "basic";
  return {};
}

Result<ListenConfig> listener_of(const Value& item, std::string_view kind) {
  ListenConfig listener;
  const Value* text = &item;
  if (item.kind == ValueKind::map) {
    SLUICE_RETURN_IF_ERROR(read_listener(item, kind, listener));
    text = item.find("at");
  }
  if (text == nullptr || text->kind != ValueKind::text) return wrong(item, "a listener needs {at: HOST:PORT}");
  auto address = io::parse_address(text->text);
  if (!address.ok()) return wrong(*text, address.error().message);
  // What we print says 127.0.0.1, and that is what "localhost" binds.
  if (address->host == "localhost") address->host = "127.0.0.1";
  listener.at = *std::move(address);
  return listener;
}

Result<io::TlsFiles> tls_of(const Value::Entry& entry) {
  io::TlsFiles files;
  SLUICE_TRY(files.cert, text_at(entry.value, "cert"));
  SLUICE_TRY(files.key, text_at(entry.value, "key"));
  SLUICE_TRY(files.client_ca, text_at(entry.value, "client_ca"));
  if (files.cert.empty()) return wrong(entry.value, "certificate '" + entry.key + "' needs 'cert', a file");
  if (files.key.empty()) return wrong(entry.value, "certificate '" + entry.key + "' needs 'key', a file");
  return files;
}

Result<UserConfig> user_of(const Value::Entry& entry) {
  UserConfig user{.name = entry.key};
  if (user.name.empty() || user.name.find(':') != std::string::npos) {
    return Error{.code = ErrorCode::rejected, .message = entry.origin + ": a user's name has no ':'"};
  }
  SLUICE_TRY(user.password, text_at(entry.value, "password"));
  SLUICE_TRY(user.password_hash, text_at(entry.value, "password_hash"));
  if (user.password.empty() == user.password_hash.empty()) {
    return wrong(entry.value, "user '" + entry.key + "' needs 'password' or 'password_hash', and not both");
  }
  if (!user.password.empty() && !(user.password.starts_with("${") && user.password.ends_with("}"))) {
    return wrong(*entry.value.find("password"), "a secret stands as ${file:PATH} or ${env:NAME}; its hash may stand here, as password_hash");
  }
  if (!user.password_hash.empty() && !io::is_password_hash(user.password_hash)) {
    return wrong(*entry.value.find("password_hash"), "this is no hash of a password; `openssl passwd -6` makes one");
  }
  return user;
}

Result<RegistryRight> right_of(const Value::Entry& entry) {
  RegistryRight right{.user = entry.key};
  SLUICE_TRY(right.read, texts_at(entry.value, "read"));
  SLUICE_TRY(right.write, texts_at(entry.value, "write"));
  return right;
}

std::vector<std::string_view> names_of(const std::vector<UserConfig>& users) {
  std::vector<std::string_view> names;
  for (const auto& user : users) names.emplace_back(user.name);
  return names;
}

Result<void> check_user(const Config& config, const std::string& origin, const std::string& name) {
  const auto known = names_of(config.users);
  if (std::ranges::find(known, name) != known.end()) return {};
  return Error{.code = ErrorCode::rejected,
               .message = origin + ": there is no user '" + name + "' in security.users" + did_you_mean(name, known)};
}

Result<void> check_listeners(const Value& root, const Config& config, const std::string& kind, const std::vector<ListenConfig>& listeners) {
  const auto& where = section_of(root, "listen." + kind);
  std::vector<std::string_view> known;
  for (const auto& [name, files] : config.tls) known.emplace_back(name);
  for (const auto& listener : listeners) {
    const auto what = "listener " + kind + " " + listener.at.text();
    if (!listener.tls.empty() && !config.tls.contains(listener.tls)) {
      return wrong(where, what + ": there is no certificate '" + listener.tls + "' in security.tls" + did_you_mean(listener.tls, known));
    }
    if (listener.basic && config.users.empty()) return wrong(where, what + ": auth: basic needs users in security.users");
  }
  return {};
}

}  // namespace

Result<std::vector<ListenConfig>> listeners_at(const Value& listen, std::string_view kind) {
  std::vector<ListenConfig> listeners;
  const auto* value = listen.find(kind);
  if (value == nullptr || value->kind == ValueKind::null) return listeners;
  const auto one = std::vector{*value};
  for (const auto& item : value->kind == ValueKind::list ? value->items : one) {
    SLUICE_TRY(auto listener, listener_of(item, kind));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Result<void> read_security(const Value& root, Config& config) {
  for (const auto& entry : section_of(root, "security.tls").entries) {
    if (entry.key.starts_with("x-")) continue;
    SLUICE_TRY(config.tls[entry.key], tls_of(entry));
  }
  SLUICE_TRY(config.users, each<UserConfig>(section_of(root, "security.users"), user_of));
  const auto& security = section_of(root, "security");
  SLUICE_TRY(config.super_users, texts_at(security, "super_users"));
  for (const auto& name : config.super_users) SLUICE_RETURN_IF_ERROR(check_user(config, security.find("super_users")->origin, name));
  const auto& rights = section_of(root, "registry.rights");
  config.has_rights = rights.kind == ValueKind::map;
  SLUICE_TRY(config.rights, each<RegistryRight>(rights, right_of));
  for (const auto& right : config.rights) SLUICE_RETURN_IF_ERROR(check_user(config, rights.find(right.user)->origin, right.user));
  SLUICE_RETURN_IF_ERROR(check_listeners(root, config, "kafka", config.kafka));
  SLUICE_RETURN_IF_ERROR(check_listeners(root, config, "registry", config.registry));
  SLUICE_RETURN_IF_ERROR(check_listeners(root, config, "collect", config.collector));
  return check_listeners(root, config, "admin", config.admin);
}

}  // namespace sluice::server
