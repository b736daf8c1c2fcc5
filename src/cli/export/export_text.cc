#include "cli/export/export_text.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sluice::cli {
namespace {

const avro::Node& without_null(const avro::Node& node) {
  if (node.type != avro::Type::union_) return node;
  for (const auto* branch : node.branches) {
    if (branch->type != avro::Type::null) return *branch;
  }
  return node;
}

// How a dialect wraps a value, so that an unchanged one (null) differs from one that is null; and takes it out again.
struct Dialect {
  std::string wrap, names, last;
};

Dialect dialect_of(Reader reader, const std::string& type) {
  const auto trino = "CAST(ROW(@C@) AS row(v " + type + "))";
  if (reader == Reader::duckdb) return {"{'v': @C@}", "contains(coalesce(_unchanged, ''), '@N@')", "last_value(@V@ IGNORE NULLS)"};
  if (reader == Reader::trino) return {trino, "strpos(coalesce(_unchanged, ''), '@N@') > 0", "last_value(@V@) IGNORE NULLS"};
  return {"named_struct('v', @C@)", "instr(coalesce(`_unchanged`, ''), '@N@') > 0", "last_value(@V@, true)"};
}

std::string sql_text(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, "'");
  return text;
}

}  // namespace

std::string fill(std::string_view text, const Values& values) {
  std::string out;
  while (!text.empty()) {
    const auto at = text.find('@');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
    const auto end = text.find('@');
    const auto name = text.substr(0, end);
    const auto value = std::ranges::find(values, name, &Values::value_type::first);
    SLUICE_CHECK(value != values.end());
    out += value->second;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : std::string(between)) + part;
  return out;
}

std::string archived_rows(const ExportedTopic& topic) {
  std::vector<std::string> parts;
  for (const auto& [partition, end] : topic.ends) {
    parts.push_back("(_partition = " + std::to_string(partition) + " AND _offset < " + std::to_string(end) + ")");
  }
  return joined(parts, " OR ");
}

std::string later_rows(const ExportedTopic& topic, std::string_view partition, std::string_view offset) {
  std::vector<std::string> parts;
  for (const auto& [number, end] : topic.ends) {
    parts.push_back("(" + std::string(partition) + " = " + std::to_string(number) + " AND " + std::string(offset) +
                    " >= " + std::to_string(end) + ")");
  }
  return joined(parts, " OR ");
}

std::vector<std::string> folder_columns(const ExportedTopic& topic) {
  std::vector<std::string> out;
  for (const auto& level : topic.levels) {
    if (!level.empty() && topic.row.root().field(level) == nullptr) out.push_back(level);
  }
  return out;
}

std::string sql_name(const ExportedTopic& topic) {
  auto out = topic.topic;
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  std::ranges::replace_if(out, [&](char c) { return !is_word(c); }, '_');
  return out;
}

std::string column_lines(Reader reader, const std::vector<ExportedColumn>& columns) {
  std::vector<std::string> lines;
  for (const auto& [name, type] : columns) lines.push_back("    " + quoted(reader, name) + " " + type);
  return joined(lines, ",\n");
}

std::vector<std::pair<std::string, std::string>> large_columns(const ExportedTopic& topic) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& field : topic.own.root().fields) {
    if (!field.type || without_null(*field.type).logical_type == "uuid") continue;
    const auto property = [&](std::string_view name) {
      const auto found = std::ranges::find(field.properties, name, &avro::Properties::value_type::first);
      return found == field.properties.end() ? std::string() : found->second;
    };
    const auto type = without_null(*field.type).type;
    const bool large = type == avro::Type::string || type == avro::Type::bytes || type == avro::Type::array;
    if (!large || property("sqlType").empty() || !property("enumSymbols").empty()) continue;
    const auto name = property("sqlName");
    out.emplace_back(field.name, name.empty() ? "\"" + field.name + "\"" : name);
  }
  return out;
}

