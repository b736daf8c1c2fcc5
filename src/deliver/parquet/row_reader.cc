// Row group by row group, each column through a buffer of its own; entries come a thousand at a time and are put together
// to rows (assembler.h). Arrow checks pages by their checksums, and gets memory from a pool that ends.

#include "deliver/parquet/row_reader.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <optional>

#include "deliver/parquet/assembler.h"
#include "deliver/parquet/guarded.h"
#include "deliver/parquet/parquet_schema.h"

namespace sluice::deliver::parquet {

namespace {

namespace pq = ::parquet;

constexpr std::int64_t kMemoryLimit = 1 << 30;  // a page holds a value of 64 MiB, and what came before it
constexpr std::int64_t kStreamBuffer = 1 << 20;
constexpr std::int64_t kEntries = 1024;
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::int64_t kBatchRows = 8192;

// Arrow's view of an object; keeps the store's own error.
class StoreInput final : public arrow::io::RandomAccessFile {
 public:
  StoreInput(pipeline::Store& store, std::string name, std::uint64_t size)
      : store_(store), name_(std::move(name)), size_(static_cast<std::int64_t>(size)) {}

  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t size) override {
    const auto within = position < 0 || position > size_ ? 0 : std::min(size, size_ - position);
    if (within <= 0) return arrow::Buffer::FromString({});
    auto bytes = store_.read(name_, static_cast<std::uint64_t>(position), static_cast<std::size_t>(within));
    if (bytes.ok()) return arrow::Buffer::FromString(std::move(bytes).value());
    error_ = std::move(bytes).error();
    return arrow::Status::IOError(error_->message);
  }
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadAt(position, size));
    std::copy_n(bytes->data(), bytes->size(), static_cast<std::uint8_t*>(out));
    return bytes->size();
  }
  using RandomAccessFile::ReadAt;
  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto read, ReadAt(position_, size, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto read, ReadAt(position_, size));
    position_ += read->size();
    return read;
  }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  pipeline::Store& store_;
  std::string name_;
  std::int64_t size_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

template <typename Type>
class TypedColumn final : public Column {
 public:
  using Value = typename Type::c_type;

  TypedColumn(std::shared_ptr<pq::ColumnReader> reader, const Leaf& leaf)
      : reader_(std::move(reader)), values_(std::make_unique<Value[]>(kEntries)) {
    if (leaf.max_definition > 0) definition_levels_.resize(kEntries);
    if (leaf.max_repetition > 0) repetition_levels_.resize(kEntries);
    if (leaf.max_definition > 0) definitions_ = definition_levels_.data();
    if (leaf.max_repetition > 0) repetitions_ = repetition_levels_.data();
  }

  const void* take() override {
    ++at_;
    return value_at_ < value_count_ ? &values_[static_cast<std::size_t>(value_at_++)] : nullptr;
  }

 private:
  bool refill() override {
    at_ = count_ = 0;
    value_at_ = value_count_ = 0;
    if (!reader_->HasNext()) return false;
    auto* levels = definition_levels_.empty() ? nullptr : definition_levels_.data();
    auto* repeats = repetition_levels_.empty() ? nullptr : repetition_levels_.data();
    auto& reader = static_cast<pq::TypedColumnReader<Type>&>(*reader_);
    count_ = static_cast<std::size_t>(reader.ReadBatch(kEntries, levels, repeats, values_.get(), &value_count_));
    return count_ > 0;
  }

  std::shared_ptr<pq::ColumnReader> reader_;
  std::vector<std::int16_t> definition_levels_;
  std::vector<std::int16_t> repetition_levels_;
  std::unique_ptr<Value[]> values_;
  std::int64_t value_at_ = 0;
  std::int64_t value_count_ = 0;
};

std::unique_ptr<Column> make_column(std::shared_ptr<pq::ColumnReader> reader, const Leaf& leaf) {
  switch (leaf.physical) {
    case Physical::boolean: return std::make_unique<TypedColumn<pq::BooleanType>>(std::move(reader), leaf);
    case Physical::int32: return std::make_unique<TypedColumn<pq::Int32Type>>(std::move(reader), leaf);
    case Physical::int64: return std::make_unique<TypedColumn<pq::Int64Type>>(std::move(reader), leaf);
    case Physical::float_: return std::make_unique<TypedColumn<pq::FloatType>>(std::move(reader), leaf);
    case Physical::double_: return std::make_unique<TypedColumn<pq::DoubleType>>(std::move(reader), leaf);
    case Physical::bytes: return std::make_unique<TypedColumn<pq::ByteArrayType>>(std::move(reader), leaf);
    case Physical::fixed: return std::make_unique<TypedColumn<pq::FLBAType>>(std::move(reader), leaf);
  }
  return nullptr;
}

class RowReader final : public pipeline::RowFileReader {
 public:
  RowReader(pipeline::Store& store, const std::string& name, std::uint64_t size)
      : name_(name), proxy_(arrow::default_memory_pool()), pool_(&proxy_, kMemoryLimit),
        input_(std::make_shared<StoreInput>(store, name, size)) {}

  Result<void> begin(const std::vector<std::string>& columns) {
    return guarded_read([&] { return open(columns); });
  }

