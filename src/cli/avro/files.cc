// `sluice avro cat`, `write`, `schema`: container files.
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include "avro/container/container_reader.h"
#include "avro/container/container_writer.h"
#include "avro/plain_json.h"
#include "cli/avro/commands.h"
#include "cli/avro/data.h"
#include "cli/avro/output.h"
#include "cli/avro/schemas.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

struct Options {
  std::string schema, reader_schema, codec = "null", output = "-", file = "-";
  std::vector<std::string> metadata;
  bool skip_damaged = false;
};

// `whole`: nothing is written before all of the block is read.
Result<void> print_block(const avro::ContainerReader& reader, avro::ContainerReader::Block block, DatumReader& data,
                         Output& out, bool whole) {
  for (std::int64_t i = 0; i < block.rows; ++i) {
    if (auto read = data.read(block.bytes, out.buffer()); !read.ok()) {
      if (read.error().code != ErrorCode::corrupt) return std::move(read).error();
      return reader.not_its_rows(block, read.error().message);
    }
    out.buffer() += '\n';
    if (!whole) SLUICE_RETURN_IF_ERROR(out.written());
  }
  if (!block.bytes.empty())
    return reader.not_its_rows(block, "it has " + std::to_string(block.bytes.size()) + " bytes more than its data");
  return out.written();
}

// How many blocks were passed over because their bytes are not their rows: a codec without a checksum does not show it.
Result<std::size_t> print_rows(avro::ContainerReader& reader, DatumReader& data, Output& out, bool skip_damaged) {
  std::size_t skipped = 0;
  while (!out.closed()) {
    SLUICE_TRY(const auto block, reader.next());
    if (block.rows == 0) break;
    const auto before = out.buffer().size();
    auto done = print_block(reader, block, data, out, skip_damaged);
    if (done.ok()) continue;
    if (!skip_damaged || done.error().code != ErrorCode::corrupt) return std::move(done).error();
    out.buffer().resize(before);
    std::cerr << "sluice: passed over: " << done.error().message << "\n";
    ++skipped;
  }
  return skipped;
}

// True: whole. False: with gaps, which are told.
Result<bool> cat(const Options& options) {
  SLUICE_TRY(auto input, Input::open(options.file));
  SLUICE_TRY(auto reader, avro::ContainerReader::open(input.source(), input.name(),
                                                      {.limits = {}, .resynchronise = options.skip_damaged}));
  auto writer = avro::Schema::parse(reader.schema(), {.validate_defaults = false, .validate_names = false});
  if (!writer.ok()) return std::move(writer).error().in(input.name());
  std::optional<avro::Schema> asked;
  if (!options.reader_schema.empty()) {
    SLUICE_TRY(asked, read_schema(options.reader_schema, false));
  }
  SLUICE_TRY(auto data, DatumReader::create(std::move(*writer), std::move(asked)));
  Output out;
  auto done = print_rows(reader, data, out, options.skip_damaged);
  SLUICE_RETURN_IF_ERROR(out.flush());
  for (const auto& gap : reader.gaps()) {
    std::cerr << "sluice: " << input.name() << ": bytes " << gap.from << " to " << gap.to << " passed over: " << gap.why
              << "\n";
  }
  if (!done.ok()) return std::move(done).error();
  return reader.gaps().empty() && *done == 0;
}

Result<avro::ContainerMetadata> metadata_of(const std::vector<std::string>& given) {
  avro::ContainerMetadata out;
  for (const auto& each : given) {
    const auto equals = each.find('=');
    if (equals == std::string::npos || equals == 0) return wrong_usage("--meta " + each + ": no KEY=VALUE");
    out.emplace_back(each.substr(0, equals), each.substr(equals + 1));
  }
  return out;
}

