// Reads a topic: Avro as JSON lines, or by kcat's format tokens.
#include <charconv>
#include <iostream>
#include <memory>

#include "avro/plain_json.h"
#include "avro/schema.h"
#include "cli/commands.h"
#include "cli/internal_records.h"
#include "cli/report.h"
#include "cli/schema/schemas.h"
#include "client/topic_reader.h"
#include "io/clock.h"
#include "io/signals.h"

namespace sluice::cli {
namespace {

constexpr std::int32_t kPollMs = 500;
constexpr std::string_view kTokens = "tpoksThSKR%";

struct Options {
  std::string topic;
  std::string offset;
  std::optional<std::int64_t> count;
  std::string format;
  std::string group;
  bool follow = false;
  bool uncommitted = false;
  bool bootstrap = false;
};

class Consumer {
 public:
  Consumer(const Globals& globals, const Options& options) : globals_(globals), options_(options), schemas_(globals.registry) {}

  Result<void> run() {
    SLUICE_RETURN_IF_ERROR(check_options());
    SLUICE_TRY(client_, connect_broker(globals_));
    SLUICE_TRY(const auto start, first_offsets());
    SLUICE_TRY(const auto ends, client_->offsets_at(options_.topic, client::kLatest, !options_.uncommitted));
    client::TopicReader reader(*client_, options_.topic, start, !options_.uncommitted);
    io::StopSignals signals;
    while (!done() && !signals.wait(0) && std::cout) {
      if (!options_.follow && at_end(reader.next(), ends)) break;
      Result<void> shown;
      SLUICE_RETURN_IF_ERROR(reader.poll(kPollMs, [&](const client::ConsumedRecord& record) {
        if (done()) return false;
        shown = show(record);
        ++seen_;
        return shown.ok() && !done();
      }));
      SLUICE_RETURN_IF_ERROR(std::move(shown));
      std::cout << std::flush;
    }
    if (options_.group.empty()) return {};
    return client_->commit(options_.group, options_.topic, reader.next());
  }

 private:
  [[nodiscard]] bool done() const { return options_.count && seen_ >= *options_.count; }
  // What can be said before anybody is asked.
  [[nodiscard]] Result<void> check_options() const {
    if (options_.count && *options_.count < 0) return wrong_usage("-n " + std::to_string(*options_.count) + ": not a count");
    if (options_.bootstrap && !options_.follow) return wrong_usage("--bootstrap says where --follow begins; without it everything is read anyway");
    for (std::size_t i = 0; i + 1 < options_.format.size(); ++i) {
      if (options_.format[i] == '%' && kTokens.find(options_.format[++i]) == std::string_view::npos) {
        return wrong_usage(std::string("-f: unknown token %") + options_.format[i], "%t %p %o %k %s %T %h %S %K %R %%");
      }
    }
    return {};
  }
  static bool at_end(const client::Offsets& next, const client::Offsets& ends) {
    for (const auto& [partition, offset] : next) {
      const auto end = ends.find(partition);
      if (end != ends.end() && offset < end->second) return false;
    }
    return true;
  }

  Result<client::Offsets> first_offsets() {
    const bool committed = !options_.uncommitted;
    if (!options_.group.empty() && options_.offset.empty()) {
      SLUICE_TRY(auto start, client_->offsets_at(options_.topic, client::kEarliest, committed));
      SLUICE_TRY(const auto stored, client_->committed(options_.group, options_.topic));
      for (const auto& [partition, offset] : stored) start[partition] = offset;
      return start;
    }
    const auto& text = options_.offset;
    if (text.empty()) return client_->offsets_at(options_.topic, options_.follow && !options_.bootstrap ? client::kLatest : client::kEarliest, committed);
    if (text == "beginning") return client_->offsets_at(options_.topic, client::kEarliest, committed);
    if (text == "end") return client_->offsets_at(options_.topic, client::kLatest, committed);
    if (text.starts_with('@')) {
      SLUICE_TRY(const auto time, parse_time(text.substr(1)));
      return client_->offsets_at(options_.topic, time, committed);
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return wrong_usage("-o " + text + ": not an offset", "beginning, end, a number, -N for N offsets before the end, or @TIME");
    }
    SLUICE_TRY(auto start, client_->offsets_at(options_.topic, number < 0 ? client::kLatest : client::kEarliest, committed));
    for (auto& [partition, offset] : start) offset = number < 0 ? Offset{std::max<std::int64_t>(0, offset.value + number)} : Offset{number};
    return start;
  }