  const std::string& schema() const override { return schema_; }

  Result<Rows> next() override {
    bytes_.clear();
    std::int64_t count = 0;
    SLUICE_RETURN_IF_ERROR(guarded_read([&] { return read(count); }));
    return Rows{count, bytes_};
  }

 private:
  // What Arrow throws is the store's error when the store had one; else the file is damaged.
  template <typename F>
  Result<void> guarded_read(F&& call) {
    auto done = guarded(ErrorCode::corrupt, std::forward<F>(call));
    if (done.ok()) return {};
    if (input_->error()) return *input_->error();
    auto where = name_;
    if (group_ > 0) where += ", row group " + std::to_string(group_ - 1) + ", row " + std::to_string(rows_ - rows_left_);
    return std::move(done).error().in(where);
  }

  Result<void> open(const std::vector<std::string>& columns) {
    pq::ReaderProperties properties(&pool_);
    properties.enable_buffered_stream();
    properties.set_buffer_size(kStreamBuffer);
    properties.set_page_checksum_verification(true);
    file_ = pq::ParquetFileReader::Open(input_, properties);
    const auto metadata = file_->metadata()->key_value_metadata();
    const auto text = metadata == nullptr ? arrow::Status::KeyError("") : metadata->Get("parquet.avro.schema");
    if (!text.ok()) {
      return Error{ErrorCode::unsupported, "the file has no Avro schema in its metadata (parquet.avro.schema)", {},
                   "only files that this program wrote are read here"};
    }
    SLUICE_TRY(auto schema, as_corrupt(avro::Schema::parse(*text, {.validate_defaults = false})));
    SLUICE_TRY(auto shape, as_corrupt(Shape::compile(std::move(schema))));
    shape_.emplace(std::move(shape));
    SLUICE_RETURN_IF_ERROR(check_columns(*shape_, *file_->metadata()->schema()));
    SLUICE_TRY(fields_, select(columns));
    schema_ = shape_->schema().with_fields(fields_).text();
    assembler_.emplace(*shape_, fields_);
    return {};
  }

  template <typename T>
  static Result<T> as_corrupt(Result<T> made) {
    if (!made.ok()) return Error{ErrorCode::corrupt, "its Avro schema is none: " + made.error().message};
    return made;
  }

  Result<std::vector<std::size_t>> select(const std::vector<std::string>& columns) const {
    std::vector<std::size_t> selected;
    const auto& fields = shape_->schema().root().fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (columns.empty() || std::ranges::find(columns, fields[i].name) != columns.end()) selected.push_back(i);
    }
    for (const auto& column : columns) {
      if (std::ranges::find(fields, column, &avro::Field::name) != fields.end()) continue;
      return Error{ErrorCode::not_found, "the file has no column '" + column + "'"};
    }
    return selected;
  }

  Result<void> read(std::int64_t& count) {
    while (count < kBatchRows && bytes_.size() < kBatchBytes) {
      if (rows_left_ == 0) {
        SLUICE_TRY(const bool more, next_group());
        if (!more) return {};
        continue;
      }
      SLUICE_RETURN_IF_ERROR(assembler_->next(bytes_));
      --rows_left_;
      ++count;
    }
    return {};
  }

  Result<bool> next_group() {
    if (group_ > 0) SLUICE_RETURN_IF_ERROR(assembler_->end());
    if (group_ == file_->metadata()->num_row_groups()) return false;
    row_group_ = file_->RowGroup(group_++);
    rows_ = rows_left_ = row_group_->metadata()->num_rows();
    if (rows_ < 0) return Error{ErrorCode::corrupt, "a row group of fewer than no rows"};
    std::vector<std::unique_ptr<Column>> columns(shape_->leaves().size());
    for (const auto field : fields_) {
      const auto& step = shape_->child(shape_->root(), field);
      for (auto leaf = step.first_leaf; leaf < step.first_leaf + step.leaves; ++leaf) {
        columns[leaf] = make_column(row_group_->Column(static_cast<int>(leaf)), shape_->leaves()[leaf]);
      }
    }
    assembler_->begin(std::move(columns));
    return true;
  }

  std::string name_;
  arrow::ProxyMemoryPool proxy_;
  arrow::CappedMemoryPool pool_;
  std::shared_ptr<StoreInput> input_;
  std::unique_ptr<pq::ParquetFileReader> file_;
  std::shared_ptr<pq::RowGroupReader> row_group_;
  std::optional<Shape> shape_;
  std::vector<std::size_t> fields_;
  std::string schema_;
  std::optional<Assembler> assembler_;
  int group_ = 0;  // the next one
  std::int64_t rows_ = 0;       // of the one at hand
  std::int64_t rows_left_ = 0;  // of it
  Bytes bytes_;
};

}  // namespace

Result<std::unique_ptr<pipeline::RowFileReader>> open_reader(pipeline::Store& store, const std::string& name,
                                                             const std::vector<std::string>& columns) {
  SLUICE_TRY(const auto size, store.size(name));
  auto reader = std::make_unique<RowReader>(store, name, size);
  SLUICE_RETURN_IF_ERROR(reader->begin(columns));
  return reader;
}

}  // namespace sluice::deliver::parquet
