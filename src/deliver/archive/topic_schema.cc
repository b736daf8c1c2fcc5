#include "deliver/archive/topic_schema.h"

#include <algorithm>

#include "avro/growth.h"
#include "deliver/archive/chain/layout.h"

namespace sluice::deliver::archive {

using pipeline::Published;

namespace {

constexpr std::size_t kLargestSchemaBytes = std::size_t{16} << 20;
// 1 to 11 are the archive's own columns.
constexpr int kFirstFieldId = 12;

}  // namespace

Result<std::unique_ptr<TopicSchema>> TopicSchema::open(pipeline::Store& store, std::string topic, std::string writer) {
  std::unique_ptr<TopicSchema> schema(new TopicSchema(&store, std::move(topic), std::move(writer)));
  SLUICE_RETURN_IF_ERROR(schema->read_newest());
  return schema;
}

std::unique_ptr<TopicSchema> TopicSchema::in_memory(std::string topic) {
  return std::unique_ptr<TopicSchema>(new TopicSchema(nullptr, std::move(topic), ""));
}

Result<void> TopicSchema::read_newest() {
  SLUICE_TRY(const auto entries, store_->list(schema_folder(topic_)));
  int newest = 0;
  for (const auto& entry : entries) newest = std::max(newest, schema_version(entry.name).value_or(0));
  if (newest == 0 || versions_.contains(newest)) return {};
  SLUICE_TRY(const auto text, store_->read(schema_name(topic_, newest), 0, kLargestSchemaBytes));
  return take(newest, text);
}

Result<void> TopicSchema::take(int version, const std::string& text) {
  auto own = own_columns_of_row(text);
  if (!own.ok()) {
    return Error{.code = ErrorCode::corrupt,
                 .message = schema_name(topic_, version) + " is no schema of an archive: " + own.error().message};
  }
  auto& schema = versions_[version];
  schema = std::make_unique<RowSchema>(RowSchema{version, text, *std::move(own)});
  current_ = schema.get();
  return {};
}

Result<void> TopicSchema::grow(const avro::Schema& added) {
  while (true) {
    std::optional<avro::Schema> earlier;
    if (current_ != nullptr) earlier = current_->own;
    SLUICE_TRY(const auto grown, avro::grow(earlier, added, {.first_field_id = kFirstFieldId}));
    // Two producers with docs of their own would else make a version each time they are met.
    if (current_ != nullptr && same_columns(grown, current_->own)) return {};
    const int version = current_ == nullptr ? 1 : current_->version + 1;
    const auto text = row_text(grown);
    if (store_ == nullptr) return take(version, text);
    const auto temporary = chain_root(topic_) + "/schemas/tmp-" + std::to_string(version) + "-" + writer_;
    SLUICE_TRY(const auto put, store_->put(temporary, schema_name(topic_, version), text));
    if (put == Published::now) return take(version, text);
    SLUICE_RETURN_IF_ERROR(read_newest());  // another writer of this archive was first: merge into its
    if (current_ == nullptr || current_->version < version) {
      return Error{.code = ErrorCode::back_off, .message = store_->where() + " does not list what it has put"};
    }
  }
}

Result<const avro::Resolution*> TopicSchema::to_current(const RowSchema& earlier) {
  const std::lock_guard lock(rewrites_mutex_);
  const auto at = std::pair(earlier.version, current_->version);
  if (const auto found = rewrites_.find(at); found != rewrites_.end()) return &found->second;
  SLUICE_TRY(const auto from, avro::Schema::parse(earlier.text, {.validate_defaults = false}));
  SLUICE_TRY(const auto to, avro::Schema::parse(current_->text, {.validate_defaults = false}));
  SLUICE_TRY(auto rewrite, avro::Resolution::compile(from, to));
  return &rewrites_.emplace(at, std::move(rewrite)).first->second;
}

}  // namespace sluice::deliver::archive
