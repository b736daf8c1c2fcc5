#include "registry/judge.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace sluice::registry {
namespace {

constexpr std::size_t kShownBytes = 10 * 1024;  // of an old schema, as Confluent has it

using Messages = std::vector<std::string>;

// A language calls the reader new and the writer old. When the old schema is the reader the words change places.
std::string with_places_changed(const std::string& message) {
  const auto end = std::min(message.find(", additionalInfo:"), message.size());
  std::string out;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const std::string_view rest = std::string_view(message).substr(i);
    const bool is_new = i < end && rest.starts_with("new schema");
    if (is_new || (i < end && rest.starts_with("old schema"))) {
      out += is_new ? "old schema" : "new schema";
      i += std::string_view("new schema").size() - 1;
    } else {
      out += message[i];
    }
  }
  return out;
}

std::string shown(const std::string& text) {
  if (text.size() <= kShownBytes) return "{oldSchema: '" + text + "'}";
  return "{oldSchema: <truncated to " + std::to_string(kShownBytes) + " characters> '" + text.substr(0, kShownBytes) +
         "'}";
}

void describe(Messages& messages, const Entry& old) {
  if (messages.empty()) return;
  messages.push_back("{oldSchemaVersion: " + std::to_string(old.number) + "}");
  messages.push_back(shown(old.content->text));
}

class Judge {
 public:
  Judge(const Candidate& candidate, const Config& config, const ParseEarlier& parse)
      : candidate_(candidate), level_(*config.level), parse_(parse) {
    options_.compare_logical_types = config.compare_logical_types.value_or(false);
    options_.lenient = config.policy == "LENIENT";
  }

  // Forward first, as the original has it; only the last list that says something names the old schema, too.
  [[nodiscard]] Messages against(const Entry& old) const {
    const bool full = level_.starts_with("FULL");
    Messages forward = full || level_.starts_with("FORWARD") ? reasons(old, false) : Messages{};
    Messages backward = full || level_.starts_with("BACKWARD") ? reasons(old, true) : Messages{};
    if (!full) describe(forward, old);
    describe(backward, old);
    forward.insert(forward.end(), std::make_move_iterator(backward.begin()), std::make_move_iterator(backward.end()));
    return forward;
  }

 private:
  [[nodiscard]] Messages reasons(const Entry& old, bool backward) const {
    if (old.content->type != candidate_.content.type) return {"Incompatible because of different schema type"};
    const auto earlier = parse_(old);
    if (!earlier.ok()) return {"the earlier version cannot be read: " + earlier.error().message};
    if (backward) return candidate_.language.reasons(candidate_.schema, **earlier, options_);
    auto found = candidate_.language.reasons(**earlier, candidate_.schema, options_);
    std::ranges::transform(found, found.begin(), with_places_changed);
    return found;
  }

  const Candidate& candidate_;
  const std::string& level_;
  const ParseEarlier& parse_;
  JudgeOptions options_;
};

std::optional<std::string> group_of(const Content& content, const std::string& property) {
  return content.metadata ? content.metadata->property(property) : std::nullopt;
}

// Names that metadata keeps from being used again.
std::set<std::string> reserved_by(const Content& content) {
  std::set<std::string> names;
  std::stringstream list(group_of(content, "confluent:reserved").value_or(""));
  for (std::string name; std::getline(list, name, ',');) {
    const auto first = name.find_first_not_of(" \t");
    if (first != std::string::npos) names.insert(name.substr(first, name.find_last_not_of(" \t") - first + 1));
  }
  return names;
}

Messages reserved_reasons(const Candidate& candidate, const std::vector<Entry>& earlier) {
  Messages out;
  const auto names = reserved_by(candidate.content);
  for (const auto& name : earlier.empty() ? std::set<std::string>() : reserved_by(*earlier.back().content)) {
    if (names.contains(name)) continue;
    out.push_back("{errorType:'RESERVED_FIELD_REMOVED', description:'" + name + " is reserved in the old schema and not in the new schema'}");
  }
  for (const auto& name : names) {
    if (!candidate.schema.has_field(name)) continue;
    out.push_back("{errorType:'FIELD_CONFLICTS_WITH_RESERVED_FIELD', description:'the new schema has a field " + name + ", which is reserved'}");
  }
  return out;
}

// Of the first version that does not fit.
Messages first_reasons(const Candidate& candidate, const std::vector<Entry>& earlier, const Config& config,
                       const ParseEarlier& parse) {
  if (*config.level == "NONE") return {};
  const Judge judge(candidate, config, parse);
  for (auto old = earlier.rbegin(); old != earlier.rend(); ++old) {
    if (config.group && group_of(*old->content, *config.group) != group_of(candidate.content, *config.group)) continue;
    auto messages = judge.against(*old);
    if (!messages.empty()) return messages;
    if (!config.transitive()) break;
  }
  return {};
}

}  // namespace

std::string list_text(const std::vector<std::string>& messages) {
  std::string text = "[";
  for (std::size_t i = 0; i < messages.size(); ++i) text += (i > 0 ? ", " : "") + messages[i];
  return text + "]";
}

Verdict judge(const Candidate& candidate, const std::vector<Entry>& earlier, const Config& config,
              const ParseEarlier& parse) {
  const bool fields = config.validate_fields.value_or(false);
  auto messages = fields ? reserved_reasons(candidate, earlier) : Messages{};
  auto reasons = first_reasons(candidate, earlier, config, parse);
  messages.insert(messages.end(), std::make_move_iterator(reasons.begin()), std::make_move_iterator(reasons.end()));
  if (messages.empty()) return {};
  messages.push_back(std::string("{validateFields: '") + (fields ? "true" : "false") + "', compatibility: '" +
                     *config.level + "'}");
  return {false, std::move(messages)};
}

}  // namespace sluice::registry
