#include "deliver/archive/partitioning.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "deliver/archive/rows/value_walk.h"

namespace sluice::deliver::archive {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::size_t kLongestValue = 200;
// The years 1 to 9999.
constexpr std::int64_t kFirstMs = -62'135'596'800'000;
constexpr std::int64_t kLastMs = 253'402'300'799'999;

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const auto rest = value % unit;
  return value - rest - (rest < 0 ? unit : 0);
}

// The finest unit of a format; 0: it has none. A month or a year has no fixed length: such a folder never completes.
std::int64_t unit_of(std::string_view format) {
  std::int64_t finest = 0;
  const auto use = [&](std::int64_t unit) { finest = finest == 0 ? unit : std::min(finest, unit); };
  for (std::size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] != '%') continue;
    switch (format[++i]) {
      case 'F': case 'd': use(kDayMs); break;
      case 'H': use(kHourMs); break;
      case 'M': use(kMinuteMs); break;
      default: break;
    }
  }
  return finest;
}

std::string formatted(std::string_view format, std::int64_t instant_ms) {
  using namespace std::chrono;
  if (instant_ms < kFirstMs || instant_ms > kLastMs) return std::string(kNoPartition);
  const sys_time<milliseconds> at{milliseconds(instant_ms)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const auto minutes_of_day = duration_cast<minutes>(at - day).count();
  std::string out;
  char text[16];
  const auto put = [&](const char* pattern, auto value) {
    std::snprintf(text, sizeof text, pattern, value);
    out += text;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'Y': put("%04d", static_cast<int>(date.year())); break;
      case 'm': put("%02u", static_cast<unsigned>(date.month())); break;
      case 'd': put("%02u", static_cast<unsigned>(date.day())); break;
      case 'H': put("%02d", static_cast<int>(minutes_of_day / 60)); break;
      case 'M': put("%02d", static_cast<int>(minutes_of_day % 60)); break;
      case 'F': out += formatted("%Y-%m-%d", instant_ms); break;
      default: out += '%'; break;
    }
  }
  return out;
}

// As Hive escapes values in folders' names. A leading '.' or '_' would hide the folder.
std::string escaped(std::string_view value) {
  if (value.empty() || value.size() > kLongestValue) return std::string(kNoPartition);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    const bool plain = c > 0x20 && c != 0x7f && std::string_view("\"#%'*/:=?\\{}[]^").find(value[i]) == std::string_view::npos;
    if (plain) {
      out += value[i];
      continue;
    }
    char text[4];
    std::snprintf(text, sizeof text, "%%%02X", c);
    out += text;
  }
  return out;
}

Error refused(std::size_t position, const std::string& why) {
  return {.code = ErrorCode::rejected,
          .message = "partition_by, character " + std::to_string(position + 1) + ": " + why,
          .hint = R"(write it like "dt={ts:%F}/hour={ts:%H}" or "region={region}")"};
}

}  // namespace

Result<Partitioning> Partitioning::parse(std::string_view text) {
  Partitioning out;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) out.pieces_.push_back({std::exchange(literal, {}), -2});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '}') return refused(i, "'}' without '{'");
    if (text[i] != '{') {
      if (text[i] == '\\' || static_cast<unsigned char>(text[i]) < 0x20) return refused(i, "a folder cannot have this character");
      literal += text[i];
      continue;
    }
    const auto close = text.find('}', i);
    if (close == std::string_view::npos) return refused(i, "'{' without '}'");
    end_literal();
    SLUICE_RETURN_IF_ERROR(out.add_reference(text.substr(i + 1, close - i - 1), i + 1));
    i = close;
  }
  end_literal();
  bool begins = true;  // a part
  for (const char c : text) {
    if (begins && (c == '/' || c == '.' || c == '_')) return refused(0, "no part may be empty or begin with '.' or '_'");
    begins = c == '/';
  }
  if (begins && !text.empty()) return refused(text.size() - 1, "it ends with '/'");
  return out;
}

Result<void> Partitioning::add_reference(std::string_view reference, std::size_t position) {
  const auto colon = reference.find(':');
  const auto name = reference.substr(0, colon);
  const auto format = colon == std::string_view::npos ? std::string_view() : reference.substr(colon + 1);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() || std::string_view("YmdFHM").find(format[i]) == std::string_view::npos) {
      return refused(position + colon + 1 + i, "a format has %Y, %m, %d, %F, %H and %M");
    }
  }
  if (name == "ts") {
    if (format.empty()) return refused(position, "{ts} needs a format: {ts:%F}");
    if (const auto unit = unit_of(format); unit > 0) period_ms_ = period_ms_ == 0 ? unit : std::min(period_ms_, unit);
    pieces_.push_back({std::string(format), -1});
    return {};
  }
  if (name.empty()) return refused(position, "{} names no column");
  auto at = std::find(columns_.begin(), columns_.end(), name);
  if (at == columns_.end()) at = columns_.insert(columns_.end(), std::string(name));
  pieces_.push_back({std::string(format), static_cast<int>(at - columns_.begin())});
  return {};
}

