#pragma once
// Writes an Avro object container file of data that are encoded already.
//
//   SLUICE_TRY(auto file, FileSink::create(path));
//   SLUICE_TRY(auto writer, ContainerWriter::begin(file, schema_text, {.codec = "zstandard"}));
//   for (...) SLUICE_RETURN_IF_ERROR(writer.append(row));
//   SLUICE_RETURN_IF_ERROR(writer.finish());

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "avro/container/byte_stream.h"
#include "avro/container/codec.h"
#include "avro/container/container_reader.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

struct ContainerWriterOptions {
  std::string codec = "null";                       // one of codec_names()
  ContainerMetadata metadata = {};                  // the user's; no key may begin with "avro."
  std::size_t block_bytes = std::size_t{64} << 10;  // a block is full at so many bytes of rows,
  std::int64_t block_rows = INT64_MAX;              // or at so many rows
  Bytes sync = {};                                  // 16 bytes; empty: random ones
};

// Of one thread.
class ContainerWriter {
 public:
  // Writes the header. `sink` outlives it. The schema's text goes into the file as it is. Errors: rejected (a key of the
  // metadata, the sync marker's length), unsupported (the codec), those of the sink.
  [[nodiscard]] static Result<ContainerWriter> begin(ByteSink& sink, std::string_view schema,
                                                     const ContainerWriterOptions& options = {});

  // One datum of the schema; copied, and not looked into. Errors: those of the sink.
  [[nodiscard]] Result<void> append(ByteView row);
  // Ends the block at hand; nothing when it is empty.
  [[nodiscard]] Result<void> flush();
  // Writes what is left. The sink is the caller's to close.
  [[nodiscard]] Result<void> finish() { return flush(); }

 private:
  ContainerWriter(ByteSink& sink, std::unique_ptr<Codec> codec, const ContainerWriterOptions& options);

  ByteSink* sink_;
  std::unique_ptr<Codec> codec_;
  std::size_t block_bytes_;
  std::int64_t block_rows_;
  Bytes sync_;
  Bytes block_;            // rows of the block at hand
  std::int64_t rows_ = 0;  // in it
  Bytes compressed_;
  Bytes framed_;
};

}  // namespace sluice::avro
