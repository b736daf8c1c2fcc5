#include "capture/postgres/encode.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::int64_t kLastYear = 5'874'897;  // PostgreSQL's

Error bad(std::string_view type, std::string_view text) {
  return {ErrorCode::corrupt, "'" + std::string(text.substr(0, 80)) + "' is no " + std::string(type)};
}

void zigzag(std::int64_t value, Bytes& out) {
  const auto code = zigzag_encode(value);
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else {
    ByteWriter(out).varint(code);
  }
}

void put_bytes(std::string_view bytes, Bytes& out) {
  zigzag(static_cast<std::int64_t>(bytes.size()), out);
  out.append(bytes);
}

template <typename T>
Result<bool> integer(std::string_view text, Bytes& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return bad("integer", text);
  zigzag(value, out);
  return true;
}

template <typename T>
Result<bool> floating(std::string_view text, Bytes& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);  // takes NaN and Infinity
  if (error == std::errc::result_out_of_range) {
    const std::string whole(text);  // under the least normal number
    value = sizeof(T) == sizeof(float) ? static_cast<T>(std::strtof(whole.c_str(), nullptr)) : static_cast<T>(std::strtod(whole.c_str(), nullptr));
  } else if (error != std::errc{} || end != text.data() + text.size()) {
    return bad("number", text);
  }
  if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();  // one NaN
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof raw);  // little-endian, as the machines we build for are
  return true;
}

constexpr std::array<std::int8_t, 256> kHexDigits = [] {
  std::array<std::int8_t, 256> digits;
  digits.fill(-1);
  for (int i = 0; i < 10; ++i) digits[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) digits[static_cast<std::size_t>('a' + i)] = digits[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  return digits;
}();

Result<bool> bytea(std::string_view text, Bytes& out) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return bad("bytea in hex", text);
  const auto size = text.size() / 2 - 1;
  zigzag(static_cast<std::int64_t>(size), out);
  const auto start = out.size();
  out.resize(start + size);
  int wrong = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = kHexDigits[static_cast<unsigned char>(text[2 * i + 2])];
    const int low = kHexDigits[static_cast<unsigned char>(text[2 * i + 3])];
    wrong |= high | low;  // negative when one of them is
    out[start + i] = static_cast<char>(high * 16 + low);
  }
  if (wrong < 0) return bad("bytea in hex", text);
  return true;
}

// The least two's complement of a decimal text times 10^scale, big-endian.
Result<bool> decimal(std::string_view text, std::int32_t scale, Bytes& out) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return false;
  const bool negative = text.starts_with('-');
  std::vector<std::uint32_t> limbs(1, 0);  // little-endian magnitude
  std::int32_t fraction = -1;
  const auto times_ten_plus = [&](std::uint32_t digit) {
    std::uint64_t carry = digit;
    for (auto& limb : limbs) {
      carry += std::uint64_t{limb} * 10;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) limbs.push_back(static_cast<std::uint32_t>(carry));
  };
  for (const char c : text.substr(negative ? 1 : 0)) {
    if (c == '.' && fraction < 0) {
      fraction = 0;
      continue;
    }
    if (c < '0' || c > '9') return bad("numeric", text);
    if (fraction >= 0 && fraction++ >= scale) {
      if (c != '0') return false;  // more digits than the column's scale: cannot be
      --fraction;
      continue;
    }
    times_ten_plus(static_cast<std::uint32_t>(c - '0'));
  }
  for (auto i = std::max(fraction, 0); i < scale; ++i) times_ten_plus(0);
  Bytes big(1, '\0');
  for (auto limb = limbs.rbegin(); limb != limbs.rend(); ++limb) {
    char raw[4];
    store_be<std::uint32_t>(raw, *limb);
    big.append(raw, 4);
  }
  if (negative) {
    int carry = 1;
    for (auto byte = big.rbegin(); byte != big.rend(); ++byte) {
      const int value = (static_cast<unsigned char>(*byte) ^ 0xff) + carry;
      *byte = static_cast<char>(value);
      carry = value >> 8;
    }
  }
  std::size_t first = 0;
  while (first + 1 < big.size()) {
    const auto byte = static_cast<unsigned char>(big[first]);
    const bool next_negative = (static_cast<unsigned char>(big[first + 1]) & 0x80U) != 0;
    if ((byte == 0 && !next_negative) || (byte == 0xff && next_negative)) {
      ++first;
    } else {
      break;
    }
  }
  put_bytes(ByteView(big).substr(first), out);
  return true;
}

// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_of(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const auto era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = year - era * 400;
  const auto day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct TextCursor {
  std::string_view text;

  bool number(std::int64_t& out, std::int64_t most) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || text.front() == '-' || out > most) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  }
  bool take(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
};

// "YYYY-MM-DD" at the start of `cursor`; years BC are marked at the end of the whole text.
bool read_date(TextCursor& cursor, bool bc, std::int64_t& days) {
  std::int64_t year = 0, month = 0, day = 0;
  if (!cursor.number(year, kLastYear) || !cursor.take('-') || !cursor.number(month, 12) || !cursor.take('-') || !cursor.number(day, 31)) return false;
  days = days_of(bc ? 1 - year : year, static_cast<int>(month), static_cast<int>(day));
  return true;
}

// "HH:MM:SS[.ffffff]"
bool read_time(TextCursor& cursor, std::int64_t& micros) {
  std::int64_t hour = 0, minute = 0, second = 0;
  if (!cursor.number(hour, 24) || !cursor.take(':') || !cursor.number(minute, 59) || !cursor.take(':') || !cursor.number(second, 60)) return false;
  micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond;
  if (!cursor.take('.')) return true;
  std::int64_t unit = kMicrosPerSecond / 10;
  for (; !cursor.text.empty() && cursor.text.front() >= '0' && cursor.text.front() <= '9'; unit /= 10) {
    micros += (cursor.text.front() - '0') * unit;
    cursor.text.remove_prefix(1);
  }
  return true;
}

bool is_infinite(std::string_view text) { return text == "infinity" || text == "-infinity"; }

bool cut_bc(std::string_view& text) {
  if (!text.ends_with(" BC")) return false;
  text.remove_suffix(3);
  return true;
}

Result<bool> date(std::string_view text, Bytes& out) {
  if (is_infinite(text)) return false;
  TextCursor cursor{text};
  const bool bc = cut_bc(cursor.text);
  std::int64_t days = 0;
  if (!read_date(cursor, bc, days) || !cursor.text.empty()) return bad("date", text);
  if (days < INT32_MIN || days > INT32_MAX) return false;
  zigzag(days, out);
  return true;
}

Result<bool> time(std::string_view text, Bytes& out) {
  TextCursor cursor{text};
  std::int64_t micros = 0;
  if (!read_time(cursor, micros) || !cursor.text.empty()) return bad("time", text);
  if (micros >= kMicrosPerDay) return false;  // 24:00:00: Avro's time is within a day
  zigzag(micros, out);
  return true;
}

// With `zone` the text ends in "+00": every connection of ours has time zone UTC.
Result<bool> timestamp(std::string_view text, bool zone, Bytes& out) {
  if (is_infinite(text)) return false;
  TextCursor cursor{text};
  const bool bc = cut_bc(cursor.text);
  if (zone) {
    if (!cursor.text.ends_with("+00")) return bad("timestamp in UTC", text);
    cursor.text.remove_suffix(3);
  }
  std::int64_t days = 0, micros = 0, total = 0;
  if (!read_date(cursor, bc, days) || !cursor.take(' ') || !read_time(cursor, micros) || !cursor.text.empty()) return bad("timestamp", text);
  if (__builtin_mul_overflow(days, kMicrosPerDay, &total) || __builtin_add_overflow(total, micros, &total)) return false;
  zigzag(total, out);
  return true;
}

// One element of an array's text: quoted or bare. Gives false when the text is no array of one dimension.
bool array_element(std::string_view& text, std::string& element, bool& is_null) {
  element.clear();
  is_null = false;
  if (text.front() == '{') return false;
  if (text.front() != '"') {
    const auto end = std::min(text.find_first_of(",}"), text.size());
    for (std::size_t i = 0; i < end; ++i) element += text[i];
    is_null = element == "NULL";
    text.remove_prefix(end);
    return true;
  }
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    element += text[i];
  }
  if (i >= text.size()) return false;
  text.remove_prefix(i + 1);
  return true;
}

