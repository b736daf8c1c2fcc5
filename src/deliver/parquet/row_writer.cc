// Rows are taken apart as they come (shredder.h). A batch of some hundred kilobytes goes to Arrow's column writers, which
// encode and compress page by page; the pages of the row group at hand are kept in memory until it is closed, because all
// its columns grow at once. What a column writer keeps of strings it has copied, so the batch's memory is used again.
// Memory comes from Arrow's own allocator: on glibc's heap, row groups of 4 MB fragmented to 350 MiB, here to 72.

#include "deliver/parquet/row_writer.h"

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/util/config.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>

#include <array>
#include <optional>

#include "deliver/parquet/guarded.h"
#include "deliver/parquet/parquet_schema.h"
#include "deliver/parquet/shredder.h"

namespace sluice::deliver::parquet {

namespace {

namespace pq = ::parquet;

constexpr std::size_t kBatchBytes = 512 << 10;
constexpr std::size_t kBatchRows = 16 << 10;

struct Codec {
  std::string_view name;
  pq::Compression::type type;
  int highest_level;  // 0: it has no levels
};
constexpr std::array kCodecs{Codec{"zstd", pq::Compression::ZSTD, 22}, Codec{"snappy", pq::Compression::SNAPPY, 0},
                             Codec{"gzip", pq::Compression::GZIP, 9}, Codec{"lz4_raw", pq::Compression::LZ4, 0},
                             Codec{"none", pq::Compression::UNCOMPRESSED, 0}};

const Codec* find_codec(std::string_view name) {
  for (const auto& codec : kCodecs) {
    if (codec.name == name) return &codec;
  }
  return nullptr;
}

std::shared_ptr<pq::WriterProperties> properties(const ParquetOptions& options, arrow::MemoryPool& pool) {
  const auto& codec = *find_codec(options.codec);
  pq::WriterProperties::Builder builder;
  builder.version(pq::ParquetVersion::PARQUET_2_6)
      ->created_by("sluice version " SLUICE_VERSION " (build arrow-" ARROW_VERSION_STRING ")")
      ->compression(codec.type)
      ->data_pagesize(static_cast<std::int64_t>(options.page_bytes))
      ->enable_write_page_index()
      ->enable_page_checksum()
      ->memory_pool(&pool);
  if (codec.highest_level > 0) builder.compression_level(options.level);
  return builder.build();
}

// Arrow's view of a StoreWriter; keeps the store's own error, which Arrow's Status would lose.
class StoreOutput final : public arrow::io::OutputStream {
 public:
  explicit StoreOutput(std::unique_ptr<pipeline::StoreWriter> out) : out_(std::move(out)) {}

  arrow::Status Write(const void* data, std::int64_t size) override {
    if (closed_) return arrow::Status::Invalid("the file is given up");
    auto written = out_->append({static_cast<const char*>(data), static_cast<std::size_t>(size)});
    if (!written.ok()) return fail(std::move(written).error());
    position_ += size;
    return arrow::Status::OK();
  }
  using OutputStream::Write;
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] Result<std::string> finish() { return out_->finish(); }

 private:
  arrow::Status fail(Error error) {
    closed_ = true;
    error_ = std::move(error);
    return arrow::Status::IOError(error_->message);
  }

  std::unique_ptr<pipeline::StoreWriter> out_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

template <typename Type>
void write_batch(pq::ColumnWriter& column, const Entries& entries) {
  static_cast<pq::TypedColumnWriter<Type>&>(column).WriteBatch(
      static_cast<std::int64_t>(entries.count), entries.has_definitions ? entries.definitions.data() : nullptr,
      entries.has_repetitions ? entries.repetitions.data() : nullptr,
      static_cast<const typename Type::c_type*>(entries.values.data()));
}

void write_column(Physical physical, pq::ColumnWriter& column, const Entries& entries) {
  switch (physical) {
    case Physical::boolean: return write_batch<pq::BooleanType>(column, entries);
    case Physical::int32: return write_batch<pq::Int32Type>(column, entries);
    case Physical::int64: return write_batch<pq::Int64Type>(column, entries);
    case Physical::float_: return write_batch<pq::FloatType>(column, entries);
    case Physical::double_: return write_batch<pq::DoubleType>(column, entries);
    case Physical::bytes: return write_batch<pq::ByteArrayType>(column, entries);
    case Physical::fixed: return write_batch<pq::FLBAType>(column, entries);
  }
}

class RowWriter final : public pipeline::RowFileWriter {
 public:
  RowWriter(const ParquetOptions& options, std::unique_ptr<pipeline::StoreWriter> out, Shape shape)
      : options_(options), shape_(std::move(shape)), shredder_(shape_), pool_(arrow::default_memory_pool()),
        out_(std::make_shared<StoreOutput>(std::move(out))) {}

