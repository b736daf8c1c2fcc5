// Messages of pgoutput, each with its length before it (16 bits): parsed, and their rows encoded by the table that the last
// Relation describes. Whatever arrives is a value or an error; what is encoded twice is the same; a value that Avro cannot hold
// leaves nothing behind.

#include <cstdlib>
#include <memory>

#include "capture/postgres/pgoutput.h"

namespace {

using namespace sluice;                     // NOLINT: the fuzzer's own
using namespace sluice::capture::postgres;  // NOLINT

// Types by id; an odd typmod is an array of them.
std::unique_ptr<RowEncoder> encoder_of(const Relation& relation) {
  Table table;
  table.schema = relation.schema;
  table.name = relation.name;
  for (const auto& column : relation.columns) {
    if (column.in_key) table.key.push_back(table.columns.size());
    const bool array = column.typmod % 2 != 0 && column.typmod > 0;
    table.columns.push_back({.name = std::string(column.name), .type_oid = column.type_oid, .typmod = column.typmod,
                             .type = column_type(column.type_oid, column.typmod, array ? column.type_oid : 0)});
  }
  if (value_schema("s", table).empty() || (!table.keyless() && key_fields(key_schema("s", table)).size() != table.key.size())) std::abort();
  return std::make_unique<RowEncoder>(table, SchemaId{1}, SchemaId{2});
}

void encode(RowEncoder& encoder, const Tuple& row) {
  Bytes once, twice, key;
  const bool done = encoder.value(row, once).ok();
  if (done != encoder.value(row, twice).ok() || (done && once != twice)) std::abort();
  static_cast<void>(encoder.key(row, key).ok());
}

// Every kind meets every text.
void encode_as_everything(std::string_view text) {
  for (int kind = 0; kind <= static_cast<int>(Kind::uuid); ++kind) {
    const ColumnType plain{.kind = static_cast<Kind>(kind), .precision = 10, .scale = 2};
    const ColumnType array{.kind = Kind::array, .element = plain.kind, .element_precision = 10, .element_scale = 2};
    for (const auto& type : {plain, array}) {
      Bytes out = "before";
      const auto held = encode_text(type, text, out);
      if (held.ok() && !*held && out != "before") std::abort();
      if (held.ok() && *held && (out.size() <= 6 || !out.starts_with("before"))) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  ByteReader in({reinterpret_cast<const char*>(data), size});
  std::unique_ptr<RowEncoder> encoder;
  while (in.ok() && !in.at_end()) {
    const auto bytes = in.view(std::min<std::size_t>(in.u16(), in.remaining()));
    const auto message = parse_message(bytes);
    if (!message.ok()) continue;
    if (const auto* relation = std::get_if<Relation>(&*message)) encoder = encoder_of(*relation);
    const Tuple* rows[2] = {};
    if (const auto* insert = std::get_if<Insert>(&*message)) rows[0] = &insert->row;
    if (const auto* removal = std::get_if<Delete>(&*message)) rows[0] = &removal->old;
    if (const auto* update = std::get_if<Update>(&*message)) rows[0] = &update->old, rows[1] = &update->row;
    for (const auto* row : rows) {
      if (row == nullptr) continue;
      if (encoder) encode(*encoder, *row);
      for (const auto& cell : *row) encode_as_everything(cell.text);
    }
  }
  return 0;
}
