// Writing: each column compiled to one step, and the bytes written where they stay; no program is walked.

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "flow/rows/columns.h"
#include "base/escape.h"
#include "flow/rows/decimal.h"
#include "flow/rows/rows.h"
#include "flow/value/function.h"

namespace sluice::flow {
namespace {

namespace json = boost::json;

json::object logical(std::string_view type, std::string_view name) { return {{"type", type}, {"logicalType", name}}; }

bool is_decimal(const Type& type) { return type.kind == TypeKind::numeric && type.precision > 0 && type.scale >= 0 && type.scale <= type.precision; }

Result<json::value> avro_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean: return json::value("boolean");
    case TypeKind::int2:
    case TypeKind::int4: return json::value("int");
    case TypeKind::int8: return json::value("long");
    case TypeKind::float4: return json::value("float");
    case TypeKind::float8: return json::value("double");
    case TypeKind::bytea: return json::value("bytes");
    case TypeKind::date: return json::value(logical("int", "date"));
    case TypeKind::time: return json::value(logical("long", "time-micros"));
    case TypeKind::timestamp: return json::value(logical("long", "local-timestamp-micros"));
    case TypeKind::timestamptz: return json::value(logical("long", "timestamp-micros"));
    case TypeKind::uuid: return json::value(logical("string", "uuid"));
    case TypeKind::numeric: {
      if (!is_decimal(type)) return json::value("string");
      auto decimal = logical("bytes", "decimal");
      decimal["precision"] = type.precision;
      decimal["scale"] = type.scale;
      return json::value(std::move(decimal));
    }
    case TypeKind::opaque: break;
    default: return json::value("string");
  }
  boost::system::error_code error;
  auto parsed = type.avro ? json::parse(*type.avro, error) : json::value();
  if (!type.avro || error) return Error{ErrorCode::rejected, "a column has no Avro schema"};
  return parsed;
}

json::value or_null(json::value type) {
  if (!type.is_array()) return json::array{"null", std::move(type)};
  json::array branches{"null"};
  for (auto& branch : type.get_array()) branches.push_back(std::move(branch));
  return branches;
}

enum class Write : std::uint8_t { boolean, integer, float4, float8, text, decimal, printed, opaque, opaque_union };

struct Step {
  Write write = Write::text;
  bool nullable = true;
};

Write write_of(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean: return Write::boolean;
    case TypeKind::int2:
    case TypeKind::int4:
    case TypeKind::int8:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz: return Write::integer;
    case TypeKind::float4: return Write::float4;
    case TypeKind::float8: return Write::float8;
    case TypeKind::numeric: return is_decimal(type) ? Write::decimal : Write::printed;
    case TypeKind::interval: return Write::printed;
    case TypeKind::opaque: return type.avro && type.avro->starts_with('[') ? Write::opaque_union : Write::opaque;
    default: return Write::text;
  }
}

