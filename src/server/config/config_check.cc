#include "server/config/config_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "deliver/archive/topic_rule.h"
#include "server/config/config_collect.h"
#include "server/config/config_security.h"
#include "server/config/config_topics.h"
#include "server/config/config_values.h"
#include "server/config/config_views.h"
#include "server/config/scalars.h"
#include "server/config/settings.h"
#include "server/places.h"

namespace sluice::server {
namespace {

// ---- keys

class KeyCheck {
 public:
  void section(const Value& value, const std::string& path, const std::string& shown) {
    const auto* names_here = find_setting(path);
    const bool free_names = names_here != nullptr && names_here->kind == SettingKind::names;
    for (const auto& entry : value.entries) {
      if (entry.key.starts_with("x-")) continue;
      const auto key = free_names ? "*" : entry.key;
      const auto child = path.empty() ? key : path + "." + key;
      const auto child_shown = shown.empty() ? entry.key : shown + "." + entry.key;
      if (free_names) {
        below(entry, child, child_shown);
      } else {
        known(entry, child, path, child_shown, shown);
      }
    }
  }

  [[nodiscard]] Result<void> outcome() && {
    if (findings_.empty()) return {};
    Error error{.code = all_later_ ? ErrorCode::unsupported : ErrorCode::rejected, .message = findings_.front()};
    for (std::size_t i = 1; i < findings_.size(); ++i) error.detail += (i == 1 ? "" : "\n") + findings_[i];
    error.hint = all_later_ ? "take it out; `docs/configuration.md` lists what this version knows" : hint_;
    return error;
  }

 private:
  void known(const Value::Entry& entry, const std::string& path, const std::string& parent, const std::string& shown,
             const std::string& shown_parent) {
    const auto* setting = find_setting(path);
    if (setting == nullptr) {
      unknown(entry, parent, shown_parent);
    } else if (setting->later) {
      findings_.push_back(entry.origin + ": '" + shown + "' is not in this version");
    } else {
      below(entry, path, shown);
    }
  }

  void below(const Value::Entry& entry, const std::string& path, const std::string& shown) {
    const auto* setting = find_setting(path);
    const bool has_keys = setting == nullptr || setting->kind == SettingKind::section || setting->kind == SettingKind::names;
    if (!has_keys || entry.value.kind == ValueKind::null) return;
    if (entry.value.kind == ValueKind::map) return section(entry.value, path, shown);
    bad(entry.value.origin + ": '" + shown + "' must be a map of keys");
  }

  void unknown(const Value::Entry& entry, const std::string& parent, const std::string& shown_parent) {
    auto text = entry.origin + ": unknown key '" + entry.key + "'" + (parent.empty() ? "" : " in " + shown_parent);
    if (const auto meant = nearest(entry.key, keys_below(parent)); !meant.empty()) {
      text += "; did you mean '" + std::string(meant) + "'?";
    } else if (hint_.empty()) {
      hint_ = "known here:";
      for (const auto key : keys_below(parent)) hint_ += " " + std::string(key);
    }
    bad(std::move(text));
  }

  void bad(std::string finding) {
    if (all_later_ && !findings_.empty()) {
      findings_.insert(findings_.begin(), std::move(finding));
    } else {
      findings_.push_back(std::move(finding));
    }
    all_later_ = false;
  }

