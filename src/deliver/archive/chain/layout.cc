#include "deliver/archive/chain/layout.h"

#include <charconv>

namespace sluice::deliver::archive {

namespace {

std::optional<Offset> leading_offset(std::string_view name) {
  if (name.size() < 20) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 20, value);
  if (error != std::errc{} || end != name.data() + 20 || value < 0) return std::nullopt;
  return Offset{value};
}

}  // namespace

std::string topic_folder(std::string_view topic) {
  if (topic.starts_with('.')) return "_x2e" + std::string(topic.substr(1));
  if (topic.starts_with("_x") || topic == kOurFolder) return "_x5f" + std::string(topic.substr(1));
  return std::string(topic);
}

std::string topic_of_folder(std::string_view folder) {
  if (folder.starts_with("_x2e")) return "." + std::string(folder.substr(4));
  if (folder.starts_with("_x5f")) return "_" + std::string(folder.substr(4));
  return std::string(folder);
}

std::string digits20(Offset offset) {
  const auto text = std::to_string(offset.value);
  return std::string(20 - text.size(), '0') + text;
}

std::string chain_root(std::string_view topic) { return std::string(kOurFolder) + "/" + topic_folder(topic); }

std::string chain_folder(std::string_view topic, std::int32_t partition) {
  return chain_root(topic) + "/" + std::to_string(partition);
}

std::string named_name(std::string_view topic, std::int32_t partition) { return chain_folder(topic, partition) + "/named"; }

std::string temporary_folder(std::string_view topic, std::int32_t partition) {
  return chain_folder(topic, partition) + "/tmp";
}

std::string record_name(std::string_view topic, std::int32_t partition, Offset first) {
  return chain_folder(topic, partition) + "/" + digits20(first) + ".json";
}

std::string schema_folder(std::string_view topic) { return chain_root(topic) + "/schemas"; }

std::string schema_name(std::string_view topic, int version) {
  const auto text = std::to_string(version);
  return schema_folder(topic) + "/" + std::string(6 - std::min<std::size_t>(6, text.size()), '0') + text + ".avsc";
}

std::optional<int> schema_version(std::string_view name) {
  int version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (error != std::errc{} || version <= 0 || std::string_view(end, static_cast<std::size_t>(name.data() + name.size() - end)) != ".avsc" || name.size() < 11) return std::nullopt;
  return version;
}

std::optional<Offset> record_first(std::string_view name) {
  return name.size() == 25 && name.ends_with(".json") ? leading_offset(name) : std::nullopt;
}

std::optional<Offset> temporary_first(std::string_view name) {
  return name.size() > 20 && name[20] == '-' ? leading_offset(name) : std::nullopt;
}

std::string file_name(std::string_view topic, std::string_view folder, std::int32_t partition, Offset first,
                      std::size_t n, std::string_view suffix) {
  return topic_folder(topic) + "/" + std::string(folder) + (folder.empty() ? "" : "/") + std::to_string(partition) + "-" +
         digits20(first) + "-" + std::to_string(n) + std::string(suffix);
}

std::string dead_folder(std::string_view folder) {
  return "_dead" + std::string(folder.empty() ? "" : "/") + std::string(folder);
}

std::optional<std::pair<std::int32_t, Offset>> parse_file_name(std::string_view name) {
  std::int32_t partition = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), partition);
  if (error != std::errc{} || partition < 0) return std::nullopt;
  name.remove_prefix(static_cast<std::size_t>(end - name.data()));
  if (!name.starts_with('-') || name.size() < 24 || name.find('.') == std::string_view::npos) return std::nullopt;
  const auto first = temporary_first(name.substr(1));
  if (!first) return std::nullopt;
  return std::pair(partition, *first);
}

}  // namespace sluice::deliver::archive
