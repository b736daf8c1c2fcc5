#include "deliver/avro_file/avro_format.h"

#include "deliver/avro_file/container_reader.h"
#include "deliver/avro_file/container_writer.h"

namespace sluice::deliver::avro_file {

namespace {

class AvroFormat final : public pipeline::RowFormat {
 public:
  explicit AvroFormat(AvroFormatOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::string_view suffix() const override { return "avro"; }
  [[nodiscard]] std::string text() const override { return "avro, " + options_.codec; }

  [[nodiscard]] Result<std::unique_ptr<pipeline::RowFileWriter>> create(std::unique_ptr<pipeline::StoreWriter> out,
                                                                        std::string_view schema) const override {
    SLUICE_TRY(auto compressor, BlockCompressor::create(options_.codec));
    SLUICE_TRY(auto writer,
               ContainerWriter::begin(std::move(out), std::move(compressor), options_.block_bytes, schema));
    return std::unique_ptr<pipeline::RowFileWriter>(std::move(writer));
  }
  [[nodiscard]] Result<std::unique_ptr<pipeline::RowFileReader>> open(
      pipeline::Store& store, const std::string& name, const std::vector<std::string>& /*columns*/) const override {
    SLUICE_TRY(auto reader, ContainerReader::open(store, name));
    return std::unique_ptr<pipeline::RowFileReader>(std::make_unique<ContainerReader>(std::move(reader)));
  }

 private:
  AvroFormatOptions options_;
};

}  // namespace

Result<std::shared_ptr<const pipeline::RowFormat>> avro_format(AvroFormatOptions options) {
  SLUICE_RETURN_IF_ERROR(BlockCompressor::create(options.codec));
  return std::shared_ptr<const pipeline::RowFormat>(std::make_shared<AvroFormat>(std::move(options)));
}

}  // namespace sluice::deliver::avro_file
