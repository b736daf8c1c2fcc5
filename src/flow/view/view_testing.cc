#include "flow/view/view_testing.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/check.h"
#include "flow/relations.h"
#include "flow/value/function.h"
#include "sql/statement.h"

namespace sluice::flow {
namespace {

Bytes frame(std::int32_t id) {
  Bytes out(pipeline::kSchemaHeaderBytes, '\0');
  store_be<std::int32_t>(out.data() + 1, id);
  return out;
}

std::vector<Column> columns_of(const std::string& text) {
  std::vector<Column> columns;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    std::istringstream words(part);
    std::string name, type;
    words >> name >> type;
    const auto kind = type_named(type, {});
    SLUICE_CHECK(kind.ok());
    columns.push_back({name, *kind});
  }
  return columns;
}

Offset end_of(pipeline::Log& log, const std::string& topic, std::int32_t partition) {
  const auto range = log.range(topic, partition);
  SLUICE_CHECK(range.ok());
  return range->last_stable;
}

// All records below the end.
template <typename Visit>
void each(pipeline::Log& log, const std::string& topic, std::int32_t partition, const Visit& visit) {
  const auto end = end_of(log, topic, partition);
  auto reader = log.reader(topic, partition, log.range(topic, partition)->start);
  SLUICE_CHECK(reader.ok());
  while ((*reader)->next_offset() < end) {
    const auto records = (*reader)->poll(0, 1 << 20);
    SLUICE_CHECK(records.ok());
    if (records->empty()) break;
    for (const auto& record : *records) visit(record);
  }
}

}  // namespace

Folder::Folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "sluice-view-XXXXXX").string();
  SLUICE_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

void Folder::clear() const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) std::filesystem::remove_all(entry.path());
}

void Topics::make(const std::string& name, const std::string& columns, const std::string& key, bool captured, std::int32_t partitions) {
  auto& topic = topics_[name];
  topic.columns = columns_of(columns);
  topic.captured = captured;
  const auto value = RowWriter::schema_of(topic.columns, name, "Value", false);
  SLUICE_CHECK(value.ok());
  topic.value_writer = *RowWriter::open(*value, topic.columns);
  topic.value_id = catalog_.add(name + "-value", value->text())->value;
  pipeline::TopicConfig config;
  if (!key.empty()) {
    std::vector<Column> keys;
    std::istringstream in(key);
    for (std::string column; std::getline(in, column, ',');) {
      const auto at = std::ranges::find(topic.columns, column, &Column::name) - topic.columns.begin();
      topic.key.push_back(static_cast<std::size_t>(at));
      keys.push_back(topic.columns[static_cast<std::size_t>(at)]);
    }
    const auto schema = RowWriter::schema_of(keys, name, "Key", true);
    SLUICE_CHECK(schema.ok());
    topic.key_writer = *RowWriter::open(*schema, keys);
    topic.key_id = catalog_.add(name + "-key", schema->text())->value;
    config["cleanup.policy"] = "compact";
  }
  SLUICE_CHECK(log_.ensure_topic({name, partitions, config}).ok());
  if (!captured) return;
  SLUICE_CHECK(log_.ensure_topic({std::string(pipeline::kTablesTopic), 1, {{"cleanup.policy", "compact"}}}).ok());
  put_bytes(std::string(pipeline::kTablesTopic), name, R"({"state":"streaming"})");
}

void Topics::begin() {
  auto producer = log_.producer("topics");
  SLUICE_CHECK(producer.ok());
  producer_ = *std::move(producer);
  SLUICE_CHECK(producer_->begin().ok());
}

void Topics::commit() {
  SLUICE_CHECK(producer_->commit({}).ok());
  producer_.reset();
}

void Topics::append(const std::string& name, const Texts& row, bool deleted, std::uint64_t lsn, std::int32_t partition, std::int64_t timestamp_ms,
                    const std::string& unchanged) {
  const auto& topic = topics_.at(name);
  Arena arena;
  std::vector<Value> values, keys;
  for (std::size_t i = 0; i < row.size(); ++i) {
    values.push_back(row[i] == "null" ? Value::none() : *parse_value(topic.columns[i].type, row[i], arena));
  }
  for (const auto column : topic.key) keys.push_back(values[column]);
  auto key = frame(topic.key_id), value = frame(topic.value_id);
  if (topic.key_writer) SLUICE_CHECK(topic.key_writer->write(keys, key).ok());
  if (!deleted) SLUICE_CHECK(topic.value_writer->write(values, value).ok());
  const auto lsn_text = std::to_string(lsn);
  std::vector<pipeline::Header> headers;
  if (topic.captured) headers.push_back({"__op", ByteView(lsn == 0 ? "r" : deleted ? "d" : "u")});
  if (lsn != 0) headers.push_back({"__lsn", ByteView(lsn_text)});
  if (!unchanged.empty()) headers.push_back({"__unchanged", ByteView(unchanged)});
  pipeline::NewRecord record{.topic = name, .partition = partition, .timestamp_ms = timestamp_ms, .key = {}, .value = {}, .headers = headers};
  if (topic.key_writer) record.key = key;
  if (!deleted) record.value = value;
  SLUICE_CHECK(producer_->append(record).ok());
}

