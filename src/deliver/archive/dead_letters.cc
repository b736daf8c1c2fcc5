#include "deliver/archive/dead_letters.h"

#include <array>
#include <map>
#include <vector>

#include "deliver/archive/rows/row_columns.h"
#include "deliver/archive/rows/value_walk.h"
#include "pipeline/dead_letters.h"

namespace sluice::deliver::archive {

namespace {

// The text or bytes of a field, of a type that is nullable or not.
std::optional<ByteView> text_of(ByteView field, bool nullable) {
  ByteReader in(field);
  if (nullable && in.zigzag() != 1) return std::nullopt;
  return in.view(static_cast<std::size_t>(in.zigzag()));
}

}  // namespace

Result<void> DeadLetters::append(const std::string& topic, ByteView row) {
  static const auto walk = *ValueWalk::compile(dead_schema().text);
  std::vector<ByteView> fields;
  SLUICE_CHECK(walk.split(row, fields));
  std::map<std::string_view, ByteView> columns;
  for (std::size_t i = 0; i < fields.size(); ++i) columns[walk.fields()[i].name] = fields[i];
  const auto partition = std::to_string(ByteReader(columns["_partition"]).zigzag());
  const auto offset = std::to_string(ByteReader(columns["_offset"]).zigzag());
  const std::array<pipeline::Header, 3> origin{
      {{"__sink", ByteView(sink_)}, {"__partition", ByteView(partition)}, {"__offset", ByteView(offset)}}};
  pipeline::NewRecord record;
  record.topic = topic;
  record.timestamp_ms = ByteReader(columns["_timestamp"]).zigzag();
  record.key = text_of(columns["_key"], true);
  record.value = text_of(columns["_value"], true);
  SLUICE_RETURN_IF_ERROR(
      pipeline::append_dead_letter(*producer_, record, text_of(columns["_reason"], false).value_or(""), origin));
  return {};
}

Result<void> DeadLetters::send(const std::string& topic, const std::function<Result<void>(const TakeRow&)>& rows) {
  const std::lock_guard lock(mutex_);
  if (!producer_) {
    SLUICE_RETURN_IF_ERROR(pipeline::ensure_dead_letters_topic(log_));
    SLUICE_TRY(producer_, log_.producer("sink-" + sink_));
  }
  SLUICE_RETURN_IF_ERROR(producer_->begin());
  auto sent = rows([&](ByteView row) { return append(topic, row); });
  if (sent.ok()) {
    auto committed = producer_->commit({});
    if (committed.ok()) return {};
    sent = std::move(committed).error();
  }
  producer_.reset();  // a new one settles what this one left open
  return sent;
}

}  // namespace sluice::deliver::archive
