#pragma once
// May a schema follow those that are there? Confluent's levels, order of checks and words.

#include <functional>
#include <string>
#include <vector>

#include "registry/config.h"
#include "registry/language.h"
#include "registry/state.h"

namespace sluice::registry {

struct Verdict {
  bool compatible = true;
  std::vector<std::string> messages;  // why not, in Confluent's words
};

// "[a, b]"
[[nodiscard]] std::string list_text(const std::vector<std::string>& messages);

struct Candidate {
  const SchemaLanguage& language;
  const ParsedSchema& schema;
  const Content& content;
};

// An earlier version, parsed. Errors are messages of the verdict.
using ParseEarlier = std::function<Result<std::shared_ptr<const ParsedSchema>>(const Entry&)>;

// `earlier`: live versions, oldest first. Looks at the newest, or with a _TRANSITIVE level at all, newest first, up to
// the first that does not fit. Precondition: the config has a level.
[[nodiscard]] Verdict judge(const Candidate& candidate, const std::vector<Entry>& earlier, const Config& config,
                            const ParseEarlier& parse);

}  // namespace sluice::registry
