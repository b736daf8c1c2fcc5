#include "deliver/archive/sink_testing.h"

#include <gtest/gtest.h>

#include "deliver/avro_file/avro_format.h"
#include "deliver/archive/chain/layout.h"
#include "deliver/archive/rows/value_walk.h"

namespace sluice::deliver::archive {

std::string avro_long(std::int64_t value) {
  Bytes out;
  ByteWriter(out).zigzag(value);
  return out;
}

std::string avro_text(const std::string& text) { return avro_long(static_cast<std::int64_t>(text.size())) + text; }

std::string framed(SchemaId id, const std::string& body) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(0);
  writer.i32(id.value);
  writer.raw(body);
  return out;
}

Orders::Orders(pipeline::MemoryLog& log, pipeline::MemoryCatalog& catalog) : log_(log) {
  key_ = *catalog.add("shop.orders-key", kKeySchema);
  wider_ = *catalog.add("shop.orders-value", kWiderSchema);
  value_ = *catalog.add("shop.orders-value", kValueSchema);
  static_cast<void>(log.ensure_topic({.name = kTopic}).ok());
}

pipeline::OwnedHeaders Orders::headers(const std::string& op) {
  ++changes_;
  return {{"__op", op},
          {"__lsn", std::to_string(1000 + changes_)},
          {"__seq", "0"},
          {"__txid", std::to_string(700 + changes_)}};
}

Offset Orders::put(std::int64_t id, const std::string& note, std::int64_t timestamp_ms) {
  const auto body = "\x02" + avro_long(id) + "\x02" + avro_text(note);
  return log_.put(kTopic, framed(key_, avro_long(id)), framed(value_, body), headers("c"), timestamp_ms);
}

Offset Orders::put_wider(std::int64_t id, const std::string& note, std::int64_t extra) {
  const auto body = "\x02" + avro_long(id) + "\x02" + avro_text(note) + "\x02" + avro_long(extra);
  return log_.put(kTopic, framed(key_, avro_long(id)), framed(wider_, body), headers("u"), kHour13);
}

Offset Orders::remove(std::int64_t id) {
  return log_.put(kTopic, framed(key_, avro_long(id)), std::nullopt, headers("d"), kHour13);
}

SinkOptions lake(std::vector<TopicRule> topics) {
  SinkOptions options;
  options.name = "lake";
  options.topics = std::move(topics);
  options.format = *avro_file::avro_format({.block_bytes = 256});
  options.discover_every = std::chrono::milliseconds(0);
  return options;
}

pipeline::StageStatus archive_all(const SinkOptions& options, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
                                  pipeline::Store& store) {
  Sink sink(options, log, catalog, store, io::real_file_system(), io::system_clock());
  RunningSink running(sink);
  const auto rolled = sink.roll_now(std::chrono::seconds(10));
  EXPECT_TRUE(rolled.ok()) << rolled.error();
  const auto stopped = running.stop();
  EXPECT_TRUE(stopped.ok()) << stopped.error();
  return sink.status();
}

VerifyOptions avro_files() { return {.formats = {*avro_file::avro_format()}}; }

RunningSink::RunningSink(Sink& sink)
    : thread_([this, &sink](const std::stop_token& stop) { result_ = sink.run(stop); }) {}

RunningSink::~RunningSink() { static_cast<void>(stop().ok()); }

Result<void> RunningSink::stop() {
  thread_.request_stop();
  return join();
}

Result<void> RunningSink::join() {
  if (thread_.joinable()) thread_.join();
  return result_;
}

namespace {

void collect_files(pipeline::Store& store, const std::string& folder, std::vector<std::string>& out) {
  const auto entries = store.list(folder);
  ASSERT_TRUE(entries.ok()) << entries.error();
  for (const auto& entry : *entries) {
    const auto name = folder + "/" + entry.name;
    if (entry.is_folder) {
      collect_files(store, name, out);
    } else if (parse_file_name(entry.name)) {  // no _SUCCESS
      out.push_back(name);
    }
  }
}

std::vector<RowFields> rows_of(pipeline::Store& store, const std::string& file) {
  std::vector<RowFields> out;
  auto reader = (*avro_file::avro_format())->open(store, file, {});
  if (!reader.ok()) return ADD_FAILURE() << reader.error(), out;
  const auto walk = ValueWalk::compile((*reader)->schema());
  std::vector<ByteView> fields;
  while (true) {
    const auto block = (*reader)->next();
    if (!block.ok()) return ADD_FAILURE() << block.error(), out;
    if (block->count == 0) return out;
    auto bytes = block->bytes;
    for (std::int64_t i = 0; i < block->count; ++i) {
      if (!walk->take(bytes, fields)) return ADD_FAILURE() << file << ": not a row", out;
      auto& row = out.emplace_back();
      for (std::size_t f = 0; f < fields.size(); ++f) row[walk->fields()[f].name] = std::string(fields[f]);
    }
  }
}

}  // namespace

std::vector<std::string> archived_files(pipeline::Store& store, const std::string& topic) {
  std::vector<std::string> out;
  collect_files(store, topic_folder(topic), out);
  return out;
}

std::map<std::pair<std::int32_t, std::int64_t>, RowFields> archived_rows(pipeline::Store& store,
                                                                        const std::string& topic) {
  std::map<std::pair<std::int32_t, std::int64_t>, RowFields> out;
  for (const auto& file : archived_files(store, topic)) {
    for (auto& row : rows_of(store, file)) {
      const auto partition = static_cast<std::int32_t>(ByteReader(row["_partition"]).zigzag());
      const auto offset = ByteReader(row["_offset"]).zigzag();
      EXPECT_TRUE(out.emplace(std::pair(partition, offset), std::move(row)).second) << "offset " << offset << " twice";
    }
  }
  return out;
}

void expect_archive_equals_topic(pipeline::Store& store, const pipeline::MemoryLog& log, const std::string& topic,
                                 std::int32_t partitions) {
  const auto rows = archived_rows(store, topic);
  std::size_t records = 0;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    for (const auto& record : log.records(topic, partition)) {
      ++records;
      const auto row = rows.find({partition, record.offset.value});
      if (row == rows.end()) {
        ADD_FAILURE() << "offset " << record.offset.value << " is not archived";
        continue;
      }
      EXPECT_EQ(row->second.at("_key"), record.key ? "\x02" + avro_text(*record.key) : std::string(1, '\0'));
    }
  }
  EXPECT_EQ(rows.size(), records);
  const auto report = verify_archive(store, avro_files());
  ASSERT_TRUE(report.ok()) << report.error();
  for (const auto& problem : report->problems) ADD_FAILURE() << problem.file << ": " << problem.what;
}

}  // namespace sluice::deliver::archive