// Arrays of one dimension that begin at 1; others ('[0:1]={…}', '{{…}}') Avro's arrays cannot tell apart.
Result<bool> array(const ColumnType& type, std::string_view text, Bytes& out) {
  if (!text.starts_with('{') || !text.ends_with('}')) return false;
  const ColumnType element_type{.kind = type.element, .precision = type.element_precision, .scale = type.element_scale};
  Bytes items;
  std::int64_t count = 0;
  std::string element;
  auto rest = text.substr(1, text.size() - 2);
  while (!rest.empty()) {
    bool is_null = false;
    if (!array_element(rest, element, is_null)) return false;
    zigzag(is_null ? 0 : 1, items);
    if (!is_null) {
      SLUICE_TRY(const bool held, encode_text(element_type, element, items));
      if (!held) return false;
    }
    ++count;
    if (rest.empty()) break;
    if (rest.front() != ',') return bad("array", text);
    rest.remove_prefix(1);
  }
  if (count > 0) {
    zigzag(count, out);
    out += items;
  }
  zigzag(0, out);
  return true;
}

}  // namespace

Result<bool> encode_text(const ColumnType& type, std::string_view text, Bytes& out) {
  switch (type.kind) {
    case Kind::boolean:
      if (text != "t" && text != "f") return bad("boolean", text);
      out.push_back(text == "t" ? '\1' : '\0');
      return true;
    case Kind::int32: return integer<std::int32_t>(text, out);
    case Kind::int64: return integer<std::int64_t>(text, out);
    case Kind::float32: return floating<float>(text, out);
    case Kind::float64: return floating<double>(text, out);
    case Kind::text:
    case Kind::uuid: put_bytes(text, out); return true;
    case Kind::bytes: return bytea(text, out);
    case Kind::decimal: return decimal(text, type.scale, out);
    case Kind::date: return date(text, out);
    case Kind::time: return time(text, out);
    case Kind::local_timestamp: return timestamp(text, false, out);
    case Kind::timestamp: return timestamp(text, true, out);
    case Kind::array: return array(type, text, out);
  }
  return false;
}

RowEncoder::RowEncoder(const Table& table, SchemaId key_id, SchemaId value_id)
    : key_(table.key), key_id_(key_id), value_id_(value_id) {
  for (const auto& column : table.columns) {
    types_.push_back(column.type);
    names_.push_back(boost::json::serialize(boost::json::value(column.name)));
  }
}

Result<void> RowEncoder::value(std::span<const Cell> cells, Bytes& out) {
  if (cells.size() != types_.size()) return Error{ErrorCode::corrupt, "a row with " + std::to_string(cells.size()) + " columns; the table has " + std::to_string(types_.size())};
  special_.clear();
  unchanged_.clear();
  ByteWriter writer(out);
  writer.u8(0);
  writer.i32(value_id_.value);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto& cell = cells[i];
    if (cell.is == Cell::Is::unchanged) unchanged_ += (unchanged_.empty() ? "[" : ",") + names_[i];
    if (cell.is != Cell::Is::text) {
      out.push_back('\0');
      continue;
    }
    const auto start = out.size();
    out.push_back('\2');  // the union's second branch
    SLUICE_TRY(const bool held, encode_text(types_[i], cell.text, out));
    if (held) continue;
    out.resize(start);
    out.push_back('\0');
    special_ += (special_.empty() ? "{" : ",") + names_[i] + ":" + boost::json::serialize(boost::json::value(cell.text));
  }
  if (!special_.empty()) special_ += '}';
  if (!unchanged_.empty()) unchanged_ += ']';
  return {};
}

Result<void> RowEncoder::key(std::span<const Cell> cells, Bytes& out) {
  ByteWriter writer(out);
  writer.u8(0);
  writer.i32(key_id_.value);
  for (const auto index : key_) {
    if (index >= cells.size() || cells[index].is != Cell::Is::text) {
      return Error{ErrorCode::rejected, "key column " + names_[index] + " has no value"};
    }
    SLUICE_TRY(const bool held, encode_text(types_[index], cells[index].text, out));
    if (!held) {
      return Error{ErrorCode::rejected, "key column " + names_[index] + ": Avro cannot hold '" + std::string(cells[index].text) + "'"};
    }
  }
  return {};
}

}  // namespace sluice::capture::postgres
