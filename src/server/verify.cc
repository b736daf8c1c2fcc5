#include "server/verify.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <thread>

#include "server/config/scalars.h"
#include "server/places.h"

namespace sluice::server {

namespace json = boost::json;
using deliver::archive::ArchivedRow;
using deliver::archive::topic_matches;

bool SourceSnapshot::sees(std::uint64_t txid) const {
  if (txid < xmin) return true;
  if (txid >= xmax) return false;
  return !std::binary_search(in_progress.begin(), in_progress.end(), txid);
}

namespace {

constexpr std::size_t kReadBytes = std::size_t{4} << 20;

// Of each key the newest change: keys as 64-bit hashes, open addressing. Two keys of one table with one hash would count
// as one; among a hundred million keys the chance of that is 1 in 3,700.
class NewestChanges {
 public:
  void note(ByteView key, Offset offset, bool deleted) {
    if (used_ * 4 >= slots_.size() * 3) grow();
    auto hash = std::hash<ByteView>{}(key);
    if (hash == 0) hash = 1;
    auto& slot = find(hash);
    if (slot.hash == 0) {
      slot = {hash, change(offset, deleted)};
      ++used_;
    } else {
      slot.newest = std::max(slot.newest, change(offset, deleted));
    }
  }
  [[nodiscard]] std::uint64_t alive() const {
    return static_cast<std::uint64_t>(std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) {
      return slot.hash != 0 && slot.newest % 2 == 0;
    }));
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;    // 0: free
    std::uint64_t newest = 0;  // change()
  };
  // Ordered by offset; odd for a delete.
  static std::uint64_t change(Offset offset, bool deleted) {
    return static_cast<std::uint64_t>(offset.value) * 2 + (deleted ? 1 : 0);
  }
  Slot& find(std::uint64_t hash) {
    auto at = hash & (slots_.size() - 1);
    while (slots_[at].hash != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(1024, slots_.size() * 2));
    old.swap(slots_);
    for (const auto& slot : old) {
      if (slot.hash != 0) find(slot.hash) = slot;
    }
  }
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

// Counts one table in one place, fed with its records in any order. Partitions do not share keys.
class TableCount {
 public:
  TableCount(const SourceSnapshot& snapshot, bool keyless) : snapshot_(snapshot), keyless_(keyless) {}

  // `txid`: none for rows of the first snapshot, which is older than S.
  void add(std::optional<ByteView> key, Offset offset, std::optional<std::uint64_t> txid, bool deleted) {
    if (txid && !snapshot_.sees(*txid)) return;
    if (keyless_ || !key) {
      if (!deleted) ++inserts_;
    } else {
      newest_.note(*key, offset, deleted);
    }
  }
  [[nodiscard]] std::uint64_t rows() const { return inserts_ + newest_.alive(); }

 private:
  const SourceSnapshot& snapshot_;
  bool keyless_;
  std::uint64_t inserts_ = 0;
  NewestChanges newest_;
};

std::optional<std::uint64_t> txid_of(const pipeline::ReadRecord& record) {
  const auto text = record.header("__txid");
  std::uint64_t txid = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), txid);
  return error == std::errc{} ? std::optional(txid) : std::nullopt;
}

// `ends`: by partition; none: what is there now.
Result<std::uint64_t> count_topic(pipeline::Log& log, const SourceSnapshot& snapshot, const SourceTable& table,
                                  const std::vector<Offset>* ends = nullptr) {
  TableCount count(snapshot, table.keyless);
  SLUICE_TRY(const auto topic, log.describe(table.topic));
  for (std::int32_t partition = 0; partition < topic.partitions; ++partition) {
    SLUICE_TRY(const auto range, log.range(table.topic, partition));
    SLUICE_TRY(const auto reader, log.reader(table.topic, partition, range.start));
    const auto end = ends == nullptr ? range.last_stable : ends->at(static_cast<std::size_t>(partition));
    while (reader->next_offset() < end) {
      SLUICE_TRY(const auto records, reader->poll(100, kReadBytes));
      for (const auto& record : records) {
        if (ends == nullptr || record.offset < end) count.add(record.key, record.offset, txid_of(record), !record.value);
      }
    }
  }
  return count.rows();
}

