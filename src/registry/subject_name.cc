#include "registry/subject_name.h"

#include <algorithm>

namespace sluice::registry {

SubjectName SubjectName::parse(std::string_view text) {
  if (!text.starts_with(":.")) return {.subject = std::string(text)};
  const auto end = std::min(text.find(':', 2), text.size());
  const auto rest = text.substr(std::min(end + 1, text.size()));
  return {.context = std::string(text.substr(1, end - 1)), .subject = std::string(rest)};
}

std::string qualified_by(std::string_view parent, std::string_view subject) {
  auto name = SubjectName::parse(subject);
  if (!name.qualified()) name.context = SubjectName::parse(parent).context;
  return name.text();
}

std::string context_name(std::string_view text) {
  if (text.starts_with(':')) text.remove_prefix(1);
  if (text.ends_with(':')) text.remove_suffix(1);
  return text.starts_with('.') ? std::string(text) : "." + std::string(text);
}

bool valid_subject(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto name = SubjectName::parse(text);
  const bool reserved = name.subject == "__GLOBAL" || name.subject == "__EMPTY" || name.context == ".__GLOBAL";
  return !name.subject.empty() && !reserved && std::ranges::none_of(text, control);
}

}  // namespace sluice::registry