void Topics::put(const std::string& topic, const Texts& row, std::uint64_t lsn, std::int32_t partition, std::int64_t timestamp_ms) {
  append(topic, row, false, lsn, partition, timestamp_ms);
}

void Topics::put_unchanged(const std::string& topic, const Texts& row, std::uint64_t lsn, const std::string& names) {
  append(topic, row, false, lsn, 0, 1'700'000'000'000, names);
}

void Topics::remove(const std::string& topic, const Texts& row, std::uint64_t lsn, std::int32_t partition) {
  append(topic, row, true, lsn, partition, 1'700'000'000'000);
}

void Topics::put_bytes(const std::string& topic, std::optional<std::string> key, std::optional<std::string> value) {
  begin();
  pipeline::NewRecord record{.topic = topic, .partition = 0, .timestamp_ms = 1, .key = {}, .value = {}, .headers = {}};
  if (key) record.key = *key;
  if (value) record.value = *value;
  SLUICE_CHECK(producer_->append(record).ok());
  commit();
}

void Topics::put_alone(const std::string& topic, const Texts& row, std::int32_t partition, std::int64_t timestamp_ms) {
  begin();
  put(topic, row, 0, partition, timestamp_ms);
  commit();
}

std::string Topics::text_of(std::string_view framed) {
  const auto schema = avro::Schema::parse(*catalog_.schema(SchemaId{load_be<std::int32_t>(framed.data() + 1)}));
  SLUICE_CHECK(schema.ok());
  const auto columns = *columns_of_schema(*schema);
  std::vector<Value> row(columns.size());
  Arena arena;
  const auto read = (*RowReader::open(*schema, columns))->read(framed.substr(pipeline::kSchemaHeaderBytes), row, arena);
  SLUICE_CHECK(read.ok());
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) text += '|';
    text += row[i].null ? "null" : value_text(columns[i].type, row[i]);
  }
  return text;
}

std::vector<std::string> Topics::records(const std::string& topic, std::int32_t partition) {
  std::vector<std::string> all;
  each(log_, topic, partition, [&](const pipeline::ReadRecord& record) { all.push_back(record.value ? text_of(*record.value) : "-" + text_of(*record.key)); });
  return all;
}

std::size_t Topics::count(const std::string& topic) {
  std::size_t count = 0;
  if (log_.describe(topic).ok()) each(log_, topic, 0, [&](const pipeline::ReadRecord&) { ++count; });
  return count;
}

std::vector<std::string> Topics::image(const std::string& topic) {
  std::map<std::string, std::string> rows;
  std::vector<std::string> all;
  each(log_, topic, 0, [&](const pipeline::ReadRecord& record) {
    if (!record.key) return all.push_back(text_of(*record.value));
    if (record.value) {
      rows[std::string(*record.key)] = text_of(*record.value);
    } else {
      rows.erase(std::string(*record.key));
    }
  });
  for (const auto& [key, row] : rows) all.push_back(row);
  std::ranges::sort(all);
  return all;
}

Plan Topics::bind(const std::string& sql) {
  const auto statements = sql::parse_statements(sql);
  SLUICE_CHECK(statements.ok());
  std::map<std::string, std::string> tables;
  for (const auto& statement : *statements) {
    if (const auto* table = std::get_if<sql::CreateTable>(&statement.form)) tables[table->name] = statement.text;
  }
  Relations relations(tables, [&](const std::string& topic) { return shape_of_topic(log_, catalog_, topic); });
  const auto* view = std::get_if<sql::CreateView>(&statements->back().form);
  SLUICE_CHECK(view != nullptr);
  auto bound = bind_view(*view, sql, relations);
  if (!bound.ok()) ADD_FAILURE() << bound.error();
  SLUICE_CHECK(bound.ok());
  return std::move(bound->plan);
}

Result<void> run_until_done(View& view, bool take_over) {
  std::atomic<bool> ended = false;
  Result<void> outcome;
  std::jthread thread([&](const std::stop_token& stop) {
    outcome = view.run(stop);
    ended = true;
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!ended && !(view.caught_up() && (!take_over || view.taken_over()))) {
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
  thread.request_stop();
  thread.join();
  return outcome;
}

}  // namespace sluice::flow
