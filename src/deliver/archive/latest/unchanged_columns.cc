#include "deliver/archive/latest/unchanged_columns.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/uuid.h"

namespace sluice::deliver::archive {

namespace json = boost::json;

namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

std::optional<Bytes> from_hex(ByteView text) {
  Bytes out;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
  }
  return out;
}

// As the table calls a column.
std::string name_in_table(const avro::Field& field) {
  boost::system::error_code failed;
  for (const auto& [name, text] : field.properties) {
    if (name != "sqlName") continue;
    const auto value = json::parse(text, failed);
    if (!failed && value.is_string()) return std::string(value.get_string());
  }
  const auto plain = "_" + field.name.substr(std::min<std::size_t>(4, field.name.size()));
  return field.name.starts_with("_x5f") && is_archive_column(plain) ? plain : field.name;
}

// Of a nullable text's field; none for null.
std::optional<ByteView> text_of(ByteView field) {
  ByteReader in(field);
  if (in.zigzag() != 1) return std::nullopt;
  return in.view(static_cast<std::size_t>(in.zigzag()));
}

Bytes nullable_text(const std::string& text) {
  Bytes out;
  ByteWriter writer(out);
  if (text.empty()) return writer.u8(0), out;
  writer.u8(2);
  writer.zigzag(static_cast<std::int64_t>(text.size()));
  writer.raw(text);
  return out;
}

json::array array_of(std::optional<ByteView> text) {
  boost::system::error_code failed;
  auto value = text ? json::parse(json::string_view(text->data(), text->size()), failed) : json::value();
  return !failed && value.is_array() ? std::move(value.get_array()) : json::array();
}

json::object object_of(std::optional<ByteView> text) {
  boost::system::error_code failed;
  auto value = text ? json::parse(json::string_view(text->data(), text->size()), failed) : json::value();
  return !failed && value.is_object() ? std::move(value.get_object()) : json::object();
}

}  // namespace

Result<RowParts> RowParts::of(const RowSchema& schema) {
  SLUICE_TRY(auto walk, ValueWalk::compile(schema.text));
  RowParts out{.walk = std::move(walk)};
  const auto& own = schema.own.root().fields;
  for (std::size_t i = 0; i < own.size(); ++i) out.own.emplace(name_in_table(own[i]), i);
  for (std::size_t i = own.size(); i < out.walk.fields().size(); ++i) {
    if (out.walk.fields()[i].name == "_unchanged") out.unchanged = i;
    if (out.walk.fields()[i].name == "_special") out.special = i;
  }
  return out;
}

std::optional<Bytes> old_key(const pipeline::ReadRecord& record) {
  const auto text = record.header("__oldkey");
  return text ? from_hex(*text) : std::nullopt;
}

Result<KeptRows::Place> KeptRows::append(ByteView row) {
  if (tail_.size() + row.size() > kPieceBytes) SLUICE_RETURN_IF_ERROR(flush());
  const Place place{flushed_ + tail_.size(), row.size()};
  tail_.append(row);
  return place;
}

Result<void> KeptRows::flush() {
  if (!file_) {
    SLUICE_RETURN_IF_ERROR(fs_.create_directories(folder_));
    const auto id = Uuid::random();
    const auto path = folder_ + "/kept-" + hex({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    SLUICE_TRY(file_, fs_.open(path, io::OpenMode::create_new));
    SLUICE_RETURN_IF_ERROR(fs_.remove(path));  // it lives as long as it is open
  }
  SLUICE_RETURN_IF_ERROR(file_->write_at(flushed_, tail_));
  flushed_ += tail_.size();
  tail_.clear();
  return {};
}

Result<Bytes> KeptRows::read(const Place& place) const {
  if (place.at >= flushed_) return Bytes(tail_, static_cast<std::size_t>(place.at - flushed_), place.size);
  return file_->read_exactly(place.at, place.size);
}

void UnchangedColumns::note(const Hash128& key, const pipeline::ReadRecord& record, const std::optional<Hash128>& before) {
  if (!record.value || !record.header("__unchanged")) return;
  lacking_[key] = record.offset;
  if (before) renamed_.emplace_back(key, *before);
}

void UnchangedColumns::finish(const NewestRecords& newest) {
  for (const auto& [key, offset] : lacking_) {
    if (newest.newest(key) == offset) needed_.insert(key);
  }
  lacking_.clear();
  std::unordered_multimap<Hash128, Hash128> before;
  for (const auto& [key, old] : renamed_) before.emplace(key, old);
  renamed_ = {};
  std::vector<Hash128> open(needed_.begin(), needed_.end());
  while (!open.empty()) {
    const auto [begin, end] = before.equal_range(open.back());
    open.pop_back();
    for (auto at = begin; at != end; ++at) {
      if (needed_.insert(at->second).second) open.push_back(at->second);
    }
  }
}

Result<void> UnchangedColumns::fill(const Hash128& key, const std::optional<Hash128>& before, ByteView unchanged,
                                    const RowParts& schema, Bytes& row) {
  const auto kept = kept_.find(before.value_or(key));
  if (kept == kept_.end()) return {};
  SLUICE_TRY(const auto base, rows_.read(kept->second));
  boost::system::error_code failed;
  const auto names = json::parse(json::string_view(unchanged.data(), unchanged.size()), failed);
  std::vector<ByteView> fields, from;
  if (failed || !names.is_array() || !schema.walk.split(row, fields) || !schema.walk.split(base, from)) return {};
  const auto still = array_of(text_of(from[schema.unchanged]));  // what the earlier row lacks itself
  const auto earlier = object_of(text_of(from[schema.special]));
  auto special = object_of(text_of(fields[schema.special]));
  json::array left;
  for (const auto& name : names.get_array()) {
    if (!name.is_string()) continue;
    if (std::ranges::find(still, name) != still.end()) {
      left.push_back(name);
    } else if (const auto at = schema.own.find(std::string_view(name.get_string())); at != schema.own.end()) {
      fields[at->second] = from[at->second];
    }
    if (const auto* text = earlier.if_contains(name.get_string())) special[name.get_string()] = *text;
  }
  const auto unchanged_text = nullable_text(left.empty() ? "" : json::serialize(left));
  const auto special_text = nullable_text(special.empty() ? "" : json::serialize(special));
  fields[schema.unchanged] = unchanged_text;
  fields[schema.special] = special_text;
  Bytes filled;
  for (const auto& field : fields) filled.append(field);
  row = std::move(filled);
  return {};
}

Result<void> UnchangedColumns::keep(const Hash128& key, ByteView row) {
  SLUICE_TRY(kept_[key], rows_.append(row));
  return {};
}

}  // namespace sluice::deliver::archive
