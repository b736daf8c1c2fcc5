#include "registry/scope.h"

#include "registry/errors.h"
#include "registry/subject_name.h"

namespace sluice::registry {
namespace {

// From near to wide.
std::vector<std::string> scopes_of(std::string_view subject) {
  const auto prefix = SubjectName::parse(subject).prefix();
  std::vector<std::string> scopes{std::string(subject)};
  if (prefix != subject) scopes.push_back(prefix);
  if (prefix != kGlobalScope) scopes.emplace_back(kGlobalScope);
  return scopes;
}

}  // namespace

Config config_in_scope(const State& state, std::string_view subject, const std::string& default_level) {
  Config out;
  for (const auto& scope : scopes_of(subject)) {
    if (const auto* config = state.config(scope)) out.fall_back_to(*config);
  }
  if (!out.level) out.level = default_level;
  return out;
}

std::string mode_in_scope(const State& state, std::string_view subject) {
  static constexpr std::string_view kOverride = "READONLY_OVERRIDE";
  for (const auto all : {std::string_view(""), kGlobalScope}) {
    if (const auto* mode = state.mode(all); mode != nullptr && *mode == kOverride) return *mode;
  }
  for (const auto& scope : scopes_of(subject)) {
    if (const auto* mode = state.mode(scope)) return *mode;
  }
  return "READWRITE";
}

bool in_scope(const std::string& scope, const std::string& subject) {
  if (scope == kGlobalScope || scope == subject) return true;
  const auto name = SubjectName::parse(scope);
  return name.subject.empty() && SubjectName::parse(subject).context == name.context;
}

std::string meant_by(const State& state, const std::string& subject) {
  const auto* config = state.config(subject);
  return config != nullptr && config->alias ? qualified_by(subject, *config->alias) : subject;
}

Result<void> check_writable(const State& state, const std::string& subject) {
  if (!mode_in_scope(state, subject).starts_with("READONLY")) return {};
  return failed(Code::not_permitted, "Subject '" + std::string(subject) + "' is read-only: its mode is " + mode_in_scope(state, subject));
}

}  // namespace sluice::registry
