// Reading: the writer's fields, in their order, each compiled to one step: how its bytes are read, and which column they are. A
// record is one loop over the steps, without a visitor: most are flat. What nests is passed over, or made the column's own bytes, by
// the Avro module.

#include <algorithm>
#include <bit>
#include <memory>
#include <string>

#include "avro/program.h"
#include "avro/resolution.h"
#include "avro/utf8.h"
#include "avro/varint.h"
#include "flow/rows/columns.h"
#include "flow/rows/rows.h"
#include "flow/value/function.h"

namespace sluice::flow {
namespace {

enum class Read : std::uint8_t {
  boolean, integer, numeric, floating, milliseconds, nanoseconds, float4, float8, float8_of_float4, float4_of_float8,
  text, parsed, symbol, bytes, fixed, uuid, decimal, fixed_decimal, opaque, pass
};

struct Step {
  Read read = Read::pass;
  std::int8_t null_branch = -1;  // of a union with one other: its number is the other's, too
  bool is_int = false;           // its Avro type
  std::uint32_t column = 0;
  std::uint32_t size = 0;        // of a fixed
  std::int32_t scale = 0;
  std::int64_t least = 0;        // integer: what the column's type holds
  std::int64_t greatest = 0;
  std::uint32_t field = 0;
  const avro::Node* node = nullptr;
};

// A column whose bytes are Avro's.
struct Opaque {
  avro::Resolution resolution;  // the field as a record of its own to one whose field has null as branch 0
  bool is_union = false;
};

enum class Fault : std::uint8_t { none, corrupt, beyond, utf8, other };

struct Cursor {
  const char* at;
  const char* end;
  Fault fault = Fault::none;
  Error error = {};

  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end - at); }
  bool fail(Fault why) {
    fault = why;
    return false;
  }
  bool fail(Error why) {
    error = std::move(why);
    return fail(Fault::other);
  }
  bool varint(std::uint64_t& value) {
    const auto read = avro::read_varint(at, end);
    if (read.at == nullptr) [[unlikely]] return fail(Fault::corrupt);
    at = read.at;
    value = read.value;
    return true;
  }
  bool number(const Step& step, std::int64_t& value) {
    std::uint64_t raw = 0;
    if (!varint(raw)) return false;
    value = zigzag_decode(raw);
    return !step.is_int || value == static_cast<std::int32_t>(value) || fail(Fault::corrupt);
  }
  bool sized(ByteView& out) {
    std::uint64_t size = 0;
    if (!varint(size)) return false;
    if ((size & 1) != 0 || size >> 1 > left()) [[unlikely]] return fail(Fault::corrupt);
    out = {at, size >> 1};
    at += size >> 1;
    return true;
  }
  bool take(std::size_t size, ByteView& out) {
    if (size > left()) [[unlikely]] return fail(Fault::corrupt);
    out = {at, size};
    at += size;
    return true;
  }
  bool text(ByteView& out) { return sized(out) && (avro::is_utf8(out) || fail(Fault::utf8)); }
};

template <typename Number>
bool raw(Cursor& cursor, Number& number) {
  ByteView bytes;
  if (!cursor.take(sizeof number, bytes)) return false;
  std::memcpy(&number, bytes.data(), sizeof number);  // little-endian, as this machine
  return true;
}

// Two's complement, big-endian.
Value numeric_of(ByteView bytes, std::int32_t scale) {
  while (bytes.size() > 1) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const bool negative = (static_cast<unsigned char>(bytes[1]) & 0x80) != 0;
    if (first != (negative ? 0xff : 0x00)) break;
    bytes.remove_prefix(1);
  }
  auto value = Value::of_numeric(0, scale);
  if (bytes.size() > sizeof(std::int64_t)) {
    value.text = bytes;
    return value;
  }
  std::uint64_t unscaled = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) unscaled = unscaled << 8 | static_cast<unsigned char>(byte);
  value.integer = static_cast<std::int64_t>(unscaled);
  return value;
}

