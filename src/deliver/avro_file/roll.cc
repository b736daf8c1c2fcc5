#include "deliver/avro_file/roll.h"

#include <algorithm>

#include "base/crc32c.h"
#include "deliver/avro_file/container_writer.h"
#include "deliver/avro_file/layout.h"

namespace sluice::deliver::avro_file {

namespace {

constexpr std::int64_t kHourMs = 3'600'000;

std::int64_t hour_of(std::int64_t timestamp_ms) {
  return timestamp_ms / kHourMs - (timestamp_ms % kHourMs < 0 ? 1 : 0);
}

}  // namespace

class Roll::OpenFile {
 public:
  OpenFile(ArchivedFile file, std::unique_ptr<pipeline::StoreWriter> out, const RollOptions& options)
      : file_(std::move(file)), writer_(std::move(out), *options.compressor, options.block_bytes) {}

  Result<void> begin(const RowFormat& format) { return writer_.begin(format.schema); }
  Result<void> append(Offset offset, ByteView row) {
    if (file_.rows == 0) file_.first_offset = offset;
    file_.last_offset = offset;
    ++file_.rows;
    char bytes[sizeof offset.value];
    store_be<std::int64_t>(bytes, offset.value);
    file_.offsets_crc32c = crc32c({bytes, sizeof bytes}, file_.offsets_crc32c);
    return writer_.append(row);
  }
  Result<ArchivedFile> finish() {
    SLUICE_RETURN_IF_ERROR(writer_.finish());
    file_.bytes = writer_.bytes();
    file_.crc32c = writer_.crc();
    return file_;
  }
  [[nodiscard]] std::uint64_t bytes() const { return writer_.bytes(); }

 private:
  ArchivedFile file_;
  ContainerWriter writer_;
};

Roll::Roll(pipeline::Store& store, RollOptions options, std::string topic, std::int32_t partition, Offset first,
           Chain& chain)
    : store_(store),
      options_(options),
      topic_(std::move(topic)),
      partition_(partition),
      first_(first),
      chain_(chain) {}
Roll::~Roll() = default;

Result<Roll::OpenFile*> Roll::file_for(const FileKey& key, std::int64_t timestamp_ms) {
  if (last_file_ != nullptr && key == last_key_) return last_file_;
  auto& file = files_[key];
  if (!file) {
    ArchivedFile described;
    described.temporary = chain_.new_temporary(first_, ".avro");
    described.name = file_name(topic_, hour_folder(timestamp_ms), partition_, first_, files_.size() - 1);
    SLUICE_TRY(auto out, store_.create(described.temporary));
    file = std::make_unique<OpenFile>(std::move(described), std::move(out), options_);
    SLUICE_RETURN_IF_ERROR(file->begin(*key.second));
  }
  last_key_ = key;
  last_file_ = file.get();
  return last_file_;
}

Result<void> Roll::add(const RowFormat& format, std::int64_t timestamp_ms, Offset offset, ByteView row) {
  SLUICE_TRY(auto* file, file_for({hour_of(timestamp_ms), &format}, timestamp_ms));
  SLUICE_RETURN_IF_ERROR(file->append(offset, row));
  row_bytes_ += row.size();
  largest_file_bytes_ = std::max(largest_file_bytes_, file->bytes());
  return {};
}

Result<std::vector<ArchivedFile>> Roll::finish() {
  std::vector<ArchivedFile> out;
  for (auto& [key, file] : files_) {
    SLUICE_TRY(auto finished, file->finish());
    out.push_back(std::move(finished));
  }
  return out;
}

}  // namespace sluice::deliver::avro_file