  std::vector<std::string> findings_;
  std::string hint_;
  bool all_later_ = true;
};

// ---- defaults

void fill(Value& value, const std::string& path) {
  const auto* setting = find_setting(path);
  if (setting != nullptr && setting->kind == SettingKind::names) {
    for (auto& entry : value.entries) {
      entry.value.kind = ValueKind::map;
      fill(entry.value, path + ".*");
    }
    return;
  }
  for (const auto key : keys_below(path)) {
    const auto child = path.empty() ? std::string(key) : path + "." + std::string(key);
    const auto& known = *find_setting(child);
    if (known.later || key == "*") continue;
    if (known.kind == SettingKind::section || known.kind == SettingKind::names) {
      fill(value.child(key, "default"), child);
    } else if (const auto* present = value.find(key); present == nullptr || present->kind == ValueKind::null) {
      if (!known.fallback.empty()) value.child(key, "default") = Value::of_text(std::string(known.fallback), "default");
    }
  }
}

// ---- values

Result<void> embedded_only(const Value& section, const std::string& what) {
  SLUICE_TRY(const auto at, text_at(section, "at"));
  if (at == "embedded") return {};
  if (at.find("://") != std::string::npos) return later(*section.find("at"), what + " at '" + at + "'");
  return wrong(*section.find("at"), "'" + at + "' is no place for " + what + "; one is 'embedded'");
}

bool password_inside(std::string_view url) {
  const auto authority = url.substr(url.find("://") + 3);
  const auto user = authority.substr(0, authority.find_first_of("@/?"));
  const bool has_user = user.size() < authority.size() && authority[user.size()] == '@';
  return (has_user && user.find(':') != std::string_view::npos) || url.find("password=") != std::string_view::npos;
}

Result<void> check_source_url(const Value& value, const std::string& url) {
  const auto scheme = url.substr(0, url.find("://"));
  if (scheme == "mysql") return later(value, "mysql://");
  if (scheme != "postgres" && scheme != "postgresql") {
    // Not the URL: a password may stand in it.
    return wrong(value, "'" + scheme.substr(0, scheme.find('@')) + "' is no scheme of a source; one is postgres://user@host/database");
  }
  if (!password_inside(url)) return {};
  // The text would stand in the list of processes, or in git.
  return Error{.code = ErrorCode::rejected,
               .message = value.origin + ": a password does not belong into a URL",
               .hint = "password: ${file:/run/secrets/db} in the file, or PGPASSWORD or PGPASSFILE in the environment"};
}

Result<SourceConfig> source_of(const Value::Entry& entry) {
  SourceConfig source{.name = entry.key};
  SLUICE_TRY(source.from, text_at(entry.value, "from"));
  if (source.from.empty()) return wrong(entry.value, "source '" + entry.key + "' needs 'from'");
  SLUICE_RETURN_IF_ERROR(check_source_url(*entry.value.find("from"), source.from));
  SLUICE_TRY(source.password, text_at(entry.value, "password"));
  if (!source.password.empty() && !(source.password.starts_with("${") && source.password.ends_with("}"))) {
    return wrong(*entry.value.find("password"), "a secret stands as ${file:PATH} or ${env:NAME}");
  }
  SLUICE_TRY(source.tables, texts_at(entry.value, "tables"));
  SLUICE_TRY(source.exclude, texts_at(entry.value, "exclude"));
  return source;
}

Result<std::string> place_of(const Value& value, const std::string& to) {
  const auto scheme = to.substr(0, to.find("://"));
  constexpr auto kLater = std::to_array<std::string_view>({"postgres", "postgresql", "redis"});
  if (std::ranges::find(kLater, scheme) != kLater.end()) return later(value, scheme + "://");
  if (auto place = check_place(to); !place.ok()) return wrong(value, place.error().message + "; " + place.error().hint);
  return to;
}

Result<std::uint64_t> count_at(const Value& section, std::string_view key) {
  SLUICE_TRY(const auto text, text_at(section, key));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || (error == std::errc{} && end == text.data() + text.size())) return number;
  return wrong(*section.find(key), "'" + text + "' is no count");
}

Result<void> read_files(const Value& value, SinkConfig& sink) {
  SLUICE_TRY(sink.format, text_at(value, "format"));
  SLUICE_TRY(sink.codec, text_at(value, "codec"));
  if (sink.format == "iceberg") return later(*value.find("format"), "format 'iceberg'");
  const auto* at = value.find(sink.codec.empty() ? "format" : "codec");
  if (auto format = check_format(sink.format, sink.codec); !format.ok()) {
    return wrong(*at, format.error().message + (format.error().hint.empty() ? "" : "; " + format.error().hint));
  }
  return {};
}

Result<void> read_mode(const Value& value, SinkConfig& sink) {
  SLUICE_TRY(const auto mode, text_at(value, "mode"));
  if (mode != "changes" && mode != "latest") return wrong(*value.find("mode"), "'" + mode + "' is no mode; one is changes or latest");
  sink.latest = mode == "latest";
  SLUICE_TRY(const auto every, parsed_at(value, "every", parse_duration_ms, "1h"));
  sink.every_ms = every.value_or(3'600'000);
  if (sink.every_ms > 0) return {};
  return wrong(*value.find("every"), "'every' must be longer than 0");
}

// Reads into `topic` what a sink, or a mapping of its topics, says.
Result<void> read_rule(const Value& value, SinkTopic& topic) {
  if (const auto* at = value.find("partition_by")) {
    SLUICE_TRY(topic.partition_by, text_at(value, "partition_by"));
    const auto parsed = deliver::archive::Partitioning::parse(topic.partition_by);
    if (!parsed.ok()) return wrong(*at, parsed.error().message + "; " + parsed.error().hint);
  }
  if (const auto* columns = value.find("columns")) {
    SLUICE_TRY(topic.columns_include, texts_at(*columns, "include"));
    SLUICE_TRY(topic.columns_exclude, texts_at(*columns, "exclude"));
  }
  if (const auto* at = value.find("where")) {
    SLUICE_TRY(topic.where, text_at(value, "where"));
    if (topic.where.empty()) return {};
    const auto parsed = deliver::archive::Filter::parse(topic.where);
    if (!parsed.ok()) return wrong(*at, parsed.error().message + "; " + parsed.error().hint);
  }
  return {};
}

Result<SinkTopic> sink_topic_of(const Value& item, const SinkTopic& of_sink) {
  auto topic = of_sink;
  if (item.kind == ValueKind::map) {
    SLUICE_RETURN_IF_ERROR(known_keys(item, {"topic", "partition_by", "columns", "where"}, "a topic of a sink"));
    SLUICE_TRY(topic.glob, text_at(item, "topic"));
    if (const auto* columns = item.find("columns")) {
      if (columns->kind != ValueKind::map) return wrong(*columns, "'columns' takes include and exclude");
      SLUICE_RETURN_IF_ERROR(known_keys(*columns, {"include", "exclude"}, "the columns of a topic"));
    }
    SLUICE_RETURN_IF_ERROR(read_rule(item, topic));
  } else if (item.kind == ValueKind::text) {
    topic.glob = item.text;
  }
  if (topic.glob.empty()) return wrong(item, "'topics' takes names, globs, and {topic: GLOB}");
  return topic;
}

Result<std::vector<SinkTopic>> sink_topics_of(const Value& sink) {
  SinkTopic of_sink;
  SLUICE_RETURN_IF_ERROR(read_rule(sink, of_sink));
  std::vector<SinkTopic> topics;
  const auto& value = *sink.find("topics");  // at least its default
  const auto one = std::vector{value};
  for (const auto& item : value.kind == ValueKind::list ? value.items : one) {
    SLUICE_TRY(auto topic, sink_topic_of(item, of_sink));
    if (const auto twice = std::ranges::find(topics, topic.glob, &SinkTopic::glob); twice != topics.end()) {
      return wrong(item, "'" + topic.glob + "' stands there twice");
    }
    topics.push_back(std::move(topic));
  }
  if (topics.empty()) return wrong(value, "a sink without topics");
  return topics;
}

Result<void> check_latest(const Value& value, const SinkConfig& sink) {
  const bool partitions = std::ranges::any_of(sink.topics, [](const SinkTopic& t) { return t.partition_by != deliver::archive::kDefaultPartitioning; });
  return partitions ? Result<void>(wrong(value, "'partition_by' with mode latest: a version is one folder")) : Result<void>{};
}

Result<SinkConfig> sink_of(const Value::Entry& entry) {
  SinkConfig sink{.name = entry.key};
  SLUICE_TRY(const auto to, text_at(entry.value, "to"));
  if (to.empty()) return wrong(entry.value, "sink '" + entry.key + "' needs 'to'");
  SLUICE_TRY(sink.to, place_of(*entry.value.find("to"), to));
  SLUICE_RETURN_IF_ERROR(read_mode(entry.value, sink));
  SLUICE_RETURN_IF_ERROR(read_files(entry.value, sink));
  SLUICE_TRY(sink.topics, sink_topics_of(entry.value));
  if (sink.latest) SLUICE_RETURN_IF_ERROR(check_latest(entry.value, sink));
  const auto& roll = section_of(entry.value, "roll");
  SLUICE_TRY(const auto roll_bytes, parsed_at(roll, "size", parse_size, "256MiB"));
  SLUICE_TRY(const auto roll_after, parsed_at(roll, "after", parse_duration_ms, "10min"));
  SLUICE_TRY(const auto roll_late, parsed_at(roll, "late", parse_duration_ms, "1min"));
  SLUICE_TRY(sink.roll_rows, count_at(roll, "rows"));
  SLUICE_TRY(const auto memory, parsed_at(entry.value, "memory", parse_size, "64MiB"));
  SLUICE_TRY(const auto hold, parsed_at(section_of(entry.value, "hold"), "bytes", parse_size, "100GB"));
  sink.roll_bytes = roll_bytes.value_or(0);
  sink.roll_after_ms = roll_after.value_or(0);
  sink.roll_late_ms = roll_late.value_or(60'000);
  sink.memory_bytes = memory.value_or(std::uint64_t{64} << 20);
  sink.hold_bytes = hold.value_or(0);
  return sink;
}

Result<std::string> compatibility_of(const Value& registry) {
  SLUICE_TRY(auto level, text_at(registry, "compatibility"));
  constexpr auto kLevels = std::to_array<std::string_view>({"NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD",
                                                            "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"});
  if (std::ranges::find(kLevels, level) != kLevels.end()) return level;
  return wrong(*registry.find("compatibility"), "'" + level + "' is no compatibility; one is BACKWARD");
}

Result<std::uint16_t> incompatible_code_of(const Value& registry) {
  SLUICE_TRY(const auto code, text_at(registry, "incompatible_code"));
  if (code == "409") return std::uint16_t{409};
  if (code == "40901") return std::uint16_t{40901};
  return wrong(*registry.find("incompatible_code"), "'" + code + "' is neither 409 nor 40901");
}

}  // namespace

Result<void> check_keys(const Value& root) {
  KeyCheck check;
  check.section(root, "", "");
  return std::move(check).outcome();
}

void fill_defaults(Value& root) { fill(root, ""); }

Result<Config> read_config(const Value& root) {
  Config config;
  SLUICE_TRY(const auto version, text_at(root, "version"));
  if (version != "1") return later(*root.find("version"), "configuration version '" + version + "'");
  SLUICE_TRY(config.data, text_at(root, "data"));
  const auto& log = section_of(root, "log");
  SLUICE_RETURN_IF_ERROR(embedded_only(log, "a log"));
  SLUICE_TRY(const auto keep_free, parsed_at(log, "keep_free", parse_size, "5GiB"));
  config.keep_free_bytes = keep_free.value_or(0);
  const auto& listen = section_of(root, "listen");
  SLUICE_TRY(config.kafka, listeners_at(listen, "kafka"));
  SLUICE_TRY(config.registry, listeners_at(listen, "registry"));
  SLUICE_TRY(config.admin, listeners_at(listen, "admin"));
  SLUICE_TRY(config.collect, read_collect(root));
  SLUICE_TRY(config.collector, listeners_at(listen, "collect"));
  if (config.collector.empty() && !config.collect.empty()) config.collector = {{.at = {"127.0.0.1", 8082}}};
  const auto& registry = section_of(root, "registry");
  SLUICE_RETURN_IF_ERROR(embedded_only(registry, "a registry"));
  SLUICE_TRY(config.compatibility, compatibility_of(registry));
  SLUICE_TRY(config.incompatible_code, incompatible_code_of(registry));
  SLUICE_RETURN_IF_ERROR(read_security(root, config));
  SLUICE_TRY(config.topics, read_topics(root));
  SLUICE_TRY(config.sources, each<SourceConfig>(section_of(root, "sources"), source_of));
  SLUICE_TRY(config.sinks, each<SinkConfig>(section_of(root, "sinks"), sink_of));
  SLUICE_TRY(config.views, read_views(root));
  return config;
}

}  // namespace sluice::server
