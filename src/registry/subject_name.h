#pragma once
// A subject's name may say its context: ":.ctx:orders-value" is orders-value of the context ".ctx". Without one it is
// of the default context ".". A context by itself is written ":.ctx:"; ":.__GLOBAL:" is the scope above all contexts.

#include <string>
#include <string_view>

namespace sluice::registry {

inline constexpr std::string_view kDefaultContext = ".";
inline constexpr std::string_view kGlobalScope = ":.__GLOBAL:";

struct SubjectName {
  std::string context = std::string(kDefaultContext);
  std::string subject;  // empty: the context itself

  [[nodiscard]] static SubjectName parse(std::string_view text);
  [[nodiscard]] bool qualified() const { return context != kDefaultContext; }
  // The name as it is stored: ":.:s" is "s".
  [[nodiscard]] std::string text() const { return prefix() + subject; }
  // What stands before the names of the context's subjects: "" or ":.ctx:".
  [[nodiscard]] std::string prefix() const { return qualified() ? ":" + context + ":" : std::string(); }
};

// `subject` as `parent` means it: without a context of its own it is of the parent's.
[[nodiscard]] std::string qualified_by(std::string_view parent, std::string_view subject);
// ".ctx", whether it was written "ctx", ".ctx" or ":.ctx:".
[[nodiscard]] std::string context_name(std::string_view text);
// May a schema be registered under it? No control characters, not empty, no reserved name.
[[nodiscard]] bool valid_subject(std::string_view text);

}  // namespace sluice::registry
