#pragma once
// The port to file formats of rows: Avro container files, Parquet.
//
// A row goes in, and comes out, as one Avro datum in binary form; the schema of all rows of a file is one Avro record,
// given when the file is begun. The format writes to a StoreWriter and reads from a Store, so it knows no place.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/store.h"

namespace sluice::pipeline {

// Writes one file. Of one thread.
class RowFileWriter {
 public:
  // Without finish() the temporary is discarded.
  virtual ~RowFileWriter() = default;
  // One datum of the file's schema; copied. Errors: rejected (no datum of the schema: the file can be used no more),
  // those of the store.
  [[nodiscard]] virtual Result<void> append(ByteView row) = 0;
  // Writes what is left. Gives the temporary's id, as StoreWriter::finish().
  [[nodiscard]] virtual Result<std::string> finish() = 0;
};

// Reads one file, from its first row to its last. Of one thread.
class RowFileReader {
 public:
  virtual ~RowFileReader() = default;
  // The Avro record (JSON) that rows come as: the columns that were asked for, and maybe others, under their names in
  // the file.
  [[nodiscard]] virtual const std::string& schema() const = 0;
  struct Rows {
    std::int64_t count = 0;  // 0: the end of the file
    ByteView bytes;          // `count` data, one after the other; until the next call
  };
  // Errors: corrupt, with the place in the file; those of the store.
  [[nodiscard]] virtual Result<Rows> next() = 0;
};

// A format and its settings. Thread-safe; outlives its writers and readers.
class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // The end of a file's name, without the dot: "avro", "parquet".
  [[nodiscard]] virtual std::string_view suffix() const = 0;
  // For people: "avro, zstandard".
  [[nodiscard]] virtual std::string text() const = 0;
  // Begins a file. Errors: rejected (the schema is no Avro record, or the format has no form for it: the message names
  // the field and says why), those of the store.
  [[nodiscard]] virtual Result<std::unique_ptr<RowFileWriter>> create(std::unique_ptr<StoreWriter> out,
                                                                      std::string_view schema) const = 0;
  // Errors: not_found, corrupt, unsupported, those of the store. `columns` empty: all.
  [[nodiscard]] virtual Result<std::unique_ptr<RowFileReader>> open(Store& store, const std::string& name,
                                                                    const std::vector<std::string>& columns) const = 0;
};

}  // namespace sluice::pipeline
