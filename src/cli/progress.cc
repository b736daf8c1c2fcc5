#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <ostream>

#include "base/trace.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kBarWidth = 24;

std::string decimal(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string bar(double part) {
  const auto full = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(kBarWidth));
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return decimal(value, unit > 0 && value < 100 ? 1 : 0) + " " + kUnits[unit];
}

std::string seconds_text(double seconds) {
  return seconds < 120 ? decimal(seconds, 1) + " s" : decimal(seconds / 60, 0) + " min";
}

Progress::Progress(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {
  if (terminal_) trace::before_each_line([this] { erase(); });
}

Progress::~Progress() {
  if (terminal_) trace::before_each_line({});
}

void Progress::erase() {
  const std::lock_guard lock(mutex_);
  if (shown_lines_ > 0) out_ << "\033[" << shown_lines_ << "A\033[J" << std::flush;
  shown_lines_ = 0;
}

double Progress::rate(const std::string& of, std::uint64_t rows, std::int64_t now_ms) {
  auto& rate = rates_[of];
  const auto elapsed = now_ms - rate.at_ms;
  if (rate.at_ms == 0) {
    rate = {now_ms, rows, 0};
  } else if (elapsed >= 500) {
    rate = {now_ms, rows, static_cast<double>(rows - std::min(rows, rate.rows)) * 1000 / static_cast<double>(elapsed)};
  }
  return rate.per_second;
}

std::string Progress::snapshot_line(const pipeline::StageItem& item, std::size_t width, std::int64_t now_ms) {
  const auto per_second = rate(item.name, item.snapshot_rows, now_ms);
  auto expected = static_cast<double>(item.snapshot_rows_expected);
  const auto rows = static_cast<double>(item.snapshot_rows);
  const bool done = item.state != "snapshot" && item.state != "waiting";
  if (done) expected = rows;  // the estimate has done its work
  const auto part = done ? 1.0 : expected > 0 ? std::min(1.0, rows / expected) : 0.0;
  auto line = "  snapshot  " + padded(item.name, width) + " " + bar(part) + right(with_commas(item.snapshot_rows), 12) + " rows";
  if (done) return line + "   done";
  line += right(with_commas(static_cast<std::uint64_t>(per_second)), 11) + "/s";
  if (per_second > 0 && expected > rows) line += "   " + seconds_text((expected - rows) / per_second) + " left";
  return line;
}

std::string Progress::view_line(const pipeline::StageStatus& view, std::int64_t now_ms) {
  if (view.state == "restoring") {
    return "  restoring  " + view.name + " " + bar(view.restored) + right(std::to_string(std::lround(view.restored * 100)), 4) + " %";
  }
  std::uint64_t done = 0, all = 0;
  for (const auto& item : view.items) {
    done += static_cast<std::uint64_t>(std::max<std::int64_t>(item.offset, 0));
    all += static_cast<std::uint64_t>(std::max<std::int64_t>(item.end_offset, 0));
  }
  const auto per_second = rate("view " + view.name, view.rows_total, now_ms);
  const auto part = all == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(all);
  return "  building   " + view.name + " " + bar(part) + right(with_commas(view.rows_total), 12) + " records" +
         right(with_commas(static_cast<std::uint64_t>(per_second)), 11) + "/s";
}

std::string Progress::live_line(const pipeline::StageStatus& source, const server::ServerStatus& status,
                                std::int64_t now_ms) {
  const auto per_second = rate("source " + source.name, source.rows_total, now_ms);
  auto line = "  " + source.state + "  " + source.name + "  " +
              right(with_commas(static_cast<std::uint64_t>(std::lround(per_second))), 7) + " rows/s   lag " +
              bytes_text(source.lag_bytes) + ", " + seconds_text(source.lag_seconds) + "   " +
              with_commas(source.rows_total) + " rows";
  for (const auto& stage : status.stages) {
    if (stage.kind == "sink") line += "   " + with_commas(stage.files_published) + " files in " + stage.name;
  }
  return line;
}

std::vector<std::string> Progress::bars(const pipeline::StageStatus& source, std::int64_t now_ms) {
  std::vector<std::string> lines;
  std::size_t width = 0;
  for (const auto& item : source.items) width = std::max(width, item.name.size());
  for (const auto& item : source.items) lines.push_back(snapshot_line(item, width, now_ms));
  return lines;
}

std::vector<std::string> Progress::finished_bars(const server::ServerStatus& status, std::int64_t now_ms) {
  std::vector<std::string> lines;
  for (const auto& stage : status.stages) {
    if (stage.kind != "source") continue;
    if (stage.state == "snapshot") {
      in_snapshot_.insert(stage.name);
    } else if (stage.state == "streaming" && in_snapshot_.erase(stage.name) > 0) {
      std::ranges::move(bars(stage, now_ms), std::back_inserter(lines));
    }
  }
  return lines;
}

std::vector<std::string> Progress::lines(const server::ServerStatus& status, std::int64_t now_ms) {
  std::vector<std::string> lines;
  for (const auto& stage : status.stages) {
    if (stage.kind == "source" && stage.state == "snapshot") {
      std::ranges::move(bars(stage, now_ms), std::back_inserter(lines));
    } else if (stage.kind == "source") {
      lines.push_back(live_line(stage, status, now_ms));
    } else if (stage.kind == "view" && (stage.state == "restoring" || stage.state == "building")) {
      lines.push_back(view_line(stage, now_ms));
    }
    if (!stage.error.empty()) lines.push_back("  " + stage.kind + " " + stage.name + " " + stage.state + ": " + stage.error);
  }
  return lines;
}

void Progress::show(const server::ServerStatus& status, std::int64_t now_ms) {
  auto text = finished_bars(status, now_ms);
  const auto stay = text.size();
  std::ranges::move(lines(status, now_ms), std::back_inserter(text));
  if (!terminal_) {
    if (stay == 0 && now_ms - last_plain_ms_ < plain_every_ms_) return;
    last_plain_ms_ = now_ms;
    for (const auto& line : text) out_ << line << "\n";
    out_.flush();
    return;
  }
  const std::lock_guard lock(mutex_);
  if (shown_lines_ > 0) out_ << "\033[" << shown_lines_ << "A";
  for (const auto& line : text) out_ << "\r\033[K" << line << "\n";
  // Fewer lines than before: what is left of the old ones goes.
  if (text.size() < shown_lines_) out_ << "\033[J";
  shown_lines_ = text.size() - stay;
  out_.flush();
}

void Progress::leave() {
  const std::lock_guard lock(mutex_);
  shown_lines_ = 0;
  out_.flush();
}

}  // namespace sluice::cli
