#include "collect/collector.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <mutex>

#include "base/trace.h"
#include "collect/batch_writer.h"
#include "io/http_auth.h"

namespace sluice::collect {

namespace json = boost::json;

namespace {

constexpr int kOk = 200, kNoContent = 204, kMultiStatus = 207, kBadRequest = 400, kUnavailable = 503;
constexpr const char* kRetrySeconds = "10";
constexpr std::int64_t kClockSlackMs = 5 * 60 * 1000;  // a wall clock may have been set back
constexpr std::size_t kReadBytes = std::size_t{4} << 20;
constexpr std::int64_t kReadWaitMs = 10'000;

// A bucket of a second's events, filled as time goes.
class Quota {
 public:
  explicit Quota(std::int64_t per_second) : per_second_(static_cast<double>(per_second)), left_(per_second_) {}

  // Seconds until `events` may come; 0: now, and they are taken. More than a second's may come when the bucket is full.
  std::int64_t take(std::size_t events, std::int64_t now_ms) {
    if (per_second_ == 0) return 0;
    const std::lock_guard lock(mutex_);
    left_ = std::min(per_second_, left_ + static_cast<double>(now_ms - filled_ms_) * per_second_ / 1000);
    filled_ms_ = now_ms;
    const auto wanted = std::min(static_cast<double>(events), per_second_);
    if (left_ < wanted) return std::max<std::int64_t>(1, std::lround(std::ceil((wanted - left_) / per_second_)));
    left_ -= static_cast<double>(events);
    return 0;
  }