void add_problems(const VerifySink& sink, deliver::archive::ArchiveReport& archive, VerifyReport& report) {
  for (auto& problem : archive.problems) {
    if (!problem.file.empty()) problem.file = sink.store->where() + "/" + problem.file;
    report.problems.push_back(std::move(problem));
  }
}

Result<void> count_latest(const VerifySink& sink, pipeline::Log& log, const SourceTable& table, VerifyReport& report,
                          VerifiedTable& out) {
  deliver::archive::VerifyOptions options;
  options.topics = {table.topic};
  options.formats = readable_formats();
  SLUICE_TRY(auto archive, verify_archive(*sink.store, options));
  add_problems(sink, archive, report);
  LatestRows rows{.sink = sink.name};
  std::vector<Offset> ends;
  for (const auto& partition : archive.partitions) {
    rows.rows += partition.rows;
    rows.filtered += partition.filtered;
    for (const auto& filter : partition.filters) out.filters[sink.name] = filter;
    ends.push_back(partition.end);
  }
  const SourceSnapshot everything{.xmin = UINT64_MAX, .xmax = UINT64_MAX, .in_progress = {}};
  if (!ends.empty()) {
    SLUICE_TRY(rows.in_topic, count_topic(log, everything, table, &ends));
  }
  out.in_latest.push_back(std::move(rows));
  return {};
}

Result<void> count_archive(const VerifySink& sink, const SourceAudit& audit, const SourceTable& table,
                           VerifyReport& report, VerifiedTable& out) {
  TableCount count(audit.snapshot, table.keyless);
  deliver::archive::VerifyOptions options;
  options.topics = {table.topic};
  options.formats = readable_formats();
  options.visit = [&](const ArchivedRow& row) {
    const auto txid = row.txid ? std::optional(static_cast<std::uint64_t>(*row.txid)) : std::nullopt;
    count.add(row.key, row.offset, txid, row.tombstone);
  };
  SLUICE_TRY(auto archive, verify_archive(*sink.store, options));
  add_problems(sink, archive, report);
  out.in_archives.emplace_back(sink.name, count.rows());
  for (const auto& partition : archive.partitions) {
    for (const auto& filter : partition.filters) out.filters[sink.name] = filter;  // the newest
  }
  return {};
}

Result<void> verify_source(const VerifyRequest& request, const VerifySource& source, VerifyReport& report) {
  SLUICE_TRY(const auto audit, source.audit());
  SLUICE_RETURN_IF_ERROR(source.wait_until_captured(audit.end_of_wal, request.wait));
  for (const auto& sink : request.sinks) {
    if (sink.sink != nullptr) SLUICE_RETURN_IF_ERROR(sink.sink->roll_now(request.wait));
    if (sink.latest != nullptr) SLUICE_RETURN_IF_ERROR(sink.latest->roll_now(request.wait));
  }
  for (const auto& table : audit.tables) {
    VerifiedTable out;
    out.source = source.name;
    out.topic = table.topic;
    out.name = table.name;
    out.keyless = table.keyless;
    out.in_source = table.rows;
    out.note = table.note;
    auto in_topic = count_topic(*request.log, audit.snapshot, table);
    if (!in_topic.ok() && in_topic.error().code != ErrorCode::not_found) return std::move(in_topic).error();
    if (in_topic.ok()) out.in_topic = *in_topic;
    if (!in_topic.ok() && out.note.empty()) out.note = "there is no topic " + table.topic;
    for (const auto& sink : request.sinks) {
      if (!topic_matches(sink.topics, table.topic)) continue;
      if (sink.of_latest) SLUICE_RETURN_IF_ERROR(count_latest(sink, *request.log, table, report, out));
      else SLUICE_RETURN_IF_ERROR(count_archive(sink, audit, table, report, out));
    }
    report.tables.push_back(std::move(out));
  }
  return {};
}

}  // namespace

// Of a table without a key the deletes are not captured: its inserts may be more than its rows.
bool VerifiedTable::equal() const {
  return in_source && (*in_source == in_topic || (keyless && *in_source < in_topic)) &&
         std::all_of(in_archives.begin(), in_archives.end(), [&](const auto& a) { return a.second == in_topic || filters.contains(a.first); }) &&
         std::all_of(in_latest.begin(), in_latest.end(), [](const auto& latest) { return latest.equal(); });
}

