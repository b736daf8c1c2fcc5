#pragma once
// Where archives are, and what their files are, by the words of the configuration.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::server {

// "./archive", "file:///archive", "hdfs://namenode:9870/archive" (deliver/store/hdfs/hdfs_url.h), "s3://bucket/archive"
// (deliver/store/s3/s3_address.h). Asks nobody yet. Errors: rejected (no place).
[[nodiscard]] Result<std::unique_ptr<pipeline::Store>> open_place(const std::string& to);
// "./archive" and its like as an absolute path, for others on this machine; every other place as it is written.
[[nodiscard]] std::string absolute_place(const std::string& to);
// Whether that would succeed, by the text alone.
[[nodiscard]] Result<void> check_place(const std::string& to);

// "avro" or "parquet", with a codec of it; "" is its usual one. Errors: rejected (no format, no codec of it), and where
// Parquet's module cannot be had not_found or unsupported, with what to do.
[[nodiscard]] Result<std::shared_ptr<const pipeline::RowFormat>> make_format(const std::string& name,
                                                                              const std::string& codec);
// Whether these are words for a format and a codec; loads nothing. Errors as above.
[[nodiscard]] Result<void> check_format(const std::string& name, const std::string& codec);
// All formats that can be read here.
[[nodiscard]] std::vector<std::shared_ptr<const pipeline::RowFormat>> readable_formats();

}  // namespace sluice::server
