#include "deliver/archive/latest/table.h"

#include <cstring>
#include <set>
#include <utility>

#include "base/uuid.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kPollWaitMs = 100;
constexpr std::size_t kMaxSchemas = 4096;  // of a topic; values of more are unreadable

Error stopped() { return {.code = ErrorCode::cancelled, .message = "stopped"}; }

// The id of a framed value, -1 of another. What only looks framed does no harm.
std::int32_t schema_of(ByteView value) {
  return value.size() < pipeline::kSchemaHeaderBytes || value[0] != '\0' ? -1 : load_be<std::int32_t>(value.data() + 1);
}

}  // namespace

Table::Partition::Partition(const Table& table, std::int32_t number)
    : unchanged(table.source_.local, table.options_.scratch_folder),
      encoder(table.options_.topic, number, table.source_.catalog, *table.schema_, table.columns_) {}

Table::Table(TableSource source, TableOptions options) : source_(source), options_(std::move(options)) {
  const auto id = Uuid::random();
  std::memcpy(&seed_, id.bytes.data(), sizeof seed_);
  hold_ = "table " + id.text();
  schema_ = TopicSchema::in_memory(options_.topic);
}

Table::~Table() {
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    static_cast<void>(source_.log.hold(hold_, options_.topic, static_cast<std::int32_t>(i), std::nullopt).ok());
  }
}

Result<std::unique_ptr<Table>> Table::read(TableSource source, TableOptions options, const std::stop_token& stop) {
  std::unique_ptr<Table> table(new Table(source, std::move(options)));
  SLUICE_RETURN_IF_ERROR(table->begin());
  SLUICE_RETURN_IF_ERROR(table->begin_schema());
  for (std::size_t i = 0; i < table->ends_.size(); ++i) {
    SLUICE_RETURN_IF_ERROR(table->index(static_cast<std::int32_t>(i), stop));
  }
  if (table->schema_->current() == nullptr) SLUICE_RETURN_IF_ERROR(table->schema_->grow(raw_columns()));
  return table;
}

// Holds first: what is there then stays there.
Result<void> Table::begin() {
  SLUICE_TRY(const auto topic, source_.log.describe(options_.topic));
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    SLUICE_TRY(const auto range, source_.log.range(options_.topic, i));
    starts_.push_back(range.start);
    SLUICE_RETURN_IF_ERROR(source_.log.hold(hold_, options_.topic, i, range.start));
  }
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    SLUICE_TRY(const auto range, source_.log.range(options_.topic, i));
    starts_[static_cast<std::size_t>(i)] = range.start;
    ends_.push_back(range.last_stable);
  }
  return {};
}

// Begins with the newest schema, for its order of columns, and leaves out what that has not.
Result<void> Table::begin_schema() {
  columns_ = options_.columns;
  const auto latest = source_.catalog.latest(options_.topic + "-value");
  if (!latest.ok() && latest.error().code == ErrorCode::not_found) return {};
  if (!latest.ok()) return latest.error();
  const auto whole = own_columns(*latest);
  if (!whole.ok()) return {};  // no Avro: the encoder says so of each row
  std::set<std::string, std::less<>> names;
  for (const auto& field : whole->root().fields) names.insert(field.name);
  columns_ = [names = std::move(names), chosen = options_.columns](std::string_view name) {
    const bool there = names.contains(name) || (is_archive_column(name) && names.contains("_x5f" + std::string(name.substr(1))));
    return there && (!chosen || chosen(name));
  };
  SLUICE_TRY(const auto own, own_columns(*latest, columns_));
  return schema_->grow(own);
}

Result<void> Table::each_record(std::int32_t partition, const TakeRecord& take, const std::stop_token& stop) const {
  const auto end = ends_[static_cast<std::size_t>(partition)];
  SLUICE_TRY(const auto reader, source_.log.reader(options_.topic, partition, starts_[static_cast<std::size_t>(partition)]));
  while (reader->next_offset() < end) {
    if (stop.stop_requested()) return stopped();
    auto records = reader->poll(kPollWaitMs, options_.poll_bytes);
    if (!records.ok() && records.error().code == ErrorCode::rejected) {
      return Error{.code = ErrorCode::back_off, .message = "the log lost records while the table was read: " + records.error().message};
    }
    if (!records.ok()) return std::move(records).error();
    for (const auto& record : *records) {
      if (record.offset >= end) return {};
      SLUICE_RETURN_IF_ERROR(take(record));
    }
  }
  return {};
}

std::optional<Hash128> Table::hash_before(const pipeline::ReadRecord& record) const {
  const auto key = old_key(record);
  return key ? std::optional(hash(*key)) : std::nullopt;
}

