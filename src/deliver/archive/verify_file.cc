#include "deliver/archive/verify_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "deliver/archive/value_walk.h"

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

}  // namespace

Result<void> scan_file(pipeline::Store& store, const VerifyOptions& options, std::string_view topic,
                       const std::string& final_name, const std::string& name, FileScan& scan,
                       const std::function<void(const ArchivedRow&)>& visit) {
  const auto suffix = final_name.substr(final_name.rfind('.') + 1);
  const auto format = std::ranges::find_if(options.formats, [&](const auto& f) { return f->suffix() == suffix; });
  if (format == options.formats.end()) {
    return Error{.code = ErrorCode::unsupported, .message = final_name + ": there is no reader for ." + suffix + " files here"};
  }
  SLUICE_TRY(auto reader, (*format)->open(store, name, {"_partition", "_offset", "_key", "_op", "_lsn", "_txid"}));
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
  SLUICE_TRY(scan.crc, object_crc32c(store, name));
  return {};
}

Result<std::uint32_t> object_crc32c(pipeline::Store& store, const std::string& name) {
  constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0;;) {
    SLUICE_TRY(const auto piece, store.read(name, at, kPieceBytes));
    crc = crc32c(piece, crc);
    at += piece.size();
    if (piece.size() < kPieceBytes) return crc;
  }
}

}  // namespace sluice::deliver::archive
