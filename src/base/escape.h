#pragma once
// Names of databases as topics' and Avro's names: bytes that those may not have become _xhh, and the '_' of a literal _xhh is
// escaped too, so that no two names become one. Reversible.

#include <string>
#include <string_view>

namespace sluice {

// Keeps [A-Za-z0-9_-].
[[nodiscard]] std::string escape_topic_part(std::string_view name);
// Keeps [A-Za-z0-9_], but no digit in front.
[[nodiscard]] std::string escape_avro_name(std::string_view name);
// Of a name with dots, each part by one of these; the dots stay.
[[nodiscard]] std::string escape_parts(std::string_view dotted, std::string (*escape_part)(std::string_view));

}  // namespace sluice
