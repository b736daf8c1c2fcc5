#pragma once
// A topic's rows as a capture would write them, a sink that runs on a thread, and what its archive holds.

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "deliver/archive/sink.h"
#include "deliver/archive/verify/verify.h"
#include "pipeline/memory_catalog_testing.h"
#include "pipeline/memory_log_testing.h"
#include "pipeline/memory_store_testing.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

inline constexpr const char* kKeySchema =
    R"({"type":"record","name":"Key","namespace":"shop.orders","fields":[{"name":"id","type":"long"}]})";
inline constexpr const char* kValueSchema =
    R"({"type":"record","name":"Value","namespace":"shop.orders","fields":[)"
    R"({"name":"id","type":["null","long"],"default":null,"sql":"bigint"},)"
    R"({"name":"note","type":["null","string"],"default":null}]})";
inline constexpr const char* kWiderSchema =
    R"({"type":"record","name":"Value","namespace":"shop.orders","fields":[)"
    R"({"name":"id","type":["null","long"],"default":null,"sql":"bigint"},)"
    R"({"name":"note","type":["null","string"],"default":null},)"
    R"({"name":"_op","type":["null","int"],"default":null}]})";

// Avro bytes.
[[nodiscard]] std::string avro_long(std::int64_t value);
[[nodiscard]] std::string avro_text(const std::string& text);
// Framed as Confluent does.
[[nodiscard]] std::string framed(SchemaId id, const std::string& body);

// The topic "shop.orders", with its subjects.
class Orders {
 public:
  Orders(pipeline::MemoryLog& log, pipeline::MemoryCatalog& catalog);

  // One change each, in a transaction of its own. Returns its offset.
  Offset put(std::int64_t id, const std::string& note, std::int64_t timestamp_ms = kHour13);
  Offset put_wider(std::int64_t id, const std::string& note, std::int64_t extra);
  Offset remove(std::int64_t id);

  static constexpr std::int64_t kHour13 = 1'795'526'400'000;  // 2026-11-24 13:20 UTC
  static constexpr const char* kTopic = "shop.orders";

 private:
  [[nodiscard]] pipeline::OwnedHeaders headers(const std::string& op);
  pipeline::MemoryLog& log_;
  SchemaId key_, value_, wider_;
  std::int64_t changes_ = 0;
};

// Log, catalog and place in memory, and a topic.
struct ArchiveInMemory {
  pipeline::MemoryLog log;
  pipeline::MemoryCatalog catalog;
  pipeline::MemoryStore store;
  Orders orders{log, catalog};
};

// A sink "lake", in Avro of small blocks, that looks for topics all the time.
[[nodiscard]] SinkOptions lake(std::vector<TopicRule> topics = {{.glob = "*"}});
// Runs such a sink until everything is archived. Gives its status at the end.
pipeline::StageStatus archive_all(const SinkOptions& options, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
                                  pipeline::Store& store);

// For archives of Avro files.
[[nodiscard]] VerifyOptions avro_files();

// Runs a sink until destruction or stop().
class RunningSink {
 public:
  explicit RunningSink(Sink& sink);
  ~RunningSink();
  // Asks it to stop, and gives what run() gave.
  [[nodiscard]] Result<void> stop();
  // Waits for it to end by itself.
  [[nodiscard]] Result<void> join();

 private:
  Result<void> result_;  // the thread's, until it has ended
  std::jthread thread_;
};

// Fields of a row, by column, as Avro bytes.
using RowFields = std::map<std::string, std::string>;

// All rows of the published files of a topic, by partition and offset; an offset that is there twice fails the test.
[[nodiscard]] std::map<std::pair<std::int32_t, std::int64_t>, RowFields> archived_rows(pipeline::Store& store,
                                                                                      const std::string& topic);
// The published files of a topic.
[[nodiscard]] std::vector<std::string> archived_files(pipeline::Store& store, const std::string& topic);
// That each committed record of the topic is archived, once, with its key, and nothing else; and that the archive
// verifies.
void expect_archive_equals_topic(pipeline::Store& store, const pipeline::MemoryLog& log, const std::string& topic,
                                 std::int32_t partitions = 1);

}  // namespace sluice::deliver::archive
