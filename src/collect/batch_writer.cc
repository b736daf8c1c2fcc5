// A request is a Job that goes through five steps: schemas, encoding, claims, one append for all, dead letters. Each event has an
// outcome from the first step that ends it on.
#include "collect/batch_writer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "avro/program.h"
#include "collect/infer.h"
#include "pipeline/dead_letters.h"

namespace sluice::collect {
namespace {

constexpr const char* kIdHeader = "__id";
constexpr std::uint16_t kNoTopic = 40401, kNoSchema = 42206, kBadSchema = 42203, kNotNow = 50302;

Error whole_failure(const Error& error, std::uint16_t otherwise) {
  if (error.code == ErrorCode::back_off || error.code == ErrorCode::retry) return failure(kNotNow, error.message, error.hint);
  return failure(otherwise, error.message, error.hint);
}

// Bytes of a topic that has a schema must be a record of it.
Result<void> check_framed(const NumberedSchema& schema, ByteView bytes) {
  if (bytes.size() < pipeline::kSchemaHeaderBytes || bytes[0] != '\0' || load_be<std::int32_t>(bytes.data() + 1) != schema.id.value) {
    return Error{ErrorCode::rejected, "the topic has a schema: its values begin with byte 0 and the id " + to_string(schema.id) + " of the newest one"};
  }
  return avro::check(avro::Program(schema.schema), bytes.substr(pipeline::kSchemaHeaderBytes));
}

}  // namespace

struct BatchWriter::Job {
  const std::string& topic;
  Batch batch;
  const Rule& rule;
  Window* window;
  const io::HttpRequest& request;
  std::int32_t partitions = 1;
  std::int64_t now_ms = 0;
  SchemaPtr key_schema = {}, value_schema = {};
  bool asked_again = false;  // for a newer schema
  std::vector<std::optional<Bytes>> values = {};
  std::vector<Hash128> names = {};       // of events that have an id
  std::vector<std::size_t> twins = {};   // the index of the first event of that name in the request: itself, mostly
  Written written = {};

  [[nodiscard]] bool is_open(std::size_t i) const { return !written.outcomes[i].place && written.outcomes[i].error.empty(); }
  [[nodiscard]] bool is_named(std::size_t i) const { return window != nullptr && !batch.events[i].id.empty(); }
  [[nodiscard]] std::string subject(const char* suffix) const { return topic + suffix; }
};

Result<std::int32_t> BatchWriter::partitions_of(const std::string& topic, const Rule& rule) {
  auto found = log_.describe(topic);
  if (!found.ok() && found.error().code == ErrorCode::not_found && rule.infer) found = log_.ensure_topic({.name = topic});
  if (found.ok()) return found->partitions;
  if (found.error().code == ErrorCode::not_found) return failure(kNoTopic, "Topic not found.", "make it: sluice topic create " + topic);
  return whole_failure(found.error(), kNotNow);
}

Result<SchemaPtr> BatchWriter::infer(const Job& job) {
  std::vector<std::string> values;
  for (const auto& event : job.batch.events) {
    if (event.value && event.wrong.empty()) values.push_back(*event.value);
  }
  const auto text = infer_schema(job.topic, values);
  if (!text.ok()) return failure(kNoSchema, "topic " + job.topic + " has no schema yet, and none can be told from these events: " + text.error().message, text.error().hint);
  return encoder_.add(job.subject("-value"), *text);
}

// Of the request, or the topic's newest. A topic of bytes needs none.
Result<void> BatchWriter::find_schemas(Job& job) {
  const auto given = [&](const std::string& text, std::optional<std::int32_t> id, const char* suffix, SchemaPtr& out) -> Result<void> {
    if (text.empty() && !id) return {};
    auto schema = text.empty() ? encoder_.by_id(SchemaId{*id}) : encoder_.add(job.subject(suffix), text);
    if (!schema.ok()) return whole_failure(schema.error(), kBadSchema);
    out = *schema;
    return {};
  };
  SLUICE_RETURN_IF_ERROR(given(job.batch.key_schema, job.batch.key_schema_id, "-key", job.key_schema));
  SLUICE_RETURN_IF_ERROR(given(job.batch.value_schema, job.batch.value_schema_id, "-value", job.value_schema));
  if (job.value_schema) return {};
  const bool needed = std::ranges::any_of(job.batch.events, [](const Event& event) { return event.form != Form::bytes && event.value; });
  auto newest = encoder_.newest(job.subject("-value"));
  if (!newest.ok() && newest.error().code == ErrorCode::not_found) {
    if (!needed) return {};
    if (!job.rule.infer) {
      return failure(kNoSchema, "topic " + job.topic + " has no schema: nothing tells what its events are",
                     "register one: sluice schema create " + job.subject("-value") + " FILE; or let it be told from the first events: collect." + (job.rule.name.empty() ? "NAME" : job.rule.name) + ".infer: true");
    }
    newest = infer(job);
  }
  if (!newest.ok()) return newest.error().reason != 0 && newest.error().reason / 100 >= 400 ? newest.error() : whole_failure(newest.error(), kBadSchema);
  job.value_schema = *newest;
  return {};
}

void BatchWriter::encode_one(Job& job, std::size_t index, bool fresh) {
  auto& event = job.batch.events[index];
  auto& outcome = job.written.outcomes[index];
  if (!event.value) return;
  Result<void> done;
  Bytes out;
  if (event.form == Form::bytes) {
    if (job.value_schema) done = check_framed(*job.value_schema, *event.value);
    out = *event.value;
  } else {
    done = encode(*job.value_schema, event.form, *event.value, job.rule.dedupe_by, out);
  }
  if (done.ok() && job.key_schema && event.form == Form::avro_json && event.key) {
    Bytes key;
    done = encode(*job.key_schema, Form::avro_json, *event.key, "", key);
    if (done.ok()) event.key = std::move(key);
  }
  if (done.ok()) {
    job.values[index] = std::move(out);
    return;
  }
  // Perhaps the schema has grown within the last second.
  const bool newest = job.batch.value_schema.empty() && !job.batch.value_schema_id && job.value_schema;
  if (!fresh && newest && !std::exchange(job.asked_again, true)) {
    if (auto again = encoder_.newest(job.subject("-value"), true); again.ok() && (*again)->id != job.value_schema->id) {
      job.value_schema = *again;
      return encode_one(job, index, true);
    }
  }
  outcome.error = done.error().message;
  outcome.dead_letter = true;
}

void BatchWriter::encode_all(Job& job) {
  const auto count = job.batch.events.size();
  job.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& event = job.batch.events[i];
    auto& outcome = job.written.outcomes[i];
    if (!event.wrong.empty()) {
      outcome.error = event.wrong;
      outcome.dead_letter = true;
    } else if (event.partition && (*event.partition < 0 || *event.partition >= job.partitions)) {
      outcome.error = "topic " + job.topic + " has no partition " + std::to_string(*event.partition);
    } else {
      encode_one(job, i, false);
    }
  }
}