Result<void> Table::index(std::int32_t partition, const std::stop_token& stop) {
  auto& into = *partitions_.emplace_back(std::make_unique<Partition>(*this, partition));
  SLUICE_RETURN_IF_ERROR(each_record(partition, [&](const pipeline::ReadRecord& record) -> Result<void> {
    if (record.key) {
      const auto key = hash(*record.key);
      into.newest.note(key, record.offset, !record.value);
      into.unchanged.note(key, record, hash_before(record));
    } else if (record.value) {
      ++into.keyless;
    }
    return record.value ? learn_schema(into, record) : Result<void>{};
  }, stop));
  into.unchanged.finish(into.newest);
  return {};
}

// The schema must be whole before the first row is written: the first value of each schema makes it grow.
Result<void> Table::learn_schema(Partition& into, const pipeline::ReadRecord& record) {
  if (schemas_met_.size() > kMaxSchemas || !schemas_met_.insert(schema_of(*record.value)).second) return {};
  row_.clear();
  SLUICE_RETURN_IF_ERROR(into.encoder.encode(record, row_));
  return {};
}

// Makes row_ of the record; false when it cannot be one, which counts when it is `wanted`.
Result<bool> Table::encode(Partition& from, const pipeline::ReadRecord& record, bool wanted) {
  row_.clear();
  SLUICE_TRY(const auto encoded, from.encoder.encode(record, row_));
  if (encoded.schema == schema_->current()) return true;
  if (!encoded.reason.empty() && wanted) count_unreadable(record.offset, encoded.reason);
  return false;
}

void Table::count_unreadable(Offset offset, const std::string& why) {
  if (unreadable_++ == 0) why_unreadable_ = "offset " + to_string(offset) + ": " + why;
}

Result<void> Table::give(Partition& from, const RowParts& fields, const pipeline::ReadRecord& record, const TakeRow& take) {
  const auto key = record.key ? std::optional(hash(*record.key)) : std::nullopt;
  const bool needed = key && from.unchanged.needs(*key);
  if (!record.value) {
    // A tombstone that a change of the key leaves is not the end of the row.
    if (needed && !record.header("__newkey")) from.unchanged.forget(*key);
    return {};
  }
  const bool newest = !key || from.newest.newest(*key) == record.offset;
  if (!newest && !needed) return {};
  SLUICE_TRY(const bool readable, encode(from, record, newest));
  if (newest) ++rows_;
  if (!readable) {
    if (needed) from.unchanged.forget(*key);
    return {};
  }
  if (needed) {
    const auto before = hash_before(record);
    if (const auto unchanged = record.header("__unchanged")) {
      SLUICE_RETURN_IF_ERROR(from.unchanged.fill(*key, before, *unchanged, fields, row_));
    }
    if (before) from.unchanged.forget(*before);
    if (newest) from.unchanged.forget(*key);
    else SLUICE_RETURN_IF_ERROR(from.unchanged.keep(*key, row_));
  }
  return newest ? give_row(record.offset, take) : Result<void>{};
}

// A table has no deletes: its filter decides on every row.
Result<void> Table::give_row(Offset offset, const TakeRow& take) {
  if (options_.filter != nullptr && !filter_) {
    SLUICE_TRY(const auto row, avro::Schema::parse(schema().text, {.validate_defaults = false}));
    SLUICE_TRY(filter_, RowFilter::compile(*options_.filter, row));
  }
  const auto passes = filter_ ? filter_->passes(row_) : Result<bool>(true);
  if (!passes.ok()) return count_unreadable(offset, "where: " + passes.error().message), Result<void>{};
  if (!*passes) return ++filtered_, Result<void>{};
  return take(row_);
}

Result<void> Table::write(const std::function<Result<void>(ByteView row)>& take, const std::stop_token& stop) {
  SLUICE_TRY(const auto fields, RowParts::of(schema()));
  const auto* before = schema_->current();
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    auto& from = *partitions_[i];
    expected += from.keyless + from.newest.alive();
    SLUICE_RETURN_IF_ERROR(each_record(static_cast<std::int32_t>(i), [&](const pipeline::ReadRecord& record) {
      return give(from, fields, record, take);
    }, stop));
  }
  if (rows_ == expected && schema_->current() == before) return {};
  return Error{.code = ErrorCode::back_off,
               .message = options_.topic + " changed while its table was read: " + std::to_string(rows_) + " rows of " +
                          std::to_string(expected) + " were there the second time"};
}

}  // namespace sluice::deliver::archive