std::string current_state(Reader reader, const ExportedTopic& topic, std::string_view changes) {
  std::vector<std::string> columns, filled;
  const auto large = large_columns(topic);
  for (const auto& field : topic.own.root().fields) {
    const auto name = quoted(reader, field.name);
    columns.push_back(name);
    const auto found = std::ranges::find(large, field.name, &std::pair<std::string, std::string>::first);
    if (found == large.end()) {
      filled.push_back("        " + name);
      continue;
    }
    const auto type = reader_type({reader, topic.format}, *field.type).value_or("");
    const auto dialect = dialect_of(reader, type);
    const auto value = "CASE WHEN " + fill(dialect.names, {{"N", sql_text(found->second)}}) + " THEN NULL ELSE " + fill(dialect.wrap, {{"C", name}}) + " END";
    filled.push_back("        (" + fill(dialect.last, {{"V", value}}) + " OVER (PARTITION BY _key ORDER BY _partition, _offset)).v AS " + name);
  }
  filled.emplace_back("        _op");
  filled.emplace_back("        row_number() OVER (PARTITION BY _key ORDER BY _partition DESC, _offset DESC) AS _newest");
  auto out = "SELECT " + joined(columns, ", ") + "\nFROM (\n    SELECT\n" + joined(filled, ",\n") + "\n    FROM " + std::string(changes) +
             "\n    WHERE _key IS NOT NULL\n) AS newest\nWHERE _newest = 1 AND coalesce(_op, '') <> 'd'";
  if (reader != Reader::hive) return out;
  for (const std::string_view name : {"_key", "_partition", "_offset", "_op", "_newest"}) {  // Hive wants names with '_' quoted
    for (std::size_t at = 0; (at = out.find(name, at)) != std::string::npos; at += name.size() + 2) {
      const bool whole = at > 0 && (out[at - 1] == ' ' || out[at - 1] == '(') && !std::isalnum(static_cast<unsigned char>(out[at + name.size()]));
      if (whole) out.replace(at, name.size(), "`" + std::string(name) + "`");
    }
  }
  return out;
}

std::string sql_comments(const std::vector<std::string>& notes) {
  std::string out;
  for (const auto& note : notes) out += "-- " + note + "\n";
  return out;
}

std::string ticked_rows(std::string condition) {
  for (const std::string_view name : {"_partition", "_offset"}) {
    for (std::size_t at = 0; (at = condition.find(name, at)) != std::string::npos; at += name.size() + 2) {
      condition.replace(at, name.size(), "`" + std::string(name) + "`");
    }
  }
  return condition;
}

std::string offsets_text(const ExportedTopic& topic) {
  std::vector<std::string> out;
  for (const auto& [partition, end] : topic.ends) out.push_back("partition:" + std::to_string(partition) + ",offset:" + std::to_string(end));
  return joined(out, ";");
}

Result<std::vector<ExportedColumn>> all_columns(Reader reader, const ExportedTopic& topic, std::string_view text_type) {
  SLUICE_TRY(auto columns, reader_columns({reader, topic.format}, topic.row.root()));
  for (const auto& name : folder_columns(topic)) columns.push_back({name, std::string(text_type)});
  return columns;
}

std::string partitioned_by(Reader reader, const ExportedTopic& topic) {
  std::vector<std::string> parts;
  for (const auto& name : folder_columns(topic)) parts.push_back(reader == Reader::trino ? "'" + name + "'" : quoted(reader, name));
  if (parts.empty()) return "";
  if (reader == Reader::flink) return " PARTITIONED BY (" + joined(parts, ", ") + ")";
  if (reader == Reader::trino) return ",\n    partitioned_by = ARRAY[" + joined(parts, ", ") + "]";
  return "PARTITIONED BY (" + joined(parts, " string, ") + " string)\n";
}

bool is_raw(const ExportedTopic& topic) {
  const auto& fields = topic.own.root().fields;
  return fields.size() == 1 && fields[0].name == "_value" && without_null(*fields[0].type).type == avro::Type::bytes;
}

}  // namespace sluice::cli
