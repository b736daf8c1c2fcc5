#pragma once
// Avro object container files as a row format.

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "pipeline/row_file.h"

namespace sluice::deliver::avro_file {

struct AvroFormatOptions {
  std::string codec = "deflate";  // one of avro::codec_names()
  std::size_t block_bytes = std::size_t{64} << 10;
};

// Errors: rejected, when the codec is none of those.
[[nodiscard]] Result<std::shared_ptr<const pipeline::RowFormat>> avro_format(AvroFormatOptions options = {});

}  // namespace sluice::deliver::avro_file