// In the order of their names, which is one for all requests. A name that is there twice in the request is claimed once.
void BatchWriter::claim(Job& job) {
  if (job.window == nullptr) return;
  const auto count = job.batch.events.size();
  job.names.resize(count);
  job.twins.resize(count);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    job.twins[i] = i;
    if (!job.is_named(i) || !job.is_open(i)) continue;
    job.names[i] = job.window->name_of(job.topic, job.batch.events[i].id);
    order.push_back(i);
  }
  const auto key = [&](std::size_t i) { return std::tuple(job.names[i].high, job.names[i].low, i); };
  std::ranges::sort(order, {}, key);
  for (std::size_t at = 0; at < order.size(); ++at) {
    const auto i = order[at];
    if (at > 0 && job.names[order[at - 1]] == job.names[i]) {
      job.twins[i] = job.twins[order[at - 1]];
      continue;
    }
    if (const auto place = job.window->claim(job.names[i], job.now_ms)) {
      job.written.outcomes[i].place = place;
      job.written.outcomes[i].repeated = true;
    }
  }
}

namespace {

std::vector<std::pair<std::string, std::string>> headers_of(const Event& event, const Rule& rule, bool named, const io::HttpRequest& request, std::int64_t now_ms) {
  auto headers = event.headers;
  if (named) headers.emplace_back(kIdHeader, event.id);
  for (const auto& wanted : rule.headers) {
    if (wanted == "received") headers.emplace_back("__received", std::to_string(now_ms));
    if (wanted == "address") headers.emplace_back("__address", request.peer);
    if (wanted == "agent") headers.emplace_back("__agent", std::string(request.header("user-agent").value_or("")));
  }
  return headers;
}

}  // namespace

