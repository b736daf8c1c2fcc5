#include "deliver/parquet/format.h"

#include "deliver/parquet/guarded.h"
#include "deliver/parquet/row_reader.h"
#include "deliver/parquet/row_writer.h"

namespace sluice::deliver::parquet {

namespace {

class ParquetFormat final : public pipeline::RowFormat {
 public:
  explicit ParquetFormat(ParquetOptions options) : options_(std::move(options)) {}

  std::string_view suffix() const override { return "parquet"; }
  std::string text() const override { return "parquet, " + options_.codec; }
  Result<std::unique_ptr<pipeline::RowFileWriter>> create(std::unique_ptr<pipeline::StoreWriter> out,
                                                          std::string_view schema) const override {
    return guarded(ErrorCode::rejected, [&] { return create_writer(options_, std::move(out), schema); });
  }
  Result<std::unique_ptr<pipeline::RowFileReader>> open(pipeline::Store& store, const std::string& name,
                                                        const std::vector<std::string>& columns) const override {
    return guarded(ErrorCode::corrupt, [&] { return open_reader(store, name, columns); });
  }

 private:
  ParquetOptions options_;
};

}  // namespace

Result<std::shared_ptr<const pipeline::RowFormat>> create_format(const ParquetOptions& options) {
  SLUICE_RETURN_IF_ERROR(check_options(options));
  return std::make_shared<const ParquetFormat>(options);
}

}  // namespace sluice::deliver::parquet
