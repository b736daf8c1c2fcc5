#include "deliver/archive/latest/table_testing.h"

#include "io/file_system.h"

namespace sluice::deliver::archive {

using Fields = std::map<std::string, std::string>;

TableReading::TableReading(pipeline::MemoryLog& log, pipeline::MemoryCatalog& catalog, const std::string& topic,
                           ColumnChoice columns) {
  TableOptions options{.topic = topic, .columns = std::move(columns), .scratch_folder = testing::TempDir() + "sluice-tables"};
  auto read = Table::read({log, catalog, io::real_file_system()}, std::move(options), {});
  if (!read.ok()) ADD_FAILURE() << read.error();
  else table = *std::move(read);
}

std::vector<Fields> TableReading::rows() {
  std::vector<Fields> out;
  const auto walk = ValueWalk::compile(table->schema().text);
  const auto written = table->write([&](ByteView row) -> Result<void> {
    std::vector<ByteView> fields;
    if (!walk->split(row, fields)) return ADD_FAILURE() << "a row is not of the table's schema", Result<void>{};
    auto& into = out.emplace_back();
    for (std::size_t i = 0; i < fields.size(); ++i) into[walk->fields()[i].name] = std::string(fields[i]);
    return {};
  }, {});
  if (!written.ok()) ADD_FAILURE() << written.error();
  return out;
}

std::map<std::int64_t, Fields> table_rows(pipeline::MemoryLog& log, pipeline::MemoryCatalog& catalog,
                                          const std::string& topic) {
  std::map<std::int64_t, Fields> out;
  TableReading reading(log, catalog, topic);
  if (!reading.table) return out;
  for (auto& row : reading.rows()) out.emplace(ByteReader(row["_offset"]).zigzag(), std::move(row));
  return out;
}

}  // namespace sluice::deliver::archive