void BatchWriter::append(Job& job) {
  const auto count = job.batch.events.size();
  const auto turn = static_cast<std::int32_t>(turn_.fetch_add(1) % static_cast<std::uint32_t>(job.partitions));
  std::vector<std::size_t> indexes;
  std::vector<std::vector<std::pair<std::string, std::string>>> texts(count);
  std::vector<std::vector<pipeline::Header>> headers(count);
  std::vector<pipeline::NewRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    if (!job.is_open(i) || (job.window != nullptr && job.twins[i] != i)) continue;
    const auto& event = job.batch.events[i];
    texts[i] = headers_of(event, job.rule, job.is_named(i), job.request, job.now_ms);
    for (const auto& [name, value] : texts[i]) headers[i].push_back({name, ByteView(value)});
    const auto partition = event.partition ? *event.partition : event.key ? pipeline::partition_of(*event.key, job.partitions) : turn;
    records.push_back({.topic = job.topic, .partition = partition, .timestamp_ms = job.now_ms, .key = event.key ? std::optional<ByteView>(*event.key) : std::nullopt,
                       .value = job.values[i] ? std::optional<ByteView>(*job.values[i]) : std::nullopt, .headers = headers[i]});
    indexes.push_back(i);
  }
  const auto results = log_.append(records);
  for (std::size_t r = 0; r < results.size(); ++r) {
    auto& outcome = job.written.outcomes[indexes[r]];
    if (results[r].ok()) {
      outcome.place = Place{records[r].partition, *results[r]};
    } else {
      outcome.error = results[r].error().message;
      outcome.retriable = results[r].error().code != ErrorCode::rejected && results[r].error().code != ErrorCode::not_found;
    }
    if (!job.is_named(indexes[r])) continue;
    outcome.place ? job.window->settle(job.names[indexes[r]], *outcome.place, job.now_ms) : job.window->release(job.names[indexes[r]]);
  }
  if (job.window == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) {
    if (job.twins[i] == i || !job.is_open(i)) continue;
    job.written.outcomes[i] = job.written.outcomes[job.twins[i]];
    job.written.outcomes[i].repeated = true;
  }
}

Result<void> BatchWriter::put_dead_letters(const Job& job) {
  SLUICE_RETURN_IF_ERROR(pipeline::ensure_dead_letters_topic(log_));
  if (!dead_letters_) {
    SLUICE_TRY(dead_letters_, log_.producer("collect"));
  }
  SLUICE_RETURN_IF_ERROR(dead_letters_->begin());
  for (std::size_t i = 0; i < job.batch.events.size(); ++i) {
    const auto& event = job.batch.events[i];
    const auto& outcome = job.written.outcomes[i];
    if (!outcome.dead_letter) continue;
    std::vector<pipeline::Header> headers;
    for (const auto& [name, value] : event.headers) headers.push_back({name, ByteView(value)});
    const pipeline::NewRecord record{.topic = job.topic, .partition = 0, .timestamp_ms = job.now_ms, .key = event.key ? std::optional<ByteView>(*event.key) : std::nullopt,
                                     .value = event.value ? std::optional<ByteView>(*event.value) : std::nullopt, .headers = headers};
    SLUICE_RETURN_IF_ERROR(pipeline::append_dead_letter(*dead_letters_, record, outcome.error));
  }
  SLUICE_RETURN_IF_ERROR(dead_letters_->commit({}));
  return {};
}

// Events that could not be kept may be sent again.
Result<void> BatchWriter::bury(Job& job) {
  if (std::ranges::none_of(job.written.outcomes, &Outcome::dead_letter)) return {};
  const std::lock_guard lock(dead_letters_mutex_);
  const auto put = put_dead_letters(job);
  if (put.ok()) return {};
  dead_letters_.reset();  // the next one settles what is unknown
  for (auto& outcome : job.written.outcomes) {
    if (!outcome.dead_letter) continue;
    outcome.dead_letter = false;
    outcome.retriable = true;
    outcome.error += "; and it could not be kept among the dead letters: " + put.error().message;
  }
  return {};
}

Result<Written> BatchWriter::write(const std::string& topic, Batch batch, const Rule& rule, Window* window, const io::HttpRequest& request) {
  SLUICE_TRY(const auto partitions, partitions_of(topic, rule));
  Job job{.topic = topic, .batch = std::move(batch), .rule = rule, .window = window, .request = request, .partitions = partitions, .now_ms = clock_.wall_ms()};
  job.written.outcomes.resize(job.batch.events.size());
  SLUICE_RETURN_IF_ERROR(find_schemas(job));
  encode_all(job);
  claim(job);
  append(job);
  SLUICE_RETURN_IF_ERROR(bury(job));
  if (job.key_schema) job.written.key_schema_id = job.key_schema->id.value;
  if (job.value_schema) job.written.value_schema_id = job.value_schema->id.value;
  for (const auto& outcome : job.written.outcomes) {
    auto& count = outcome.repeated ? counts_.repeated : outcome.place ? counts_.written : outcome.dead_letter ? counts_.dead_letters : counts_.refused;
    count.fetch_add(1, std::memory_order_relaxed);
  }
  return std::move(job.written);
}

}  // namespace sluice::collect
