#pragma once
// What holds for a subject: what was said of it, else of its context (of the default one: ""), else of ":.__GLOBAL:",
// else the configured default.

#include "registry/state.h"

namespace sluice::registry {

// Always with a level.
[[nodiscard]] Config config_in_scope(const State& state, std::string_view subject, const std::string& default_level);
// READONLY_OVERRIDE said of all counts more than anything.
[[nodiscard]] std::string mode_in_scope(const State& state, std::string_view subject);
// Is `subject` what `scope` names: the subject itself, one of the context, or any ("" and ":.__GLOBAL:" name all that
// has no context, and all)?
[[nodiscard]] bool in_scope(const std::string& scope, const std::string& subject);
// The subject that is meant: its alias, if it has one.
[[nodiscard]] std::string meant_by(const State& state, const std::string& subject);

// Error: not_permitted, with Confluent's words.
[[nodiscard]] Result<void> check_writable(const State& state, const std::string& subject);

}  // namespace sluice::registry
