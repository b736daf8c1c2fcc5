#include "deliver/archive/roll.h"

#include <algorithm>

#include "base/crc32c.h"
#include "deliver/archive/counted_writer.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

Result<void> Roll::add(const EncodedRow& encoded, const std::string& folder, std::int64_t period_end_ms, Offset offset,
                       ByteView row) {
  const bool dead = encoded.schema == &dead_schema();
  if (last_ == files_.end() || last_->first.second != dead || last_->first.first != folder) {
    wanted_.first = folder;
    wanted_.second = dead;
    const auto [at, is_new] = files_.try_emplace(wanted_, tools_.space);
    last_ = at;
    if (is_new && period_end_ms > 0 && !dead) periods_.emplace(folder, period_end_ms);
  }
  dead_letters_ = dead_letters_ || dead;
  auto& open = last_->second;
  SLUICE_RETURN_IF_ERROR(open.rows.append(*encoded.schema, row));
  auto& file = open.file;
  if (file.rows == 0) file.first_offset = offset;
  file.last_offset = offset;
  ++file.rows;
  char bytes[sizeof offset.value];
  store_be<std::int64_t>(bytes, offset.value);
  file.offsets_crc32c = crc32c({bytes, sizeof bytes}, file.offsets_crc32c);
  if (encoded.id && (file.registry_ids.empty() || file.registry_ids.back() != encoded.id->value)) {
    const auto at = std::lower_bound(file.registry_ids.begin(), file.registry_ids.end(), encoded.id->value);
    if (at == file.registry_ids.end() || *at != encoded.id->value) file.registry_ids.insert(at, encoded.id->value);
  }
  ++rows_;
  row_bytes_ += row.size();
  largest_file_bytes_ = std::max(largest_file_bytes_, open.rows.bytes());
  return {};
}

Result<ArchivedFile> Roll::write(const FileKey& key, const OpenFile& open, std::size_t n, const std::string& temporary,
                                 TopicSchema& schema) const {
  auto file = open.file;
  const auto suffix = "." + std::string(tools_.format.suffix());
  file.name = file_name(topic_, key.second ? dead_folder(key.first) : key.first, partition_, first_, n, suffix);
  const auto& to = key.second ? dead_schema() : *schema.current();
  file.schema_version = to.version;
  SLUICE_TRY(auto out, tools_.store.create(temporary, file.name));
  CountedWriter::Count count;
  SLUICE_TRY(const auto writer, tools_.format.create(std::make_unique<CountedWriter>(std::move(out), count), to.text));
  Bytes rewritten;
  SLUICE_RETURN_IF_ERROR(open.rows.read([&](const RowSchema& from, ByteView row) -> Result<void> {
    if (&from == &to) return writer->append(row);
    SLUICE_TRY(const auto* rewrite, schema.to_current(from));
    rewritten.clear();
    SLUICE_RETURN_IF_ERROR(rewrite->resolve(row, rewritten));
    return writer->append(rewritten);
  }));
  SLUICE_TRY(file.temporary, writer->finish());
  file.bytes = count.bytes;
  file.crc32c = count.crc32c;
  return file;
}

Result<void> Roll::read_dead_letters(const std::function<Result<void>(ByteView)>& take) const {
  for (const auto& [key, open] : files_) {
    if (!key.second) continue;
    SLUICE_RETURN_IF_ERROR(open.rows.read([&](const RowSchema&, ByteView row) { return take(row); }));
  }
  return {};
}

Result<std::vector<ArchivedFile>> Roll::finish(TopicSchema& schema, Chain& chain) const {
  std::vector<std::pair<const std::pair<const FileKey, OpenFile>*, std::string>> wanted;  // with a temporary's name
  for (const auto& file : files_) {
    wanted.emplace_back(&file, chain.new_temporary(first_, "." + std::string(tools_.format.suffix())));
  }
  std::vector<ArchivedFile> out(wanted.size());
  SLUICE_RETURN_IF_ERROR(tools_.workers.each(wanted.size(), [&](std::size_t i) -> Result<void> {
    const auto& [file, temporary] = wanted[i];
    SLUICE_TRY(out[i], write(file->first, file->second, i, temporary, schema));
    return {};
  }));
  return out;
}

}  // namespace sluice::deliver::archive
