#pragma once
// Where an archive is, as each reader is told: paths, and the settings that a place needs.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/export/export_archive.h"
#include "cli/export/export_types.h"

namespace sluice::cli {

struct Location {
  std::string path;                     // of the archive's root, in the reader's words; without a slash at its end
  std::vector<std::string> setup = {};  // code: statements, or for Spark `.config(…)` calls
  std::vector<std::string> notes = {};  // for people, a line each
};

[[nodiscard]] Location location_for(Reader reader, const ExportedTopic& topic);

}  // namespace sluice::cli
