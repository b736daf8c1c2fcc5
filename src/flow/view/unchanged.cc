#include "flow/view/unchanged.h"

#include <algorithm>
#include <boost/json.hpp>

#include "flow/value/row_code.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kToastBytes = 1'900;      // PostgreSQL's threshold is 2,032, of a row as it lies on its pages
constexpr std::size_t kNumberBytes = 8;         // what a column may take there and not in Avro

std::optional<Bytes> unhex(ByteView text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = kHex.find(text[i]), low = kHex.find(text[i + 1]);
    if (high == ByteView::npos || low == ByteView::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

bool may_be_moved(TypeKind kind) {
  return kind == TypeKind::text || kind == TypeKind::json || kind == TypeKind::bytea || kind == TypeKind::numeric || kind == TypeKind::opaque;
}

}  // namespace

Result<UnchangedValues> UnchangedValues::open(const Relation& relation, std::size_t number, const std::vector<bool>& read, State& state) {
  UnchangedValues values(number, state);
  values.all_columns_ = relation.columns.size() - relation.hidden;
  for (std::size_t i = 0; i < values.all_columns_; ++i) {
    if (!read[i] || !may_be_moved(relation.columns[i].type.kind)) continue;
    values.columns_.push_back(i);
    values.names_.push_back(relation.columns[i].name);
    values.types_.push_back(relation.columns[i].type);
  }
  SLUICE_RETURN_IF_ERROR(state.scan(values.prefix_, {}, [&](ByteView, ByteView) {
    values.any_ = true;
    return false;
  }));
  return values;
}

Bytes UnchangedValues::state_key(ByteView key) const { return prefix_ + Bytes(key); }

Result<void> UnchangedValues::fill(ByteView names, ByteView key, std::span<Value> row, Arena& arena) {
  SLUICE_TRY(const auto kept, state_->find(key));
  boost::system::error_code error;
  const auto parsed = boost::json::parse({names.data(), names.size()}, error);
  if (!kept || error || !parsed.is_array()) return {};
  SLUICE_TRY(const auto before, decode_row(types_, arena.copy(*kept), arena));
  for (const auto& name : parsed.get_array()) {
    if (!name.is_string()) continue;
    const std::string_view wanted(name.get_string().data(), name.get_string().size());
    const auto at = static_cast<std::size_t>(std::ranges::find(names_, wanted) - names_.begin());
    if (at < names_.size()) row[columns_[at]] = before[at];
  }
  return {};
}

Result<void> UnchangedValues::complete(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena) {
  if (!record.key || columns_.empty()) return {};
  const auto unchanged = record.header("__unchanged");
  const bool large = unchanged || record.value->size() + kNumberBytes * all_columns_ > kToastBytes;
  if (!large && !any_) return {};
  const auto key = state_key(*record.key);
  if (unchanged) SLUICE_RETURN_IF_ERROR(fill(*unchanged, key, row, arena));
  if (large) {
    std::vector<Value> kept;
    for (const auto column : columns_) kept.push_back(row[column]);
    Bytes bytes;
    encode_row(types_, kept, bytes);
    state_->put(key, bytes);
    any_ = true;
    return {};
  }
  SLUICE_TRY(const auto kept, state_->find(key));
  if (kept) state_->erase(key);
  return {};
}

Result<void> UnchangedValues::removed(const pipeline::ReadRecord& record) {
  if (!any_ || !record.key) return {};
  const auto key = state_key(*record.key);
  SLUICE_TRY(const auto kept, state_->get(key));
  if (!kept) return {};
  state_->erase(key);
  const auto moved = record.header("__newkey");
  const auto to = moved ? unhex(*moved) : std::nullopt;
  if (to) state_->put(state_key(*to), *kept);
  return {};
}

}  // namespace sluice::flow
