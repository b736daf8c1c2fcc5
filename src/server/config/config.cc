// One tree out of four places, the strongest last, each overwriting what the one before said:
//
//   1. the defaults (settings.cc), filled in at the end where nothing else spoke
//   2. the file, or a folder's files joined
//   3. the environment: SLUICE_DATA, SLUICE_LISTEN_KAFKA … (paths without names of the user's)
//   4. the flags of `serve`
//
// Files are checked on their own first, so that a finding has the file's place.
#include "server/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/file_system.h"
#include "server/config/config_check.h"
#include "server/config/document.h"
#include "server/config/scalars.h"
#include "server/config/settings.h"

extern char** environ;

namespace sluice::server {
namespace {

Error rejected(std::string message, std::string hint = {}) {
  return {.code = ErrorCode::rejected, .message = std::move(message), .hint = std::move(hint)};
}

Result<std::vector<std::string>> files_of(const std::string& path) {
  auto& fs = io::real_file_system();
  const auto listing = fs.list(path);
  if (!listing.ok()) return std::vector{path};  // a file, or missing: reading it tells
  std::vector<std::string> files;
  for (const auto& entry : *listing) {
    const bool yaml = entry.name.ends_with(".yaml") || entry.name.ends_with(".yml");
    if (yaml && !entry.is_directory) files.push_back(path + "/" + entry.name);
  }
  if (files.empty()) return rejected(path + ": no *.yaml file in this folder");
  std::ranges::sort(files);
  return files;
}

Result<Value> read_files(const std::string& path) {
  Value root;
  root.kind = ValueKind::map;
  if (path.empty()) return root;
  SLUICE_TRY(const auto files, files_of(path));
  for (const auto& file : files) {
    auto text = io::real_file_system().read_file(file);
    if (!text.ok()) return std::move(text).error().in("configuration");
    SLUICE_TRY(auto value, parse_yaml(*text, file));
    SLUICE_RETURN_IF_ERROR(merge(root, std::move(value)));
  }
  SLUICE_RETURN_IF_ERROR(check_keys(root));
  return root;
}

void apply_environment(Value& root, const Environment& environment) {
  for (const auto& setting : settings()) {
    const auto name = environment_name(setting.path);
    const auto found = environment.find(name);
    const bool value = setting.kind != SettingKind::section && setting.kind != SettingKind::names;
    if (name.empty() || !value || setting.later || found == environment.end()) continue;
    root.at(setting.path, name) = Value::of_text(found->second, name);
  }
}

Result<void> apply_sources(Value& root, const ConfigFlags& flags) {
  if (flags.from.empty()) {
    if (!flags.name.empty()) return rejected("--name: names the source of --from, which is not given");
    if (!flags.tables.empty()) return rejected("--tables: selects tables of --from, which is not given");
    return {};
  }
  if (!flags.name.empty() && flags.from.size() > 1) {
    return rejected("--name: with more than one --from it is not clear whose name it is",
                    "leave it out (the databases' names are taken), or write a configuration file");
  }
  for (const auto& url : flags.from) {
    const auto name = flags.name.empty() ? database_of(url) : flags.name;
    if (name.empty()) return rejected("--from: no database's name in the URL", "postgres://user@host/database, or --name N");
    auto& sources = root.child("sources", "--from");
    if (sources.find(name) != nullptr) {
      return rejected("--from: source '" + name + "' is defined already", "give it a name of its own by --name");
    }
    auto& source = sources.child(name, "--from");
    source.child("from", "--from") = Value::of_text(url, "--from");
    if (!flags.tables.empty()) source.child("tables", "--tables") = Value::of_texts(flags.tables, "--tables");
  }
  return {};
}

Result<void> apply_sinks(Value& root, const ConfigFlags& flags) {
  for (std::size_t i = 0; i < flags.to.size(); ++i) {
    const auto name = i == 0 ? "archive" : "archive" + std::to_string(i + 1);
    auto& sinks = root.child("sinks", "--to");
    if (sinks.find(name) != nullptr) return rejected("--to: sink '" + name + "' is defined already", "change it in the file");
    sinks.child(name, "--to").child("to", "--to") = Value::of_text(flags.to[i], "--to");
  }
  return {};
}

Result<void> apply_listen(Value& root, const ConfigFlags& flags) {
  std::map<std::string, std::vector<std::string>> kinds;
  for (const auto& listen : flags.listen) {
    const auto equals = listen.find('=');
    const auto kind = listen.substr(0, equals);
    const auto* setting = find_setting("listen." + kind);
    if (equals == std::string::npos || setting == nullptr) {
      return rejected("--listen " + listen + ": no listener", "--listen kafka=127.0.0.1:9092; kinds: kafka registry admin");
    }
    if (setting->later) {
      return Error{.code = ErrorCode::unsupported, .message = "--listen " + kind + " is not in this version"};
    }
    if (const auto address = listen.substr(equals + 1); address != "off") {
      kinds[kind].push_back(address);
    } else {
      kinds[kind];
    }
  }
  for (const auto& [kind, addresses] : kinds) {
    root.child("listen", "--listen").child(kind, "--listen") = Value::of_texts(addresses, "--listen");
  }
  return {};
}

Result<void> apply_topics(Value& root, const std::string& topics) {
  for (std::size_t at = 0; at < topics.size();) {
    const auto comma = std::min(topics.find(',', at), topics.size());
    const auto one = topics.substr(at, comma - at);
    at = comma + 1;
    const auto colon = one.rfind(':');
    const auto name = one.substr(0, colon);
    if (name.empty()) return rejected("--topics " + topics + ": a name is missing", "--topics clicks:6,views");
    auto& topic = root.child("topics", "--topics").child(name, "--topics");
    topic.kind = ValueKind::map;
    if (colon == std::string::npos) continue;
    topic.child("partitions", "--topics") = Value::of_text(one.substr(colon + 1), "--topics");
  }
  return {};
}

Result<void> apply_flags(Value& root, const ConfigFlags& flags) {
  if (flags.ephemeral && !flags.data.empty()) return rejected("--ephemeral and --data exclude each other");
  if (!flags.data.empty()) root.child("data", "--data") = Value::of_text(flags.data, "--data");
  if (flags.ephemeral) root.child("data", "--ephemeral") = Value::of_text("(a temporary folder)", "--ephemeral");
  SLUICE_RETURN_IF_ERROR(apply_sources(root, flags));
  SLUICE_RETURN_IF_ERROR(apply_sinks(root, flags));
  SLUICE_RETURN_IF_ERROR(apply_listen(root, flags));
  return apply_topics(root, flags.topics);
}

// "file" and its path of "${file:/run/secrets/db}"; empty kind when the text is no reference.
std::pair<std::string, std::string> reference_of(const std::string& text) {
  if (!text.starts_with("${") || !text.ends_with("}")) return {};
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {"?", text};
  return {text.substr(2, colon - 2), text.substr(colon + 1, text.size() - colon - 2)};
}

void collect_values(const Value& value, const std::string& path, std::map<std::string, std::string>& out) {
  if (value.kind == ValueKind::text) out[path] = value.text;
  for (const auto& item : value.items) out[path] += item.text + "\n";
  for (const auto& entry : value.entries) {
    if (!entry.key.starts_with("x-")) collect_values(entry.value, path.empty() ? entry.key : path + "." + entry.key, out);
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (!value.items[i].entries.empty()) collect_values(value.items[i], path + "." + std::to_string(i), out);
  }
}

// While the server runs.
bool may_change(const std::string& path) {
  constexpr auto kSections = std::to_array<std::string_view>({"topics.", "sinks.", "views.", "security.users.", "security.super_users", "registry.rights."});
  return std::ranges::any_of(kSections, [&](auto section) { return path.starts_with(section); });
}

}  // namespace

Environment process_environment() {
  Environment variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view pair(*at);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
    }
  }
  return variables;
}

