#include "deliver/archive/verify/verify_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "deliver/archive/rows/value_walk.h"
#include "pipeline/read_only_store.h"

namespace sluice::deliver::archive {

namespace {

std::optional<ByteView> nullable_text(ByteView field) {
  ByteReader in(field);
  if (in.zigzag() != 1) return std::nullopt;
  return in.view(static_cast<std::size_t>(in.zigzag()));
}

std::optional<std::int64_t> nullable_number(ByteView field) {
  ByteReader in(field);
  if (in.zigzag() != 1) return std::nullopt;
  return in.zigzag();
}

std::int64_t number(ByteView field) { return ByteReader(field).zigzag(); }

// Where our columns are among the fields of a file's schema.
struct Columns {
  std::size_t partition = 0, offset = 0, key = 0, op = 0, lsn = 0, txid = 0;

  static std::optional<Columns> of(const ValueWalk& walk) {
    Columns out;
    const std::pair<std::string_view, std::size_t*> wanted[] = {{"_partition", &out.partition}, {"_offset", &out.offset},
                                                                {"_key", &out.key},             {"_op", &out.op},
                                                                {"_lsn", &out.lsn},             {"_txid", &out.txid}};
    for (const auto& [name, at] : wanted) {
      const auto& fields = walk.fields();
      const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == name; });
      if (found == fields.end()) return std::nullopt;
      *at = static_cast<std::size_t>(found - fields.begin());
    }
    return out;
  }
};

ArchivedRow row_of(const Columns& columns, const std::vector<ByteView>& fields, std::string_view topic) {
  ArchivedRow row;
  row.topic = topic;
  row.partition = static_cast<std::int32_t>(number(fields[columns.partition]));
  row.offset = Offset{number(fields[columns.offset])};
  row.key = nullable_text(fields[columns.key]);
  row.op = nullable_text(fields[columns.op]);
  row.txid = nullable_number(fields[columns.txid]);
  row.lsn = nullable_number(fields[columns.lsn]);
  row.tombstone = row.op == "d";
  return row;
}

// The file, whose bytes are summed up as they are read. What a format reads in order is read once; a part that it reads
// ahead of others, as Parquet's footer and the columns that are asked for, is read once more in its turn.
class SummedFile final : public pipeline::ReadOnlyStore {
 public:
  explicit SummedFile(pipeline::Store& store) : store_(store) {}

  Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override {
    SLUICE_TRY(auto bytes, store_.read(name, offset, size));
    if (offset <= summed_ && offset + bytes.size() > summed_) {
      crc_ = crc32c(ByteView(bytes).substr(static_cast<std::size_t>(summed_ - offset)), crc_);
      summed_ = offset + bytes.size();
    }
    return bytes;
  }
  Result<std::uint64_t> size(const std::string& name) override { return store_.size(name); }
  std::string where() const override { return store_.where(); }

  // Of the whole file, after what is left of it is read.
  Result<std::uint32_t> crc(const std::string& name) {
    while (true) {
      SLUICE_TRY(const auto piece, read(name, summed_, kPieceBytes));
      if (piece.size() < kPieceBytes) return crc_;
    }
  }

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
  pipeline::Store& store_;
  std::uint64_t summed_ = 0;  // from the file's beginning
  std::uint32_t crc_ = 0;
};

}  // namespace

Result<void> scan_file(pipeline::Store& store, const VerifyOptions& options, std::string_view topic,
                       const std::string& final_name, const std::string& name, FileScan& scan,
                       const std::function<void(const ArchivedRow&)>& visit) {
  const auto suffix = final_name.substr(final_name.rfind('.') + 1);
  const auto format = std::ranges::find_if(options.formats, [&](const auto& f) { return f->suffix() == suffix; });
  if (format == options.formats.end()) {
    return Error{.code = ErrorCode::unsupported, .message = final_name + ": there is no reader for ." + suffix + " files here"};
  }
  SummedFile file(store);
  SLUICE_TRY(auto reader, (*format)->open(file, name, {"_partition", "_offset", "_key", "_op", "_lsn", "_txid"}));
  const auto walk = ValueWalk::compile(reader->schema());
  const auto columns = walk.ok() ? Columns::of(*walk) : std::nullopt;
  if (!columns) return Error{.code = ErrorCode::corrupt, .message = name + ": its schema is not one of an archive"};
  std::vector<ByteView> fields;
  while (true) {
    SLUICE_TRY(const auto block, reader->next());
    if (block.count == 0) break;
    auto bytes = block.bytes;
    for (std::int64_t i = 0; i < block.count; ++i) {
      if (!walk->take(bytes, fields)) {
        return Error{.code = ErrorCode::corrupt, .message = name + ": a row is not of the file's schema"};
      }
      const auto row = row_of(*columns, fields, topic);
      ++scan.rows;
      char offset[sizeof row.offset.value];
      store_be<std::int64_t>(offset, row.offset.value);
      scan.offsets_crc = crc32c({offset, sizeof offset}, scan.offsets_crc);
      visit(row);
    }
    if (!bytes.empty()) return Error{.code = ErrorCode::corrupt, .message = name + ": a block has more than its rows"};
  }
  SLUICE_TRY(scan.crc, file.crc(name));
  return {};
}

}  // namespace sluice::deliver::archive