Result<void> write_rows(const Options& options, avro::ByteSink& sink) {
  SLUICE_TRY(auto schema, read_schema(options.schema, true));
  avro::ContainerWriterOptions made;
  made.codec = options.codec;
  SLUICE_TRY(made.metadata, metadata_of(options.metadata));
  SLUICE_TRY(auto input, Input::open(options.file));
  SLUICE_TRY(auto writer, avro::ContainerWriter::begin(sink, schema.text(), made));
  LineReader lines(input, kMaxDatumBytes, [] {});
  SLUICE_RETURN_IF_ERROR(
      encode_lines(lines, input.name(), std::move(schema), [&](ByteView datum) { return writer.append(datum); }));
  return writer.finish();
}

Result<void> write(const Options& options) {
  if (options.output == "-") {
    Output out;
    SLUICE_RETURN_IF_ERROR(write_rows(options, out));
    return out.flush();
  }
  // Beside it first, so that what fails leaves no half of a file and takes away none that was there.
  const auto part = options.output + ".part";
  auto done = [&]() -> Result<void> {
    SLUICE_TRY(auto file, avro::FileSink::create(part));
    return write_rows(options, file);
  }();
  if (done.ok() && ::rename(part.c_str(), options.output.c_str()) == 0) return {};
  if (done.ok()) done = Error{ErrorCode::rejected, options.output + ": " + std::strerror(errno)};
  ::unlink(part.c_str());
  return done;
}

Result<void> schema(const Globals& globals, const Options& options) {
  namespace json = boost::json;
  SLUICE_TRY(auto input, Input::open(options.file));
  SLUICE_TRY(const auto reader, avro::ContainerReader::open(input.source(), input.name()));
  if (!globals.json) {
    std::cout << reader.schema() << "\n";
    return {};
  }
  std::string metadata;
  for (const auto& [key, value] : reader.metadata()) {
    avro::text_to_json(key, metadata += metadata.empty() ? "" : ",");
    avro::text_to_json(value, metadata += ":");
  }
  std::cout << "{\"schema\":";
  std::string text;
  avro::text_to_json(reader.schema(), text);
  std::cout << text << ",\"codec\":" << json::serialize(json::string(reader.codec().value_or("null"))) << ",\"sync\":\""
            << hex(reader.sync()) << "\",\"metadata\":{" << metadata << "}}\n";
  return {};
}

}  // namespace

Command avro_cat_command() {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "cat",
          .help = "Prints the data of a container file as lines of Avro's JSON",
          .arguments = {{"FILE", "The file; - is standard input", &options->file}},
          .options = {{"--reader-schema", "FILE", "Another schema to read them by", &options->reader_schema},
                      {"--skip-damaged", "", "Go on after a damaged block; exits 1 if there was one",
                       &options->skip_damaged}},
          .run = [options] {
            const auto whole = cat(*options);
            if (!whole.ok()) return fail(whole.error());
            return *whole ? 0 : kNo;
          }};
}

Command avro_write_command() {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "write",
          .help = "Writes a container file of lines of Avro's JSON",
          .arguments = {{"FILE", "A line a datum; standard input without it, or as -", &options->file, false}},
          .options = {{"--schema", "FILE", "The schema", &options->schema, true},
                      {"--codec", "NAME", "null, deflate, snappy, bzip2, xz or zstandard", &options->codec},
                      {"--meta", "KEY=VALUE", "An entry of the file's metadata; may be repeated", &options->metadata},
                      {"--output", "FILE", "Where to; standard output without it", &options->output}},
          .run = [options] {
            const bool terminal = options->output == "-" && ::isatty(STDOUT_FILENO) != 0;
            if (terminal)
              return misuse("a container file is nothing for a terminal", "sluice avro write … --output FILE");
            return finish(write(*options));
          }};
}

Command avro_schema_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "schema",
          .help = "Prints the schema of a container file; with -J its codec and metadata as well",
          .arguments = {{"FILE", "The file; - is standard input", &options->file}},
          .options = {},
          .run = [options, &globals] { return finish(schema(globals, *options)); }};
}

}  // namespace sluice::cli