std::int64_t Partitioning::period_begin(std::int64_t timestamp_ms) const {
  if (period_ms_ == 0) return 0;
  if (timestamp_ms < kFirstMs || timestamp_ms > kLastMs) return INT64_MAX;  // one folder for all of them
  return floor_to(timestamp_ms, period_ms_);
}

std::string Partitioning::folder(std::int64_t timestamp_ms, const std::vector<FolderValue>& values) const {
  std::string out;
  for (const auto& piece : pieces_) {
    if (piece.column == -2) {
      out += piece.text;
    } else if (piece.column == -1) {
      out += formatted(piece.text, timestamp_ms);
    } else {
      const auto& value = values[static_cast<std::size_t>(piece.column)];
      if (value.instant_ms) {
        out += formatted(piece.text.empty() ? "%F" : piece.text, *value.instant_ms);
      } else {
        out += value.text ? escaped(*value.text) : std::string(kNoPartition);
      }
    }
  }
  return out;
}

struct FolderColumns::Impl {
  struct Column {
    std::size_t field = 0;  // of the row
    avro::Type type = avro::Type::null;
    std::string logical_type;
    std::vector<std::string> symbols;
  };
  ValueWalk walk;
  std::vector<Column> columns;
  std::vector<ByteView> fields;

  [[nodiscard]] static FolderValue value(const Column& column, ByteView field);
};

namespace {

// Milliseconds of a date or timestamp; none for another logical type.
std::optional<std::int64_t> instant(std::string_view logical_type, std::int64_t value) {
  if (logical_type == "date") return value * kDayMs;
  if (logical_type.ends_with("timestamp-millis")) return value;
  if (logical_type.ends_with("timestamp-micros")) return floor_to(value, 1000) / 1000;
  if (logical_type.ends_with("timestamp-nanos")) return floor_to(value, 1'000'000) / 1'000'000;
  return std::nullopt;
}

}  // namespace

FolderValue FolderColumns::Impl::value(const Column& column, ByteView field) {
  ByteReader in(field);
  if (in.zigzag() != 1) return {};  // ["null", T]
  switch (column.type) {
    case avro::Type::boolean: return {in.u8() != 0 ? "true" : "false", {}};
    case avro::Type::int_:
    case avro::Type::long_: {
      const auto number = in.zigzag();
      if (const auto at = instant(column.logical_type, number)) return {{}, at};
      return {std::to_string(number), {}};
    }
    case avro::Type::enum_: return {column.symbols[static_cast<std::size_t>(in.zigzag())], {}};
    default: return {std::string(in.view(static_cast<std::size_t>(in.zigzag()))), {}};
  }
}

Result<FolderColumns> FolderColumns::compile(const avro::Schema& row, const Partitioning& partitioning) {
  SLUICE_TRY(auto walk, ValueWalk::compile(row.text()));
  auto impl = std::make_shared<Impl>(Impl{std::move(walk), {}, {}});
  for (const auto& name : partitioning.columns()) {
    const auto& fields = row.root().fields;
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == name; });
    const auto* type = found != fields.end() && found->type->branches.size() == 2 ? found->type->branches[1] : nullptr;
    const bool scalar = type != nullptr && (type->type == avro::Type::boolean || type->type == avro::Type::int_ ||
                                            type->type == avro::Type::long_ || type->type == avro::Type::enum_ ||
                                            type->type == avro::Type::string);
    if (!scalar) {
      return Error{.code = ErrorCode::rejected,
                   .message = "partition_by: " + (type == nullptr ? "there is no column " + name : "column " + name + " is of a type that cannot name a folder")};
    }
    impl->columns.push_back({static_cast<std::size_t>(found - fields.begin()), type->type, type->logical_type, type->symbols});
  }
  FolderColumns out;
  out.impl_ = std::move(impl);
  return out;
}

bool FolderColumns::read(ByteView row, std::vector<FolderValue>& values) {
  values.clear();
  if (!impl_->walk.split(row, impl_->fields)) return false;
  for (const auto& column : impl_->columns) values.push_back(Impl::value(column, impl_->fields[column.field]));
  return true;
}

}  // namespace sluice::deliver::archive
