// JSON lines in: plain, or as Avro by a schema. Avro files in: their records as they are, under the file's own schema.
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "avro/container/container_reader.h"
#include "avro/json_text.h"
#include "avro/plain_json.h"
#include "avro/schema.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/schema/schemas.h"
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
    std::ifstream file;
    if (options_.file != "-") {
      file.open(options_.file, std::ios::binary);
      if (!file) return wrong_usage(options_.file + ": there is no such file, or it may not be read");
    }
    if (is_container(file)) {
      SLUICE_RETURN_IF_ERROR(add_container());
    } else {
      SLUICE_RETURN_IF_ERROR(add_lines(options_.file == "-" ? std::cin : static_cast<std::istream&>(file)));
    }
    for (std::size_t i = 0; i < batches_.size(); ++i) SLUICE_RETURN_IF_ERROR(flush(i));
    return sent_;
  }

 private:
  // "Obj" and 1 begin an Avro file; the stream stands at its begin again.
  static bool is_container(std::ifstream& file) {
    char magic[4] = {};
    if (!file.is_open()) return false;
    file.read(magic, sizeof magic);
    const bool found = file.gcount() == sizeof magic && std::string_view(magic, sizeof magic) == "Obj\x01";
    file.clear();
    file.seekg(0);
    return found;
  }

  Result<void> open_schema() {
    if (options_.schema.empty()) return {};
    auto text = io::real_file_system().read_file(options_.schema);
    if (!text.ok()) return wrong_usage("--schema: " + text.error().message);
    return use_schema(*text);
  }

  Result<void> use_schema(const std::string& text) {
    auto parsed = avro::Schema::parse(text);
    if (!parsed.ok()) return std::move(parsed).error().in("the schema");
    schema_ = *std::move(parsed);
    SLUICE_TRY(schema_id_, schemas_.add(options_.topic + "-value", text));
    return {};
  }

  Bytes framed() const {
    Bytes value;
    ByteWriter writer(value);
    writer.u8(0);
    writer.i32(schema_id_);
    return value;
  }

  Result<void> add_lines(std::istream& in) {
    SLUICE_RETURN_IF_ERROR(open_schema());
    std::string line;
    for (std::uint64_t number = 1; std::getline(in, line); ++number) {
      if (line.empty()) continue;
      auto added = add_line(line);
      if (!added.ok()) return std::move(added).error().in("line " + std::to_string(number));
    }
    return {};
  }

  Result<void> add_line(const std::string& line) {
    if (!schema_) return add(line, line);
    auto value = framed();
    SLUICE_RETURN_IF_ERROR(avro::from_plain_json(schema_->root(), line, value));
    return add(line, value);
  }

  Result<void> add_container() {
    if (!options_.schema.empty()) return wrong_usage("--schema: an Avro file has a schema of its own");
    SLUICE_TRY(auto file, avro::FileSource::open(options_.file));
    SLUICE_TRY(auto reader, avro::ContainerReader::open(file, options_.file));
    SLUICE_RETURN_IF_ERROR(use_schema(reader.schema()));
    while (true) {
      SLUICE_TRY(const auto block, reader.next());
      if (block.rows == 0) return {};
      ByteReader body(block.bytes);
      for (std::int64_t i = 0; i < block.rows; ++i) {
        const auto* begin = body.position();
        std::string line;
        SLUICE_RETURN_IF_ERROR(avro::to_plain_json(schema_->root(), body, line));
        SLUICE_RETURN_IF_ERROR(add(line, framed().append(begin, body.position())));
      }
    }
  }

  // The key is a field of `line`, the record as JSON.
  Result<void> add(const std::string& line, const Bytes& value) {
    std::optional<std::string> key;
    if (!options_.key.empty()) {
      const auto parsed = avro::parse_json(line);
      const auto* field = !parsed.ok() || !parsed->is_object() ? nullptr : parsed->get_object().if_contains(options_.key);
      if (field == nullptr) return Error{ErrorCode::rejected, "no field \"" + options_.key + "\" for the key"};
      key = field->is_string() ? std::string(field->get_string()) : json::serialize(*field);
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
          .help = "Writes JSON lines or an Avro file's records into a topic",
          .arguments = {{"TOPIC", "The topic", &options->topic}, {"FILE", "JSON lines, or an Avro file; - is standard input, as JSON lines", &options->file, false}},
          .options = {{"--schema", "FILE", "The Avro schema of JSON lines, which go as Avro then; registered under TOPIC-value", &options->schema},
                      {"--key", "FIELD", "The field whose text is the record's key", &options->key}},
          .run = [options, &globals] {
            const auto sent = Producer(globals, *options).run();
            if (!sent.ok()) return fail(sent.error());
            std::cerr << *sent << " records\n";
            return 0;
          }};
}

}  // namespace sluice::cli