std::string_view uuid_text(ByteView bytes, Arena& arena) {
  constexpr std::string_view kHex = "0123456789abcdef";
  char* const begin = arena.bytes(36);
  char* to = begin;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    *to++ = kHex[static_cast<unsigned char>(bytes[i]) & 15U];
  }
  return {begin, 36};
}

// As PostgreSQL prints it: with that form nothing is left to be read.
bool is_printed_uuid(ByteView text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kForm, [](char c, char form) {
    return form == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

class CompiledReader final : public RowReader {
 public:
  CompiledReader(avro::Schema writer, std::vector<Column> columns)
      : columns_(std::move(columns)), program_(std::move(writer)), opaque_(program_.schema().root().fields.size()) {}

  Result<void> compile();
  Result<void> read(ByteView body, std::span<Value> row, Arena& arena) const override;

 private:
  Result<Step> step_of(std::size_t field, std::uint32_t column);
  Result<void> make_opaque(std::size_t field, const Type& type);
  [[nodiscard]] Error unreadable(std::size_t field, std::uint32_t column) const;
  bool value(const Step& step, Cursor& cursor, Value& out, Arena& arena) const;
  bool integer(const Step& step, Cursor& cursor, Value& out) const;
  bool rare(const Step& step, Cursor& cursor, Value& out, Arena& arena) const;
  bool number(const Step& step, Cursor& cursor, Value& out) const;
  bool binary(const Step& step, Cursor& cursor, Value& out, Arena& arena) const;
  bool parsed(const Step& step, Cursor& cursor, Value& out, Arena& arena) const;
  bool opaque(const Step& step, Cursor& cursor, Value& out, Arena& arena) const;
  bool pass(const Step& step, Cursor& cursor) const;
  [[nodiscard]] Error fault(const Step& step, Cursor& cursor, ByteView body) const;

  std::vector<Column> columns_;
  avro::Program program_;  // of the writer
  std::vector<Step> steps_;
  std::vector<std::uint32_t> missing_;
  std::vector<std::unique_ptr<Opaque>> opaque_;  // by field
};

// --- compiling

bool is_whole(TypeKind kind) { return kind == TypeKind::int2 || kind == TypeKind::int4 || kind == TypeKind::int8; }

void limit(Step& step, TypeKind kind) {
  const auto set = [&]<typename T>(T) {
    step.least = std::numeric_limits<T>::min();
    step.greatest = std::numeric_limits<T>::max();
  };
  if (kind == TypeKind::int2) return set(std::int16_t{});
  kind == TypeKind::int4 || kind == TypeKind::date ? set(std::int32_t{}) : set(std::int64_t{});
}

// int and long. `pass` stands for: not readable as that.
Read read_of_number(const avro::Node& node, TypeKind to) {
  const std::string_view logical = node.logical_type;
  if (logical == "date") return to == TypeKind::date ? Read::integer : Read::pass;
  if (logical.starts_with("time-") ? to != TypeKind::time : !logical.empty() && !is_time(to)) return Read::pass;
  if (logical.ends_with("-millis")) return Read::milliseconds;
  if (logical.ends_with("-micros")) return Read::integer;
  if (logical.ends_with("-nanos")) return Read::nanoseconds;
  if (is_whole(to)) return Read::integer;
  if (to == TypeKind::numeric) return Read::numeric;
  return to == TypeKind::float4 || to == TypeKind::float8 ? Read::floating : Read::pass;
}

Read read_of_bytes(const avro::Node& node, TypeKind to) {
  const bool fixed = node.type == avro::Type::fixed;
  if (node.logical_type == "decimal") return to != TypeKind::numeric ? Read::pass : fixed ? Read::fixed_decimal : Read::decimal;
  if (node.logical_type == "uuid") return to == TypeKind::uuid && node.size == 16 ? Read::uuid : Read::pass;
  return to != TypeKind::bytea ? Read::pass : fixed ? Read::fixed : Read::bytes;
}

Read read_of(const avro::Node& node, TypeKind to) {
  const bool text = to == TypeKind::text || to == TypeKind::json;
  switch (node.type) {
    case avro::Type::boolean: return to == TypeKind::boolean ? Read::boolean : Read::pass;
    case avro::Type::int_:
    case avro::Type::long_: return read_of_number(node, to);
    case avro::Type::float_: return to == TypeKind::float4 ? Read::float4 : to == TypeKind::float8 ? Read::float8_of_float4 : Read::pass;
    case avro::Type::double_: return to == TypeKind::float8 ? Read::float8 : to == TypeKind::float4 ? Read::float4_of_float8 : Read::pass;
    case avro::Type::string: return text ? Read::text : Read::parsed;
    case avro::Type::enum_: return text ? Read::symbol : Read::pass;
    case avro::Type::bytes:
    case avro::Type::fixed: return read_of_bytes(node, to);
    default: return Read::pass;
  }
}

Error CompiledReader::unreadable(std::size_t field, std::uint32_t column) const {
  const auto& node = *field_type(program_.schema().root().fields[field]).node;
  const auto of = node.logical_type.empty() ? std::string(avro::type_name(node.type)) : node.logical_type;
  return {ErrorCode::rejected, "column " + columns_[column].name + " is " + type_text(columns_[column].type) + "; the writer's schema has it as " + of};
}

Result<void> CompiledReader::make_opaque(std::size_t field, const Type& type) {
  const auto& schema = program_.schema();
  if (!type.avro) return Error{ErrorCode::rejected, "column " + schema.root().fields[field].name + " has no Avro schema"};
  const bool is_union = type.avro->starts_with('[');
  const auto others = is_union ? type.avro->substr(1, type.avro->size() - 2) : *type.avro;
  SLUICE_TRY(const auto reader, avro::Schema::parse(R"({"type":"record","name":"R","fields":[{"name":)" + avro::json_quote(schema.root().fields[field].name) +
                                                        R"(,"type":["null",)" + others + "]}]}", {.validate_names = false}));
  SLUICE_TRY(auto resolution, avro::Resolution::compile(schema.with_fields({field}), reader));
  opaque_[field] = std::make_unique<Opaque>(Opaque{std::move(resolution), is_union});
  return {};
}

Result<Step> CompiledReader::step_of(std::size_t field, std::uint32_t column) {
  const auto& type = columns_[column].type;
  const auto from = field_type(program_.schema().root().fields[field]);
  Step step{.column = column, .field = static_cast<std::uint32_t>(field), .node = from.node};
  if (type.kind == TypeKind::opaque) {
    SLUICE_RETURN_IF_ERROR(make_opaque(field, type));
    step.read = Read::opaque;
    return step;
  }
  step.read = read_of(*from.node, type.kind);
  if (step.read == Read::pass) return unreadable(field, column);
  step.null_branch = static_cast<std::int8_t>(from.null_branch);
  step.is_int = from.node->type == avro::Type::int_;
  step.size = static_cast<std::uint32_t>(from.node->size);
  step.scale = from.node->scale;
  limit(step, type.kind);
  return step;
}

Result<void> CompiledReader::compile() {
  std::vector<bool> there(columns_.size(), false);
  const auto& fields = program_.schema().root().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto found = std::ranges::find(columns_, column_name(fields[i]), &Column::name);
    Step step{.field = static_cast<std::uint32_t>(i)};
    if (found != columns_.end()) {
      const auto column = static_cast<std::uint32_t>(found - columns_.begin());
      SLUICE_TRY(step, step_of(i, column));
      there[column] = true;
    }
    steps_.push_back(step);
  }
  for (std::uint32_t i = 0; i < there.size(); ++i) {
    if (!there[i]) missing_.push_back(i);
  }
  return {};
}

// --- running

bool CompiledReader::integer(const Step& step, Cursor& cursor, Value& out) const {
  std::int64_t number = 0;
  if (!cursor.number(step, number)) return false;
  if (number < step.least || number > step.greatest) [[unlikely]] return cursor.fail(Fault::beyond);
  out = Value::of_integer(number);
  return true;
}

[[gnu::always_inline]] inline bool CompiledReader::value(const Step& step, Cursor& cursor, Value& out, Arena& arena) const {
  switch (step.read) {
    case Read::integer: return integer(step, cursor, out);
    case Read::text: {
      ByteView text;
      if (!cursor.text(text)) return false;
      out = Value::of_text(text);
      return true;
    }
    case Read::float8: {
      double number = 0;
      if (!raw(cursor, number)) return false;
      out = Value::of_double(number);
      return true;
    }
    case Read::boolean: {
      if (cursor.at == cursor.end || static_cast<unsigned char>(*cursor.at) > 1) return cursor.fail(Fault::corrupt);
      out = Value::of(*cursor.at++ != 0);
      return true;
    }
    case Read::decimal: {
      ByteView bytes;
      if (!cursor.sized(bytes)) return false;
      out = numeric_of(bytes, step.scale);
      return true;
    }
    default: return rare(step, cursor, out, arena);
  }
}

bool CompiledReader::rare(const Step& step, Cursor& cursor, Value& out, Arena& arena) const {
  switch (step.read) {
    case Read::parsed: return parsed(step, cursor, out, arena);
    case Read::opaque: return opaque(step, cursor, out, arena);
    case Read::symbol: {
      std::uint64_t index = 0;
      if (!cursor.varint(index)) return false;
      if ((index & 1) != 0 || index >> 1 >= step.node->symbols.size()) return cursor.fail(Fault::corrupt);
      out = Value::of_text(step.node->symbols[index >> 1]);
      return true;
    }
    case Read::bytes:
    case Read::fixed:
    case Read::uuid:
    case Read::fixed_decimal: return binary(step, cursor, out, arena);
    default: return number(step, cursor, out);
  }
}

bool CompiledReader::number(const Step& step, Cursor& cursor, Value& out) const {
  float single = 0;
  double twofold = 0;
  std::int64_t whole = 0;
  if (step.read == Read::float4 || step.read == Read::float8_of_float4) {
    if (!raw(cursor, single)) return false;
    out = Value::of_double(static_cast<double>(single));
    return true;
  }
  if (step.read == Read::float4_of_float8) {
    if (!raw(cursor, twofold)) return false;
    out = Value::of_double(static_cast<double>(static_cast<float>(twofold)));
    return true;
  }
  if (!cursor.number(step, whole)) return false;
  switch (step.read) {
    case Read::numeric: out = Value::of_numeric(whole, 0); return true;
    case Read::floating: out = Value::of_double(static_cast<double>(whole)); return true;
    case Read::nanoseconds: out = Value::of_integer(whole / 1000 - (whole % 1000 < 0 ? 1 : 0)); return true;
    default: break;
  }
  if (__builtin_mul_overflow(whole, std::int64_t{1000}, &whole)) return cursor.fail(Fault::beyond);
  out = Value::of_integer(whole);
  return true;
}

bool CompiledReader::binary(const Step& step, Cursor& cursor, Value& out, Arena& arena) const {
  ByteView bytes;
  if (!(step.read == Read::bytes ? cursor.sized(bytes) : cursor.take(step.size, bytes))) return false;
  out = step.read == Read::fixed_decimal ? numeric_of(bytes, step.scale)
                                         : Value::of_text(step.read == Read::uuid ? uuid_text(bytes, arena) : bytes);
  return true;
}

bool CompiledReader::parsed(const Step& step, Cursor& cursor, Value& out, Arena& arena) const {
  ByteView text;
  if (!cursor.text(text)) return false;
  const auto& type = columns_[step.column].type;
  if (type.kind == TypeKind::uuid && is_printed_uuid(text)) {
    out = Value::of_text(text);
    return true;
  }
  auto value = parse_value(type, text, arena);
  if (!value.ok()) return cursor.fail(std::move(value).error());
  out = *value;
  return true;
}

// A value whose bytes are kept: as the column's schema has them.
bool CompiledReader::opaque(const Step& step, Cursor& cursor, Value& out, Arena& arena) const {
  const auto& how = *opaque_[step.field];
  ByteView rest(cursor.at, cursor.left());
  Bytes bytes;
  if (auto resolved = how.resolution.resolve_front(rest, bytes); !resolved.ok()) return cursor.fail(std::move(resolved).error());
  cursor.at = cursor.end - rest.size();
  const auto branch = static_cast<unsigned char>(bytes.front());  // below 64 branches there is one byte
  if (branch >= 0x80) return cursor.fail(Fault::corrupt);
  if (branch == 0) {
    out = Value::none();
    return true;
  }
  bytes.front() = static_cast<char>(branch - 2);
  out = Value::of_text(arena.copy(how.is_union ? ByteView(bytes) : ByteView(bytes).substr(1)));
  return true;
}

bool CompiledReader::pass(const Step& step, Cursor& cursor) const {
  avro::NoVisitor nobody;
  ByteView rest(cursor.at, cursor.left());
  const auto& operation = *program_.child(program_.root(), step.field);
  if (auto passed = avro::decode_part(program_, operation, rest, nobody); !passed.ok()) return cursor.fail(std::move(passed).error());
  cursor.at = cursor.end - rest.size();
  return true;
}

Error CompiledReader::fault(const Step& step, Cursor& cursor, ByteView body) const {
  const auto& name = program_.schema().root().fields[step.field].name;
  const auto at = ", at byte " + std::to_string(cursor.at - body.data());
  switch (cursor.fault) {
    case Fault::beyond: return {ErrorCode::rejected, "field " + name + ": a number beyond " + type_text(columns_[step.column].type)};
    case Fault::utf8: return {ErrorCode::corrupt, "field " + name + at + ": a text that is not UTF-8"};
    case Fault::other: return std::move(cursor.error).in("field " + name);
    default: return {ErrorCode::corrupt, "field " + name + at + ": no such value, or it is cut short"};
  }
}

Result<void> CompiledReader::read(ByteView body, std::span<Value> row, Arena& arena) const {
  if (body.data() == nullptr) body = "";
  for (const auto column : missing_) row[column] = Value::none();
  Cursor cursor{body.data(), body.data() + body.size()};
  for (const auto& step : steps_) {
    if (step.read == Read::pass) {
      if (!pass(step, cursor)) return fault(step, cursor, body);
      continue;
    }
    if (step.null_branch >= 0) {
      std::uint64_t branch = 0;
      if (!cursor.varint(branch) || branch > 2 || (branch & 1) != 0) [[unlikely]] return fault(step, cursor, body);
      if (branch >> 1 == static_cast<std::uint64_t>(step.null_branch)) {
        row[step.column] = Value::none();
        continue;
      }
    }
    if (!value(step, cursor, row[step.column], arena)) [[unlikely]] return fault(step, cursor, body);
  }
  if (cursor.at == cursor.end) return {};
  return Error{ErrorCode::corrupt, std::to_string(cursor.left()) + " bytes are left behind the record"};
}

}  // namespace

Result<std::unique_ptr<RowReader>> RowReader::open(const avro::Schema& writer, const std::vector<Column>& columns) {
  if (writer.root().type != avro::Type::record) return Error{ErrorCode::rejected, "its Avro schema is no record"};
  auto reader = std::make_unique<CompiledReader>(writer, columns);
  SLUICE_RETURN_IF_ERROR(reader->compile());
  return std::unique_ptr<RowReader>(std::move(reader));
}

}  // namespace sluice::flow