// Bytes at the end of a string that grows as it must.
class Room {
 public:
  explicit Room(Bytes& out) : out_(out), to_(out.data() + out.size()), limit_(to_) {}
  ~Room() { resize(written()); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  void byte(char value) {
    need(1);
    *to_++ = value;
  }
  void varint(std::uint64_t value) {
    need(10);
    while (value >= 0x80) {
      *to_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *to_++ = static_cast<char>(value);
  }
  void raw(const void* bytes, std::size_t size) {
    if (size == 0) return;  // they may be nowhere
    need(size);
    std::memcpy(to_, bytes, size);
    to_ += size;
  }
  void sized(ByteView text) {
    varint(std::uint64_t{text.size()} << 1);
    raw(text.data(), text.size());
  }
  void cut(std::size_t size) { to_ = out_.data() + size; }
  [[nodiscard]] std::size_t written() const { return static_cast<std::size_t>(to_ - out_.data()); }

 private:
  void need(std::size_t size) {
    if (static_cast<std::size_t>(limit_ - to_) < size) [[unlikely]] grow(size);
  }
  [[gnu::noinline]] void grow(std::size_t size) {
    const auto used = written();
    resize(used + size <= out_.capacity() ? out_.capacity() : std::max({used + size, 2 * out_.capacity(), std::size_t{256}}));
    to_ = out_.data() + used;
    limit_ = out_.data() + out_.size();
  }
  void resize(std::size_t size) {
    out_.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
  }

  Bytes& out_;
  char* to_;
  char* limit_;
};

class CompiledWriter final : public RowWriter {
 public:
  CompiledWriter(std::vector<Column> columns, std::vector<Step> steps) : columns_(std::move(columns)), steps_(std::move(steps)) {}

  Result<void> write(Row row, Bytes& out) const override {
    const auto begin = out.size();
    Room room(out);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (auto written = value(i, row[i], room); !written.ok()) [[unlikely]] {
        room.cut(begin);
        return std::move(written).error().in("column " + columns_[i].name);
      }
    }
    return {};
  }

 private:
  [[nodiscard]] Result<void> value(std::size_t i, const Value& value, Room& room) const {
    const auto& step = steps_[i];
    if (value.null) {
      if (!step.nullable) return Error{ErrorCode::rejected, "null in a key"};
      room.byte(0);
      return {};
    }
    if (step.nullable && step.write != Write::opaque_union) room.byte(2);
    switch (step.write) {
      case Write::boolean: room.byte(value.boolean ? 1 : 0); return {};
      case Write::integer: room.varint(zigzag_encode(value.integer)); return {};
      case Write::float8: room.raw(&value.floating, sizeof value.floating); return {};  // little-endian, as this machine
      case Write::text: room.sized(value.text); return {};
      default: return rare(i, value, room);
    }
  }

  [[nodiscard]] [[gnu::noinline]] Result<void> rare(std::size_t i, const Value& value, Room& room) const {
    const auto& step = steps_[i];
    switch (step.write) {
      case Write::float4: {
        const auto single = static_cast<float>(value.floating);
        room.raw(&single, sizeof single);
        return {};
      }
      case Write::decimal: {
        Bytes bytes;
        SLUICE_RETURN_IF_ERROR(decimal_bytes(columns_[i].type, value, bytes));
        room.sized(bytes);
        return {};
      }
      case Write::printed: room.sized(value_text(columns_[i].type, value)); return {};
      case Write::opaque_union:
        if (value.text.empty()) return Error{ErrorCode::rejected, "no Avro value of its union"};
        if (step.nullable) room.byte(static_cast<char>(value.text.front() + 2));
        room.raw(value.text.data() + (step.nullable ? 1 : 0), value.text.size() - (step.nullable ? 1 : 0));
        return {};
      default: room.raw(value.text.data(), value.text.size()); return {};
    }
  }

  std::vector<Column> columns_;
  std::vector<Step> steps_;
};

}  // namespace

Result<avro::Schema> RowWriter::schema_of(const std::vector<Column>& columns, const std::string& space, const std::string& name, bool keys,
                                          const std::vector<bool>& nullable) {
  json::array fields;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& column = columns[i];
    auto type = avro_type(column.type);
    if (!type.ok()) return std::move(type).error().in(column.name);
    json::object field{{"name", escape_avro_name(column.name)}, {"type", keys && (nullable.empty() || !nullable[i]) ? *std::move(type) : or_null(*std::move(type))}};
    if (!keys) {
      field["default"] = nullptr;
      if (column.type.kind != TypeKind::opaque) field["sqlType"] = type_text(column.type);
      if (escape_avro_name(column.name) != column.name) field["sqlName"] = column.name;
    }
    fields.push_back(std::move(field));
  }
  json::object record{{"type", "record"}, {"name", name}};
  if (!space.empty()) record["namespace"] = space;
  record["fields"] = std::move(fields);
  return avro::Schema::parse(json::serialize(record));
}

Result<std::unique_ptr<RowWriter>> RowWriter::open(const avro::Schema& schema, const std::vector<Column>& columns) {
  const auto& fields = schema.root().fields;
  if (schema.root().type != avro::Type::record || fields.size() != columns.size()) {
    return Error{ErrorCode::rejected, "an Avro schema of " + std::to_string(fields.size()) + " fields is not that of " + std::to_string(columns.size()) + " columns"};
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < columns.size(); ++i) steps.push_back({write_of(columns[i].type), field_type(fields[i]).null_branch == 0});
  return std::unique_ptr<RowWriter>(std::make_unique<CompiledWriter>(columns, std::move(steps)));
}

}  // namespace sluice::flow