Result<Config> load_config(const ConfigFlags& flags, const Environment& environment) {
  SLUICE_TRY(auto root, read_files(flags.config));
  apply_environment(root, environment);
  SLUICE_RETURN_IF_ERROR(apply_flags(root, flags));
  SLUICE_RETURN_IF_ERROR(check_keys(root));
  fill_defaults(root);
  SLUICE_TRY(auto config, read_config(root));
  config.ephemeral = flags.ephemeral;
  config.printed = print_yaml(root);
  collect_values(root, "", config.values);
  return config;
}

Result<void> check_reload(const Config& running, const Config& next) {
  std::string keys;
  const auto compare = [&keys](const auto& these, const auto& those, bool both) {
    for (const auto& [path, value] : these) {
      const auto other = those.find(path);
      if (may_change(path) || (other != those.end() && (both || other->second == value))) continue;
      keys += (keys.empty() ? "" : ", ") + path;
    }
  };
  compare(running.values, next.values, false);
  compare(next.values, running.values, true);  // those that are new
  if (keys.empty()) return {};
  return rejected("only topics, sinks, views, users and rights can be changed while it runs; also different: " + keys,
                  "restart to take these; nothing was changed, and the old configuration goes on");
}

std::vector<std::string> SinkConfig::globs() const {
  std::vector<std::string> out;
  for (const auto& topic : topics) out.push_back(topic.glob);
  return out;
}

Result<std::string> read_secret(const std::string& reference, const Environment& environment) {
  const auto [kind, name] = reference_of(reference);
  if (kind.empty()) return reference;
  if (kind == "env") {
    const auto found = environment.find(name);
    if (found != environment.end()) return found->second;
    return Error{.code = ErrorCode::not_found, .message = "the variable " + name + " of " + reference + " is not set"};
  }
  if (kind != "file") return rejected(reference + ": a secret stands as ${file:PATH} or ${env:NAME}");
  auto bytes = io::real_file_system().read_file(name);
  if (!bytes.ok()) return std::move(bytes).error().in("secret " + reference);
  std::string secret = std::move(*bytes);
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  return secret;
}

}  // namespace sluice::server
