// Operations on container files.

#include <sys/stat.h>

#include "avro/container/container_reader.h"
#include "avro/container/container_writer.h"
#include "avro/eval/eval.h"
#include "avro/eval/operations.h"
#include "avro/json.h"
#include "avro/program.h"

namespace sluice::avro::eval {
namespace {

// Anything else than a file may block for ever, or never end.
Result<void> is_file(const std::string& path, bool must_exist) {
  struct stat found{};
  if (path.find('\0') != std::string::npos) return refused(Code::io, "a path with a zero byte");
  if (::stat(path.c_str(), &found) != 0)
    return must_exist ? Result<void>(refused(Code::io, path + ": there is no such file")) : Result<void>();
  return S_ISREG(found.st_mode) ? Result<void>() : refused(Code::io, path + ": no regular file");
}

// Of the reader: refused for a limit, or damaged.
Error of_file(Error error) {
  return as(error.code == ErrorCode::rejected ? Code::limit : Code::corrupt, std::move(error));
}

Result<void> read_records(ContainerReader& reader, const Program& program, std::string& records) {
  const DecodeLimits limits{.depth = kMaxDepth, .items_of_no_bytes = kMaxItemsOfNoBytes};
  std::int64_t rows = 0;
  while (true) {
    auto block = reader.next();
    if (!block.ok()) return of_file(std::move(block).error());
    if (block->rows == 0) return {};
    for (std::int64_t i = 0; i < block->rows; ++i) {
      std::string json;
      if (records.size() > kMaxAnswerBytes || ++rows > static_cast<std::int64_t>(kMaxItemsOfNoBytes))
        return refused(Code::limit, "more data than one answer may hold");
      if (auto read = to_json(program, block->bytes, json, limits, kMaxAnswerBytes); !read.ok()) {
        return as(Code::corrupt, reader.not_its_rows(*block, read.error().message));
      }
      if (!records.empty()) records += ',';
      append_string(records, json);
    }
    if (!block->bytes.empty())
      return as(Code::corrupt, reader.not_its_rows(*block, "it has more bytes than its rows take"));
  }
}

void append_header(const ContainerReader& reader, std::string& out) {
  append_member(out, "schema", reader.schema());
  reader.codec() ? append_member(out, "codec", *reader.codec()) : static_cast<void>(out += ",\"codec\":null");
  out += ",\"meta_hex\":{";
  for (const auto& [key, value] : reader.metadata()) {
    if (out.back() != '{') out += ',';
    append_string(out, key);
    out += ":\"" + hex(value) + "\"";
  }
  out += '}';
  append_member(out, "sync", hex(reader.sync()));
}

}  // namespace

Result<void> read_file(const Request& request, std::string& out) {
  SLUICE_TRY(const auto path, request.text("path"));
  SLUICE_RETURN_IF_ERROR(is_file(path, true));
  auto source = FileSource::open(path);
  if (!source.ok()) return as(Code::io, std::move(source).error());
  const ContainerLimits limits{.block_bytes = kMaxAnswerBytes, .inflated_bytes = kMaxAnswerBytes};
  auto reader = ContainerReader::open(*source, path, {.limits = limits});
  if (!reader.ok()) return of_file(std::move(reader).error());
  auto schema = Schema::parse(reader->schema(), {.validate_defaults = false, .validate_names = false});
  if (!schema.ok()) return as(Code::corrupt, std::move(schema).error().in(path));
  std::string records;
  auto read = read_records(*reader, Program(std::move(*schema)), records);
  if (read.ok()) append_header(*reader, out);
  out.append(",\"records\":[").append(records).append("]");
  return read;
}

Result<void> write_file(const Request& request, std::string& out) {
  SLUICE_TRY(const auto path, request.text("path"));
  SLUICE_TRY(const auto lenient, request.flag("lenient"));
  SLUICE_TRY(const auto schema, request.schema("schema", lenient));
  ContainerWriterOptions options;
  SLUICE_TRY(options.codec, request.text("codec"));
  SLUICE_TRY(options.metadata, request.binaries("meta_hex"));
  SLUICE_TRY(const auto block_records, request.count("block_records"));
  options.block_rows = block_records.value_or(options.block_rows);
  SLUICE_TRY(const auto records, request.texts("records"));
  MemorySink file;
  auto writer = ContainerWriter::begin(file, schema.text(), options);
  if (!writer.ok()) return as(Code::bad_request, std::move(writer).error());
  JsonEncoder encoder(schema, kMaxDepth);
  Bytes row;
  for (std::size_t i = 0; i < records.size(); ++i) {
    row.clear();
    if (auto done = encoder.encode(records[i], row); !done.ok())
      return as(Code::bad_json, std::move(done).error().in("record " + std::to_string(i)));
    SLUICE_RETURN_IF_ERROR(as(Code::io, writer->append(row)));
  }
  SLUICE_RETURN_IF_ERROR(as(Code::io, writer->finish()));
  SLUICE_RETURN_IF_ERROR(is_file(path, false));
  auto sink = FileSink::create(path);
  if (!sink.ok()) return as(Code::io, std::move(sink).error());
  static_cast<void>(out);
  return as(Code::io, sink->write(file.bytes()));
}

}  // namespace sluice::avro::eval
