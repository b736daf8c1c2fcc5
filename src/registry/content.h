#pragma once
// What a schema is, apart from where it is registered: two versions with the same content have the same id.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/metadata.h"

namespace sluice::registry {

struct Reference {
  std::string name;     // as the schema's text says it
  std::string subject;  // without a context: of the context of whoever refers
  std::int32_t version = 0;
  auto operator<=>(const Reference&) const = default;
};

using Md5 = std::array<std::uint8_t, 16>;

struct Content {
  std::string type = "AVRO";
  std::string text;  // canonical: ParsedSchema::text()
  std::vector<Reference> references = {};
  std::optional<Metadata> metadata = {};
  std::optional<RuleSet> rule_set = {};

  // MD5 of text, references (name, subject, version as int32), 1 and the metadata, 1 and the rule set.
  [[nodiscard]] Md5 md5() const;
  bool operator==(const Content&) const = default;
};
using ContentPtr = std::shared_ptr<const Content>;

// An MD5 printed as a UUID: the schema's name in all registries of the world.
[[nodiscard]] std::string guid_text(const Md5& md5);
// With or without dashes. None: it is no GUID.
[[nodiscard]] std::optional<Md5> parse_guid(std::string_view text);

struct Md5Hash {
  std::size_t operator()(const Md5& md5) const noexcept;
};

}  // namespace sluice::registry
