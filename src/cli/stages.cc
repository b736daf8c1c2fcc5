#include "cli/stages.h"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/progress.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
using pipeline::StageItem;
using pipeline::StageStatus;

// Reads an object's members leniently: a server of another version may have more, or fewer.
class Members {
 public:
  explicit Members(const json::value& value) : object_(value.if_object()) {}

  [[nodiscard]] std::string text(const char* key) const {
    const auto* found = get(key);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
  }
  template <typename T>
  [[nodiscard]] T number(const char* key, T otherwise = {}) const {
    const auto* found = get(key);
    boost::system::error_code error;
    if (found == nullptr || !found->is_number()) return otherwise;
    const auto value = found->to_number<T>(error);
    return error ? otherwise : value;
  }
  [[nodiscard]] const json::value* get(const char* key) const { return object_ == nullptr ? nullptr : object_->if_contains(key); }
  template <typename F>
  void each(const char* key, F&& visit) const {
    const auto* found = get(key);
    if (found == nullptr || !found->is_array()) return;
    for (const auto& value : found->as_array()) visit(value);
  }

 private:
  const json::object* object_;
};

StageItem item_of(const Members& in) {
  StageItem item;
  item.name = in.text("name");
  item.state = in.text("state");
  item.note = in.text("note");
  item.rows = in.number<std::uint64_t>("rows");
  item.snapshot_rows = in.number<std::uint64_t>("snapshot_rows");
  item.snapshot_rows_expected = in.number<std::uint64_t>("snapshot_rows_expected");
  item.offset = in.number<std::int64_t>("offset", -1);
  item.end_offset = in.number<std::int64_t>("end_offset", -1);
  return item;
}

StageStatus stage_of(const Members& in) {
  StageStatus stage;
  stage.kind = in.text("kind");
  stage.name = in.text("name");
  stage.state = in.text("state");
  stage.error = in.text("error");
  stage.hint = in.text("hint");
  stage.position = in.text("position");
  stage.lag_bytes = in.number<std::uint64_t>("lag_bytes");
  stage.lag_seconds = in.number<double>("lag_seconds");
  stage.rows_total = in.number<std::uint64_t>("rows_total");
  stage.files_published = in.number<std::uint64_t>("files_published");
  stage.bytes_published = in.number<std::uint64_t>("bytes_published");
  stage.open_files = in.number<std::uint64_t>("open_files");
  stage.dead_letters = in.number<std::uint64_t>("dead_letters");
  stage.held_bytes = in.number<std::uint64_t>("held_bytes");
  stage.view_rows = in.number<std::uint64_t>("view_rows");
  stage.late = in.number<std::uint64_t>("late");
  stage.failed_rows = in.number<std::uint64_t>("failed_rows");
  stage.state_bytes = in.number<std::uint64_t>("state_bytes");
  stage.watermark_ms = in.number<std::int64_t>("watermark_ms", -1);
  stage.restored = in.number<double>("restored", 1);
  in.each("items", [&](const json::value& value) { stage.items.push_back(item_of(Members(value))); });
  if (const auto* facts = in.get("facts"); facts != nullptr && facts->is_object()) {
    for (const auto& [key, value] : facts->as_object()) {
      if (value.is_string()) stage.facts[std::string(key)] = std::string(value.as_string());
    }
  }
  return stage;
}

std::string item_note(const StageStatus& stage, const StageItem& item) {
  if (!item.note.empty()) return item.note;
  if (item.state == "snapshot" && item.snapshot_rows_expected > 0) {
    const auto percent = std::min<std::uint64_t>(100, item.snapshot_rows * 100 / item.snapshot_rows_expected);
    return with_commas(item.snapshot_rows) + " of about " + with_commas(item.snapshot_rows_expected) + " rows (" + std::to_string(percent) + " %)";
  }
  if (stage.kind != "source" && item.end_offset >= 0) return "offset " + std::to_string(item.offset) + " of " + std::to_string(item.end_offset);
  return "";
}

std::uint64_t behind(const StageStatus& stage) {
  std::uint64_t records = 0;
  for (const auto& item : stage.items) records += static_cast<std::uint64_t>(std::max<std::int64_t>(item.end_offset - item.offset, 0));
  return records;
}

std::string view_text(const StageStatus& stage) {
  auto out = "  rows in it  " + with_commas(stage.view_rows) + "\n  state  " + bytes_text(stage.state_bytes);
  if (stage.restored < 1) out += ", " + std::to_string(static_cast<int>(stage.restored * 100)) + " % restored";
  out += "\n";
  if (stage.watermark_ms >= 0) out += "  watermark  " + time_text(stage.watermark_ms) + "\n";
  if (stage.late != 0) out += "  late  " + with_commas(stage.late) + "\n";
  if (stage.failed_rows != 0) out += "  failed  " + with_commas(stage.failed_rows) + "\n";
  return out;
}

}  // namespace

