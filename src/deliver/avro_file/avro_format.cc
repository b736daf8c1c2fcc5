#include "deliver/avro_file/avro_format.h"

#include "avro/container/container_reader.h"
#include "avro/container/container_writer.h"

namespace sluice::deliver::avro_file {

namespace {

class StoreSource final : public avro::ByteSource {
 public:
  StoreSource(pipeline::Store& store, std::string name) : store_(store), name_(std::move(name)) {}
  [[nodiscard]] Result<std::size_t> read(std::size_t size, Bytes& out) override {
    if (at_end_) return std::size_t{0};
    SLUICE_TRY(const auto piece, store_.read(name_, position_, size));
    at_end_ = piece.size() < size;
    position_ += piece.size();
    out.append(piece);
    return piece.size();
  }

 private:
  pipeline::Store& store_;
  std::string name_;
  std::uint64_t position_ = 0;
  bool at_end_ = false;
};

class StoreSink final : public avro::ByteSink {
 public:
  explicit StoreSink(pipeline::StoreWriter& out) : out_(out) {}
  [[nodiscard]] Result<void> write(ByteView bytes) override { return out_.append(bytes); }

 private:
  pipeline::StoreWriter& out_;
};

class Reader final : public pipeline::RowFileReader {
 public:
  static Result<std::unique_ptr<RowFileReader>> open(pipeline::Store& store, const std::string& name) {
    auto source = std::make_unique<StoreSource>(store, name);
    SLUICE_TRY(auto file, avro::ContainerReader::open(*source, name));
    return std::unique_ptr<RowFileReader>(new Reader(std::move(source), std::move(file)));
  }
  [[nodiscard]] const std::string& schema() const override { return file_.schema(); }
  [[nodiscard]] Result<Rows> next() override {
    SLUICE_TRY(const auto block, file_.next());
    return Rows{block.rows, block.bytes};
  }

 private:
  Reader(std::unique_ptr<StoreSource> source, avro::ContainerReader file) : source_(std::move(source)), file_(std::move(file)) {}

  std::unique_ptr<StoreSource> source_;
  avro::ContainerReader file_;
};

class Writer final : public pipeline::RowFileWriter {
 public:
  static Result<std::unique_ptr<RowFileWriter>> begin(std::unique_ptr<pipeline::StoreWriter> out, std::string_view schema,
                                                      const AvroFormatOptions& options) {
    auto sink = std::make_unique<StoreSink>(*out);
    SLUICE_TRY(auto file, avro::ContainerWriter::begin(*sink, schema, {.codec = options.codec, .block_bytes = options.block_bytes}));
    return std::unique_ptr<RowFileWriter>(new Writer(std::move(out), std::move(sink), std::move(file)));
  }
  [[nodiscard]] Result<void> append(ByteView row) override { return file_.append(row); }
  [[nodiscard]] Result<std::string> finish() override {
    SLUICE_RETURN_IF_ERROR(file_.finish());
    return out_->finish();
  }

 private:
  Writer(std::unique_ptr<pipeline::StoreWriter> out, std::unique_ptr<StoreSink> sink, avro::ContainerWriter file)
      : out_(std::move(out)), sink_(std::move(sink)), file_(std::move(file)) {}

  std::unique_ptr<pipeline::StoreWriter> out_;
  std::unique_ptr<StoreSink> sink_;
  avro::ContainerWriter file_;
};

class AvroFormat final : public pipeline::RowFormat {
 public:
  explicit AvroFormat(AvroFormatOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::string_view suffix() const override { return "avro"; }
  [[nodiscard]] std::string text() const override { return "avro, " + options_.codec; }

  [[nodiscard]] Result<std::unique_ptr<pipeline::RowFileWriter>> create(std::unique_ptr<pipeline::StoreWriter> out,
                                                                        std::string_view schema) const override {
    return Writer::begin(std::move(out), schema, options_);
  }
  [[nodiscard]] Result<std::unique_ptr<pipeline::RowFileReader>> open(
      pipeline::Store& store, const std::string& name, const std::vector<std::string>& /*columns*/) const override {
    return Reader::open(store, name);
  }

 private:
  AvroFormatOptions options_;
};

}  // namespace

Result<std::shared_ptr<const pipeline::RowFormat>> avro_format(AvroFormatOptions options) {
  if (auto codec = avro::Codec::create(options.codec); !codec.ok()) {
    return Error{.code = ErrorCode::rejected, .message = std::move(codec).error().message};
  }
  return std::shared_ptr<const pipeline::RowFormat>(std::make_shared<AvroFormat>(std::move(options)));
}

}  // namespace sluice::deliver::avro_file
