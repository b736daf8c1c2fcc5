#pragma once
// The names of an archive (docs/formats/archive.md, Names).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"

namespace sluice::deliver::archive {

inline constexpr std::string_view kOurFolder = "_sluice";
inline constexpr std::string_view kFormatFile = "_sluice/format.json";
inline constexpr std::string_view kFormatText = "{\"format\":\"sluice-archive\",\"version\":1}\n";

[[nodiscard]] std::string topic_folder(std::string_view topic);
[[nodiscard]] std::string topic_of_folder(std::string_view folder);
// "00000000000000412007". Precondition: offset >= 0.
[[nodiscard]] std::string digits20(Offset offset);

// "_sluice/<topic>", "_sluice/<topic>/<partition>", and ".../tmp".
[[nodiscard]] std::string chain_root(std::string_view topic);
[[nodiscard]] std::string chain_folder(std::string_view topic, std::int32_t partition);
[[nodiscard]] std::string temporary_folder(std::string_view topic, std::int32_t partition);
[[nodiscard]] std::string record_name(std::string_view topic, std::int32_t partition, Offset first);
// Says which record's files have got their names, where temporaries expire.
[[nodiscard]] std::string named_name(std::string_view topic, std::int32_t partition);
// "_sluice/<topic>/schemas", and "…/000007.avsc".
[[nodiscard]] std::string schema_folder(std::string_view topic);
[[nodiscard]] std::string schema_name(std::string_view topic, int version);
// The version in the last part of a schema's name; none for another name.
[[nodiscard]] std::optional<int> schema_version(std::string_view name);
// The first offset in the name of a commit record ("00000000000000412007.json"); none for another name.
[[nodiscard]] std::optional<Offset> record_first(std::string_view name);
// The first offset in the name of a temporary ("00000000000000412007-0-….avro"); none for another name.
[[nodiscard]] std::optional<Offset> temporary_first(std::string_view name);
// "<topic>/<folder>/<partition>-<first>-<n><suffix>"; the folder may be "".
[[nodiscard]] std::string file_name(std::string_view topic, std::string_view folder, std::int32_t partition, Offset first,
                                    std::size_t n, std::string_view suffix);
// Where the dead letters of a folder's rows lie: "_dead/<folder>".
[[nodiscard]] std::string dead_folder(std::string_view folder);
// Partition and first offset in the last part of a file's name; none for another name.
[[nodiscard]] std::optional<std::pair<std::int32_t, Offset>> parse_file_name(std::string_view name);

}  // namespace sluice::deliver::archive