  // Arrow's writer ends the file when it is destroyed: a file that nobody finished is not to have an end.
  ~RowWriter() override { static_cast<void>(out_->Close()); }

  Result<void> begin() {
    return guarded_write([this]() -> Result<void> {
      const auto metadata = arrow::KeyValueMetadata::Make({"parquet.avro.schema"}, {shape_.schema().text()});
      file_ = pq::ParquetFileWriter::Open(out_, parquet_schema(shape_), properties(options_, pool_), metadata);
      return {};
    });
  }

  Result<void> append(ByteView row) override {
    if (failed_) return *failed_;
    if (auto taken = shredder_.append(row); !taken.ok()) return fail(std::move(taken).error());
    group_bytes_ += row.size();
    if (shredder_.bytes() < kBatchBytes && shredder_.rows() < kBatchRows && group_bytes_ < options_.row_group_bytes) return {};
    return guarded_write([this] { return write_rows(); });
  }

  Result<std::string> finish() override {
    if (failed_) return *failed_;
    SLUICE_RETURN_IF_ERROR(guarded_write([this]() -> Result<void> {
      SLUICE_RETURN_IF_ERROR(write_rows());
      file_->Close();
      return {};
    }));
    auto finished = out_->finish();
    if (!finished.ok()) return fail(finished.error());
    return finished;
  }

 private:
  Error fail(Error error) {
    failed_ = std::move(error);
    return *failed_;
  }

  // What Arrow throws is the store's error when the store had one.
  template <typename F>
  Result<void> guarded_write(F&& call) {
    auto done = guarded(ErrorCode::rejected, std::forward<F>(call));
    if (done.ok()) return {};
    if (out_->error()) return fail(*out_->error());
    return fail(std::move(done).error().in("cannot write Parquet"));
  }

  Result<void> write_rows() {
    if (shredder_.rows() == 0) return {};
    if (group_ == nullptr) group_ = file_->AppendBufferedRowGroup();
    for (std::size_t leaf = 0; leaf < shape_.leaves().size(); ++leaf) {
      write_column(shape_.leaves()[leaf].physical, *group_->column(static_cast<int>(leaf)), shredder_.entries(leaf));
    }
    shredder_.clear();
    if (group_bytes_ >= options_.row_group_bytes || static_cast<std::uint64_t>(pool_.bytes_allocated()) >= options_.memory_bytes) {
      group_->Close();
      group_ = nullptr;
      group_bytes_ = 0;
    }
    return {};
  }

  ParquetOptions options_;
  Shape shape_;
  Shredder shredder_;
  arrow::ProxyMemoryPool pool_;
  std::shared_ptr<StoreOutput> out_;
  std::unique_ptr<pq::ParquetFileWriter> file_;
  pq::RowGroupWriter* group_ = nullptr;  // of file_
  std::uint64_t group_bytes_ = 0;        // rows in it, as they came
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<pipeline::RowFileWriter>> create_writer(const ParquetOptions& options,
                                                               std::unique_ptr<pipeline::StoreWriter> out,
                                                               std::string_view schema) {
  SLUICE_TRY(auto parsed, avro::Schema::parse(schema, {.validate_defaults = false}));
  SLUICE_TRY(auto shape, Shape::compile(std::move(parsed)));
  auto writer = std::make_unique<RowWriter>(options, std::move(out), std::move(shape));
  SLUICE_RETURN_IF_ERROR(writer->begin());
  return writer;
}

Result<void> check_options(const ParquetOptions& options) {
  const auto* codec = find_codec(options.codec);
  if (codec == nullptr) {
    return Error{ErrorCode::rejected, "Parquet has no codec '" + options.codec + "' here", {},
                 "write one of zstd, snappy, gzip, lz4_raw, none"};
  }
  if (codec->highest_level > 0 && (options.level < 1 || options.level > codec->highest_level)) {
    return Error{ErrorCode::rejected, "level " + std::to_string(options.level) + " of " + options.codec + " does not exist", {},
                 "write a number from 1 to " + std::to_string(codec->highest_level)};
  }
  constexpr std::uint64_t kMaxPage = 1 << 30;
  if (options.page_bytes == 0 || options.page_bytes > kMaxPage || options.row_group_bytes == 0 || options.memory_bytes == 0) {
    return Error{ErrorCode::rejected, "a page has 1 byte to 1 GiB, a row group and its memory 1 byte or more"};
  }
  return {};
}

}  // namespace sluice::deliver::parquet
