// JSON lines in: plain, or as Avro by a schema.
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "avro/schema.h"
#include "cli/avro_text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/schemas.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "pipeline/log.h"
#include "record/batch.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kBatchBytes = std::size_t{512} << 10;

struct Options {
  std::string topic;
  std::string file = "-";
  std::string schema;
  std::string key;
};

class Producer {
 public:
  Producer(const Globals& globals, const Options& options) : globals_(globals), options_(options), schemas_(globals.registry) {}

  Result<std::uint64_t> run() {
    SLUICE_TRY(client_, connect_broker(globals_));
    SLUICE_TRY(const auto topic, client_->topic(options_.topic));
    for (std::size_t i = 0; i < std::max<std::size_t>(1, topic.leaders.size()); ++i) batches_.emplace_back(record::BatchOptions{});
    SLUICE_RETURN_IF_ERROR(open_schema());
    std::ifstream file;
    if (options_.file != "-") {
      file.open(options_.file);
      if (!file) return Error{ErrorCode::not_found, options_.file + ": cannot be opened"};
    }
    auto& in = options_.file == "-" ? std::cin : static_cast<std::istream&>(file);
    std::string line;
    for (std::uint64_t number = 1; std::getline(in, line); ++number) {
      if (line.empty()) continue;
      auto added = add(line);
      if (!added.ok()) return std::move(added).error().in("line " + std::to_string(number));
    }
    for (std::size_t i = 0; i < batches_.size(); ++i) SLUICE_RETURN_IF_ERROR(flush(i));
    return sent_;
  }

 private:
  Result<void> open_schema() {
    if (options_.schema.empty()) return {};
    SLUICE_TRY(const auto text, io::real_file_system().read_file(options_.schema));
    SLUICE_TRY(const auto parsed, avro::Schema::parse(text));
    schema_ = parsed;
    SLUICE_TRY(schema_id_, schemas_.add(options_.topic + "-value", text));
    return {};
  }

  Result<void> add(const std::string& line) {
    std::optional<std::string> key;
    if (!options_.key.empty()) {
      boost::system::error_code error;
      const auto parsed = json::parse(line, error);
      const auto* field = error || !parsed.is_object() ? nullptr : parsed.get_object().if_contains(options_.key);
      if (field == nullptr) return Error{ErrorCode::rejected, "no field \"" + options_.key + "\" for the key"};
      key = field->is_string() ? std::string(field->get_string()) : json::serialize(*field);
    }
    Bytes value;
    if (schema_) {
      ByteWriter writer(value);
      writer.u8(0);
      writer.i32(schema_id_);
      SLUICE_RETURN_IF_ERROR(json_to_avro(schema_->root(), line, value));
    } else {
      value = line;
    }
    const auto count = static_cast<std::int32_t>(batches_.size());
    const auto partition = static_cast<std::size_t>(key ? pipeline::partition_of(*key, count) : static_cast<std::int32_t>(next_++ % batches_.size()));
    const auto view = key ? std::optional<ByteView>(*key) : std::nullopt;
    batches_[partition].add(io::system_clock().wall_ms(), view, ByteView(value));
    return batches_[partition].size() >= kBatchBytes ? flush(partition) : Result<void>{};
  }

  Result<void> flush(std::size_t partition) {
    auto& batch = batches_[partition];
    if (batch.empty()) return {};
    sent_ += static_cast<std::uint64_t>(batch.count());
    SLUICE_RETURN_IF_ERROR(client_->produce(options_.topic, static_cast<std::int32_t>(partition), batch.finish()));
    return {};
  }

  const Globals& globals_;
  const Options& options_;
  Schemas schemas_;
  std::unique_ptr<client::Client> client_;
  std::vector<record::BatchBuilder> batches_;
  std::optional<avro::Schema> schema_;
  std::int32_t schema_id_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

Command produce_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "produce",
          .verb = "",
          .help = "Writes JSON lines into a topic; as Avro with a schema",
          .arguments = {{"TOPIC", "The topic", &options->topic}, {"FILE", "A file of JSON lines; - is standard input", &options->file, false}},
          .options = {{"--schema", "FILE", "The value's Avro schema; registered under TOPIC-value", &options->schema},
                      {"--key", "FIELD", "The field whose text is the record's key", &options->key}},
          .run = [options, &globals] {
            const auto sent = Producer(globals, *options).run();
            if (!sent.ok()) return fail(sent.error());
            std::cerr << *sent << " records\n";
            return 0;
          }};
}

}  // namespace sluice::cli