 private:
  const double per_second_;
  std::mutex mutex_;
  double left_;
  std::int64_t filled_ms_ = 0;
};

struct RuleState {
  explicit RuleState(const Rule& rule, std::size_t max_window_events) : quota(rule.events_per_second) {
    if (!rule.dedupe_by.empty()) window = std::make_unique<Window>(rule.dedupe_within_ms, max_window_events);
  }
  Quota quota;
  std::unique_ptr<Window> window;
};

// Bearer token, user name of Basic (as analytics libraries send their write keys), X-Write-Key, or ?write_key= for
// sendBeacon(), which has no headers.
std::string write_key(const io::HttpRequest& request) {
  const auto authorization = request.header("authorization").value_or("");
  if (authorization.starts_with("Bearer ")) return std::string(authorization.substr(7));
  if (const auto basic = io::parse_basic_authorization(authorization)) return basic->user;
  if (const auto header = request.header("x-write-key")) return std::string(*header);
  return request.query("write_key").value_or("");
}

bool is_kafka(const io::HttpRequest& request) { return request.header("content-type").value_or("").starts_with("application/vnd.kafka"); }

io::HttpResponse answer(const io::HttpRequest& request, const json::value& body, int status) {
  return {.status = status, .content_type = is_kafka(request) ? "application/vnd.kafka.v2+json" : "application/json", .body = json::serialize(body), .headers = {}};
}

io::HttpResponse refuse(const io::HttpRequest& request, const Error& error) {
  const int code = error.reason >= 10000 ? error.reason : 50002;
  json::object body{{"error_code", code}, {"message", error.message}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  auto response = answer(request, body, code / 100);
  if (response.status == kUnavailable) response.headers.emplace_back("Retry-After", kRetrySeconds);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

json::array entries_of(const Written& written) {
  json::array entries;
  for (const auto& outcome : written.outcomes) {
    if (outcome.place) {
      entries.push_back(json::object{{"partition", outcome.place->partition}, {"offset", outcome.place->offset.value}, {"error_code", nullptr}, {"error", nullptr}});
    } else {
      entries.push_back(json::object{{"partition", nullptr}, {"offset", nullptr}, {"error_code", outcome.retriable ? 2 : 1}, {"error", outcome.error}});
    }
  }
  return entries;
}

json::value number_or_null(std::optional<std::int32_t> number) { return number ? json::value(*number) : json::value(nullptr); }

// Kafka's clients look at the entries, all others at the status.
int status_of(Format format, const Written& written) {
  const auto there = std::ranges::count_if(written.outcomes, [](const Outcome& outcome) { return outcome.place.has_value(); });
  const bool retriable = std::ranges::any_of(written.outcomes, &Outcome::retriable);
  if (format == Format::kafka || there == std::ssize(written.outcomes)) return kOk;
  return there > 0 ? kMultiStatus : retriable ? kUnavailable : kBadRequest;
}

class CollectorOfLog final : public Collector {
 public:
  CollectorOfLog(CollectorOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::Clock& clock)
      : options_(std::move(options)), log_(log), clock_(clock), writer_(log, catalog, clock) {
    for (const auto& rule : options_.rules) states_.push_back(std::make_unique<RuleState>(rule, options_.max_window_events));
  }

  Result<void> read_windows() {
    SLUICE_TRY(const auto topics, log_.topics());
    for (const auto& topic : topics) {
      const auto* rule = rule_of(options_.rules, topic.name);
      if (rule == nullptr || rule->dedupe_by.empty()) continue;
      for (std::int32_t partition = 0; partition < topic.partitions; ++partition) SLUICE_RETURN_IF_ERROR(read_window(topic.name, partition, *rule));
    }
    return {};
  }

  io::HttpResponse handle(const io::HttpRequest& request) override {
    auto response = route(request);
    allow_origin(request, response);
    return response;
  }

  std::map<std::string, std::uint64_t> counts() const override {
    const auto& counts = writer_.counts();
    return {{"written", counts.written}, {"repeated", counts.repeated}, {"dead_letter", counts.dead_letters}, {"refused", counts.refused}};
  }

 private:
  RuleState& state_of(const Rule& rule) const { return *states_[static_cast<std::size_t>(&rule - options_.rules.data())]; }

  Result<void> read_window(const std::string& topic, std::int32_t partition, const Rule& rule) {
    auto& window = *state_of(rule).window;
    SLUICE_TRY(const auto range, log_.range(topic, partition));
    SLUICE_TRY(const auto from, log_.offset_at(topic, partition, clock_.wall_ms() - rule.dedupe_within_ms - kClockSlackMs));
    SLUICE_TRY(const auto reader, log_.reader(topic, partition, std::max(from, range.start)));
    while (reader->next_offset() < range.last_stable) {
      const auto before = reader->next_offset();
      SLUICE_TRY(const auto records, reader->poll(kReadWaitMs, kReadBytes));
      if (records.empty() && reader->next_offset() == before) return Error{ErrorCode::back_off, topic + ": offset " + to_string(before) + " was not read in time"};
      for (const auto& record : records) {
        if (const auto id = record.header("__id")) window.remember(window.name_of(topic, std::string(*id)), {partition, record.offset}, record.timestamp_ms);
      }
    }
    return {};
  }

  io::HttpResponse route(const io::HttpRequest& request) {
    const auto path = request.path();
    if (path.empty() || path[0].empty()) return answer(request, json::object{}, kOk);
    if (path[0] != "topics" || path.size() > 4 || (path.size() > 2 && path[2] != "partitions")) return refuse(request, failure(40400, "HTTP 404 Not Found"));
    if (path.size() == 1) return request.method == "GET" ? list(request) : refuse(request, failure(40500, "HTTP 405 Method Not Allowed"));
    const auto* rule = rule_of(options_.rules, path[1]);
    if (rule == nullptr) return refuse(request, failure(40401, "Topic not found.", "no rule of `collect` in the configuration takes events for " + path[1]));
    if (request.method == "OPTIONS") return {.status = kNoContent, .content_type = "", .body = "", .headers = {}};
    if (request.method == "GET" && path.size() == 2) return describe(request, path[1]);
    if (request.method != "POST" || path.size() == 3) return refuse(request, failure(40500, "HTTP 405 Method Not Allowed"));
    std::optional<std::int32_t> partition;
    if (path.size() == 4) {
      std::int32_t number = -1;
      const auto end = path[3].data() + path[3].size();
      if (std::from_chars(path[3].data(), end, number).ptr != end || number < 0) return refuse(request, failure(40402, "Partition not found."));
      partition = number;
    }
    return post(request, path[1], *rule, partition);
  }

  io::HttpResponse post(const io::HttpRequest& request, const std::string& topic, const Rule& rule, std::optional<std::int32_t> partition) {
    if (auto allowed = check_key(request, rule); !allowed.ok()) return refuse(request, allowed.error());
    const auto body = decoded_body(request, options_.max_inflated_bytes);
    if (!body.ok()) return refuse(request, body.error());
    auto batch = parse_batch(request, *body, rule);
    if (!batch.ok()) return refuse(request, batch.error());
    const auto wait = state_of(rule).quota.take(batch->events.size(), clock_.steady_ms());
    if (wait > 0) {
      auto refused = refuse(request, failure(42900, "more than " + std::to_string(rule.events_per_second) + " events a second: collect." + rule.name + ".events_per_second"));
      refused.headers.emplace_back("Retry-After", std::to_string(wait));
      return refused;
    }
    for (auto& event : batch->events) {
      if (partition) event.partition = partition;
    }
    const auto format = batch->format;
    const auto written = writer_.write(topic, *std::move(batch), rule, state_of(rule).window.get(), request);
    if (!written.ok()) return refuse(request, written.error());
    auto response = answer(request, json::object{{"offsets", entries_of(*written)}, {"key_schema_id", number_or_null(written->key_schema_id)},
                                                 {"value_schema_id", number_or_null(written->value_schema_id)}}, status_of(format, *written));
    if (response.status == kUnavailable) response.headers.emplace_back("Retry-After", kRetrySeconds);
    return response;
  }

  static Result<void> check_key(const io::HttpRequest& request, const Rule& rule) {
    if (rule.keys.empty()) return {};
    const auto given = write_key(request);
    if (given.empty()) return failure(40100, "a write key is needed", "send it as Authorization: Bearer KEY, X-Write-Key, or ?write_key=");
    bool known = false;
    for (const auto& key : rule.keys) known = io::same_secret(key, given) || known;
    if (!known) return failure(40300, "this write key may not write here");
    return {};
  }

  io::HttpResponse list(const io::HttpRequest& request) {
    const auto topics = log_.topics();
    if (!topics.ok()) return refuse(request, topics.error());
    json::array names;
    for (const auto& topic : *topics) {
      if (rule_of(options_.rules, topic.name) != nullptr) names.push_back(json::value(topic.name));
    }
    return answer(request, names, kOk);
  }

  io::HttpResponse describe(const io::HttpRequest& request, const std::string& name) {
    const auto topic = log_.describe(name);
    if (!topic.ok()) return refuse(request, failure(40401, "Topic not found."));
    json::object config;
    for (const auto& [key, value] : topic->config) config[key] = value;
    json::array partitions;
    for (std::int32_t i = 0; i < topic->partitions; ++i) partitions.push_back(json::object{{"partition", i}, {"leader", 1}, {"replicas", json::array{}}});
    return answer(request, json::object{{"name", name}, {"configs", std::move(config)}, {"partitions", std::move(partitions)}}, kOk);
  }

  void allow_origin(const io::HttpRequest& request, io::HttpResponse& response) const {
    const auto path = request.path();
    const auto origin = request.header("origin");
    const auto* rule = path.size() > 1 && path[0] == "topics" ? rule_of(options_.rules, path[1]) : nullptr;
    if (!origin || rule == nullptr) return;
    const bool any = std::ranges::find(rule->origins, "*") != rule->origins.end();
    if (!any && std::ranges::find(rule->origins, *origin) == rule->origins.end()) return;
    response.headers.emplace_back("Access-Control-Allow-Origin", std::string(*origin));
    response.headers.emplace_back("Vary", "Origin");
    if (request.method != "OPTIONS") return;
    response.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, OPTIONS");
    if (const auto wanted = request.header("access-control-request-headers")) response.headers.emplace_back("Access-Control-Allow-Headers", std::string(*wanted));
    response.headers.emplace_back("Access-Control-Max-Age", "86400");
  }

  const CollectorOptions options_;
  pipeline::Log& log_;
  io::Clock& clock_;
  BatchWriter writer_;
  std::vector<std::unique_ptr<RuleState>> states_;  // as options_.rules
};

}  // namespace

Result<std::unique_ptr<Collector>> Collector::open(CollectorOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::Clock& clock) {
  auto collector = std::make_unique<CollectorOfLog>(std::move(options), log, catalog, clock);
  SLUICE_RETURN_IF_ERROR(collector->read_windows());
  return std::unique_ptr<Collector>(std::move(collector));
}

}  // namespace sluice::collect
