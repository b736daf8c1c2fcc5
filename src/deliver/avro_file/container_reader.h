#pragma once
// Reads an Avro object container file out of a store, block by block.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "pipeline/row_file.h"
#include "pipeline/store.h"

namespace sluice::deliver::avro_file {

class ContainerReader final : public pipeline::RowFileReader {
 public:
  // `store` outlives it. Errors: not_found, corrupt, unsupported (the codec).
  [[nodiscard]] static Result<ContainerReader> open(pipeline::Store& store, std::string name);

  [[nodiscard]] const std::string& schema() const override { return schema_; }
  [[nodiscard]] Result<Rows> next() override;

 private:
  enum class Codec : std::uint8_t { null, deflate, zstandard };

  ContainerReader(pipeline::Store& store, std::string name) : store_(&store), name_(std::move(name)) {}
  [[nodiscard]] Result<void> read_header();
  [[nodiscard]] Result<void> set_codec(std::string_view codec);
  // Makes at least `size` unread bytes lie in buffer_, fewer only at the end of the file.
  [[nodiscard]] Result<void> fill(std::size_t size);
  [[nodiscard]] ByteView unread() const { return ByteView(buffer_).substr(at_); }
  void take(std::size_t size);
  [[nodiscard]] Result<ByteView> inflate(ByteView data);
  [[nodiscard]] Error corrupt(const std::string& why) const;

  pipeline::Store* store_;
  std::string name_;
  std::string schema_;
  Codec codec_ = Codec::null;
  Bytes sync_;
  Bytes buffer_;
  std::size_t at_ = 0;           // in buffer_
  std::uint64_t position_ = 0;   // in the file, of what is taken
  bool at_end_ = false;          // nothing behind buffer_
  Bytes inflated_;
};

}  // namespace sluice::deliver::avro_file
