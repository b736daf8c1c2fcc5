#pragma once
// String literals of the Protobuf language, as Confluent's registry spells them.

#include <string>
#include <string_view>

namespace sluice::protobuf {

// "…": the usual escapes (for the apostrophe too), UTF-8 as it is, other control and foreign bytes in octal.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace sluice::protobuf
