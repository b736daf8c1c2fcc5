#include "deliver/archive/latest/table_files.h"

#include <utility>

#include "deliver/archive/counted_writer.h"

namespace sluice::deliver::archive {

namespace {

class OpenFiles {
 public:
  OpenFiles(const Table& table, const pipeline::RowFormat& format, const BeginFile& begin, std::vector<TableFile>& files)
      : schema_(table.schema().text), format_(format), begin_(begin), files_(files) {}

  Result<void> add(ByteView row, std::uint64_t roll_bytes) {
    if (!writer_) SLUICE_RETURN_IF_ERROR(begin());
    SLUICE_RETURN_IF_ERROR(writer_->append(row));
    ++rows_;
    return count_.bytes >= roll_bytes ? finish() : Result<void>{};
  }
  Result<void> end() {
    if (!writer_ && !files_.empty()) return {};
    if (!writer_) SLUICE_RETURN_IF_ERROR(begin());
    return finish();
  }

 private:
  Result<void> begin() {
    count_ = {};
    rows_ = 0;
    SLUICE_TRY(auto out, begin_(files_.size()));
    SLUICE_TRY(writer_, format_.create(std::make_unique<CountedWriter>(std::move(out), count_), schema_));
    return {};
  }
  Result<void> finish() {
    const auto writer = std::exchange(writer_, nullptr);
    SLUICE_TRY(auto temporary, writer->finish());
    files_.push_back({std::move(temporary), count_.bytes, count_.crc32c, rows_});
    return {};
  }

  std::string schema_;
  const pipeline::RowFormat& format_;
  const BeginFile& begin_;
  std::vector<TableFile>& files_;
  CountedWriter::Count count_;
  std::uint64_t rows_ = 0;
  std::unique_ptr<pipeline::RowFileWriter> writer_;
};

}  // namespace

Result<void> write_table(Table& table, const pipeline::RowFormat& format, std::uint64_t roll_bytes, const BeginFile& begin,
                         std::vector<TableFile>& files, const std::stop_token& stop) {
  OpenFiles open(table, format, begin, files);
  SLUICE_RETURN_IF_ERROR(table.write([&](ByteView row) { return open.add(row, roll_bytes); }, stop));
  return open.end();
}

}  // namespace sluice::deliver::archive