  Result<void> text_of(std::optional<ByteView> bytes, std::string& out) {
    if (!bytes) return out += "null", Result<void>{};
    return schemas_.to_json(*bytes, out);
  }

  Result<void> show(const client::ConsumedRecord& record) {
    std::string line;
    SLUICE_RETURN_IF_ERROR(options_.format.empty() ? json_line(record, line) : formatted(record, line));
    std::cout << line;
    return {};
  }

  Result<void> json_line(const client::ConsumedRecord& record, std::string& line) {
    line = "{\"partition\":" + std::to_string(record.partition) + ",\"offset\":" + to_string(record.offset) + ",\"timestamp\":" + std::to_string(record.timestamp_ms) + ",\"key\":";
    if (const auto known = internal_record(options_.topic, record.key, record.value)) {
      line += known->key + ",\"value\":" + known->value;
    } else {
      SLUICE_RETURN_IF_ERROR(text_of(record.key, line));
      line += ",\"value\":";
      SLUICE_RETURN_IF_ERROR(text_of(record.value, line));
    }
    if (record.headers != nullptr && !record.headers->empty()) {
      line += ",\"headers\":{";
      bool first = true;
      for (const auto& header : *record.headers) {
        line += (first ? "" : ",") + avro::json_quote(header.name) + ":";
        avro::text_to_json(header.value.value_or(ByteView{}), line);
        first = false;
      }
      line += '}';
    }
    if (options_.follow) line += ",\"latency_ms\":" + std::to_string(io::system_clock().wall_ms() - record.timestamp_ms);
    line += "}\n";
    return {};
  }

  // kcat's tokens: %t topic, %p partition, %o offset, %k key, %s value, %T timestamp, %h headers, %S and %K sizes, %R the
  // value's size in four bytes, big endian.
  Result<void> formatted(const client::ConsumedRecord& record, std::string& line) {
    const auto& format = options_.format;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '\\' && i + 1 < format.size()) {
        const char c = format[++i];
        line += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else if (format[i] == '%' && i + 1 < format.size()) {
        SLUICE_RETURN_IF_ERROR(token(format[++i], record, line));
      } else {
        line += format[i];
      }
    }
    return {};
  }

  static void raw_size(std::optional<ByteView> bytes, std::string& line) {
    ByteWriter(line).i32(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  }

  Result<void> token(char name, const client::ConsumedRecord& record, std::string& line) {
    const auto size = [](std::optional<ByteView> bytes) { return bytes ? std::to_string(bytes->size()) : "-1"; };
    switch (name) {
      case 't': line += options_.topic; break;
      case 'p': line += std::to_string(record.partition); break;
      case 'o': line += to_string(record.offset); break;
      case 'T': line += std::to_string(record.timestamp_ms); break;
      case 'k': return text_of(record.key, line);
      case 's': return text_of(record.value, line);
      case 'S': line += size(record.value); break;
      case 'K': line += size(record.key); break;
      case 'R': raw_size(record.value, line); break;
      case '%': line += '%'; break;
      case 'h':
        if (record.headers == nullptr) break;
        for (std::size_t i = 0; i < record.headers->size(); ++i) {
          const auto& header = (*record.headers)[i];
          line += (i > 0 ? "," : "") + std::string(header.name) + "=" + std::string(header.value.value_or("NULL"));
        }
        break;
      default: break;  // check_options() let none through
    }
    return {};
  }

  const Globals& globals_;
  const Options& options_;
  Schemas schemas_;
  std::unique_ptr<client::Client> client_;
  std::int64_t seen_ = 0;
};

}  // namespace

Command consume_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "consume",
          .verb = "",
          .help = "Prints a topic's records; Avro as JSON lines",
          .arguments = {{"TOPIC", "The topic", &options->topic}},
          .options = {{"-o,--offset", "OFFSET", "beginning, end, N, -N (N before the end) or @TIME; without it from the beginning, with --follow from the end", &options->offset},
                      {"-n,--count", "N", "Stop after so many records", &options->count},
                      {"-f,--format", "FORMAT", "kcat's tokens: %t %p %o %k %s %T %h %S %K %R", &options->format},
                      {"-g,--group", "GROUP", "Begin where the group stands, and commit at the end", &options->group},
                      {"--follow", "", "Go on with what comes", &options->follow},
                      {"--uncommitted", "", "Records of open and aborted transactions, too", &options->uncommitted},
                      {"--bootstrap", "", "With --follow: everything that is there first", &options->bootstrap}},
          .run = [options, &globals] {
            const auto done = Consumer(globals, *options).run();
            return done.ok() ? 0 : fail(done.error());
          }};
}

}  // namespace sluice::cli