std::string stage_text(const StageStatus& stage) {
  auto out = stage.kind + " " + stage.name + "  " + stage.state;
  if (!stage.position.empty()) out += "  at " + stage.position;
  if (stage.kind == "view") {
    out += "  behind " + with_commas(behind(stage)) + " records";
  } else {
    out += "  lag " + bytes_text(stage.lag_bytes) + ", " + seconds_text(stage.lag_seconds);
  }
  out += "  rows " + with_commas(stage.rows_total);
  if (stage.kind == "sink") {
    out += "  files " + with_commas(stage.files_published) + " (" + bytes_text(stage.bytes_published) + "), " +
           with_commas(stage.open_files) + " open";
  }
  out += "\n";
  if (!stage.error.empty()) out += "  error       " + stage.error + "\n";
  if (!stage.hint.empty()) out += "  what to do  " + stage.hint + "\n";
  if (stage.kind == "sink") {
    out += "  log held  " + bytes_text(stage.held_bytes) + "\n";
    if (stage.dead_letters != 0) out += "  dead letters  " + with_commas(stage.dead_letters) + "\n";
  }
  if (stage.kind == "view") out += view_text(stage);
  for (const auto& [name, value] : stage.facts) out += "  " + name + "  " + value + "\n";
  if (!stage.items.empty()) {
    Table table({"  " + std::string(stage.kind == "source" ? "TABLE" : "TOPIC"), "STATE", "ROWS", ""});
    for (const auto& item : stage.items) table.add({"  " + item.name, item.state, with_commas(item.rows), item_note(stage, item)});
    out += table.text();
  }
  return out;
}

Result<server::ServerStatus> parse_status(const std::string& text) {
  boost::system::error_code error;
  const auto parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return Error{ErrorCode::corrupt, "the status is no JSON object"};
  const Members in(parsed);
  server::ServerStatus status;
  status.state = in.text("state");
  status.version = in.text("version");
  status.data = in.text("data");
  status.uptime_seconds = in.number<double>("uptime_seconds");
  status.pid = in.number<std::int64_t>("pid");
  status.free_bytes = in.number<std::uint64_t>("free_bytes");
  status.keep_free_bytes = in.number<std::uint64_t>("keep_free_bytes");
  if (const auto* listen = in.get("listen"); listen != nullptr && listen->is_object()) {
    for (const auto& [kind, addresses] : listen->as_object()) {
      if (!addresses.is_array()) continue;
      for (const auto& address : addresses.as_array()) {
        if (address.is_string()) status.listen[std::string(kind)].emplace_back(address.as_string());
      }
    }
  }
  in.each("damaged", [&](const json::value& value) {
    if (value.is_string()) status.damaged.emplace_back(value.as_string());
  });
  in.each("stages", [&](const json::value& value) { status.stages.push_back(stage_of(Members(value))); });
  in.each("topics", [&](const json::value& value) {
    const Members topic(value);
    status.topics.push_back({topic.text("name"), topic.number<std::int32_t>("partitions"), topic.number<std::int64_t>("start"),
                             topic.number<std::int64_t>("end")});
  });
  return status;
}

Result<server::ServerStatus> read_status(const Globals& globals, std::string* raw) {
  SLUICE_TRY(const auto text, get_json(globals.admin, "/status"));
  if (raw != nullptr) *raw = text;
  return parse_status(text);
}

Result<std::string> status_text(const server::ServerStatus& status, const std::string& name) {
  std::string out;
  if (name.empty()) {
    out = "sluice " + status.version + "  " + status.state + "  pid " + std::to_string(status.pid) + "  up " +
          seconds_text(status.uptime_seconds) + "  data " + status.data + " (" + bytes_text(status.free_bytes) + " free)\n";
    if (const auto full = server::disk_full(status); !full.empty()) out += "  " + full + "\n";
    for (const auto& damage : status.damaged) out += "  " + damage + "\n";
    for (const auto& [kind, addresses] : status.listen) {
      for (const auto& address : addresses) out += "  " + kind + "  " + address + "\n";
    }
    if (status.stages.empty()) out += "\nNo sources, no sinks, no views: a log with " + std::to_string(status.topics.size()) + " topics.\n";
  }
  bool found = name.empty();
  for (const auto& stage : status.stages) {
    if (!name.empty() && stage.name != name) continue;
    found = true;
    out += (out.empty() ? "" : "\n") + stage_text(stage);
  }
  if (!found) return Error{ErrorCode::not_found, "there is no source, sink or view " + name, "", "sluice status lists what is there"};
  return out;
}

}  // namespace sluice::cli