bool VerifyReport::ok() const {
  return problems.empty() && std::all_of(tables.begin(), tables.end(), [](const auto& table) { return table.equal(); });
}

Result<VerifyReport> verify(const VerifyRequest& request) {
  VerifyReport report;
  for (const auto& source : request.sources) SLUICE_RETURN_IF_ERROR(verify_source(request, source, report));
  return report;
}

Result<void> wait_for_lsn(const std::function<Lsn()>& captured_until, Lsn target, std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (captured_until() < target) {
    if (std::chrono::steady_clock::now() >= until) {
      return Error{.code = ErrorCode::back_off,
                   .message = "the stream has not reached " + lsn_text(target) + " within " +
                              std::to_string(wait.count() / 1000) + " s; it is at " + lsn_text(captured_until())};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

std::string to_text(const VerifyReport& report) {
  std::size_t width = 0;
  for (const auto& table : report.tables) width = std::max(width, table.name.size());
  std::string out;
  for (const auto& table : report.tables) {
    out += table.name + std::string(width - table.name.size() + 2, ' ') + (table.in_source ? with_commas(*table.in_source) : "?");
    out += (table.in_source == table.in_topic ? " = " : " ≠ ") + with_commas(table.in_topic);
    for (const auto& [sink, rows] : table.in_archives) {
      const bool filtered = table.filters.contains(sink);
      out += (rows == table.in_topic ? " = " : filtered ? " → " : " ≠ ") + with_commas(rows) + (filtered ? " filtered" : "");
    }
    for (const auto& latest : table.in_latest) {
      out += "; " + latest.sink + " " + with_commas(latest.rows);
      if (latest.filtered > 0) out += " and " + with_commas(latest.filtered) + " filtered";
      if (!latest.equal()) out += " ≠ " + with_commas(latest.in_topic) + " at its offsets";
    }
    if (table.keyless) out += "  (inserts: it has no key)";
    if (!table.note.empty()) out += "  " + table.note;
    out += "\n";
    for (const auto& [sink, filter] : table.filters) out += "  " + sink + " takes rows where " + filter + "\n";
  }
  for (const auto& problem : report.problems) {
    out += problem.topic + " partition " + std::to_string(problem.partition);
    if (problem.from < problem.to) {
      out += ", offsets " + to_string(problem.from) + " to " + to_string(problem.to - 1);
    }
    out += ": " + problem.what + (problem.file.empty() ? "" : "\n  " + problem.file) + "\n";
  }
  return out;
}

std::string to_json(const VerifyReport& report) {
  json::array tables;
  for (const auto& table : report.tables) {
    json::object archives;
    for (const auto& [sink, rows] : table.in_archives) archives[sink] = rows;
    json::object latest;
    for (const auto& each : table.in_latest) latest[each.sink] = json::object{{"rows", each.rows}, {"in_topic", each.in_topic}, {"filtered", each.filtered}};
    json::object filters;
    for (const auto& [sink, filter] : table.filters) filters[sink] = filter;
    tables.push_back(json::object{{"source", table.source},
                                  {"topic", table.topic},
                                  {"table", table.name},
                                  {"keyless", table.keyless},
                                  {"in_source", table.in_source ? json::value(*table.in_source) : json::value(nullptr)},
                                  {"in_topic", table.in_topic},
                                  {"in_archive", std::move(archives)},
                                  {"in_latest", std::move(latest)},
                                  {"filters", std::move(filters)},
                                  {"equal", table.equal()},
                                  {"note", table.note}});
  }
  json::array problems;
  for (const auto& problem : report.problems) {
    problems.push_back(json::object{{"topic", problem.topic},
                                    {"partition", problem.partition},
                                    {"from", problem.from.value},
                                    {"to", problem.to.value},
                                    {"file", problem.file},
                                    {"what", problem.what}});
  }
  return json::serialize(json::object{
      {"equal", report.ok()}, {"text", to_text(report)}, {"tables", std::move(tables)}, {"problems", std::move(problems)}});
}

}  // namespace sluice::server
