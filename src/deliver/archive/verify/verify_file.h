#pragma once
// Reads one file of an archive as verify does: its rows by the archive's own columns, and sums of its offsets and bytes.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "deliver/archive/verify/verify.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

struct FileScan {
  std::uint64_t rows = 0;
  std::uint32_t offsets_crc = 0;
  std::uint32_t crc = 0;  // of the file's bytes
};

// `name` is where the file named `final_name` is now. Errors: corrupt, unsupported (no reader for its format), not_found,
// those of the store.
[[nodiscard]] Result<void> scan_file(pipeline::Store& store, const VerifyOptions& options, std::string_view topic,
                                     const std::string& final_name, const std::string& name, FileScan& scan,
                                     const std::function<void(const ArchivedRow&)>& visit);

}  // namespace sluice::deliver::archive
