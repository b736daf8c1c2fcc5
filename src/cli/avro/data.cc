// `sluice avro encode` and `decode`: data of one schema, a line of Avro's JSON each on one side, their bytes one after
// the other on the other.
#include <unistd.h>

#include <memory>

#include "avro/json.h"
#include "avro/limit.h"
#include "avro/resolution.h"
#include "cli/avro/commands.h"
#include "cli/avro/data.h"
#include "cli/avro/input.h"
#include "cli/avro/output.h"
#include "cli/avro/schemas.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

struct Options {
  std::string schema, reader_schema, file = "-";
};

// Bytes of data from an input, as many as the next datum needs.
class Data {
 public:
  Data(Input& input, DatumReader& reader, Output& out) : input_(input), reader_(reader), out_(out) {}

  // All to the end. Errors: those of the input and the output; a datum's, with its number and place.
  Result<void> run() {
    while (!out_.closed()) {
      SLUICE_TRY(const auto some, fill(1));
      if (!some) break;
      SLUICE_RETURN_IF_ERROR(one());
      SLUICE_RETURN_IF_ERROR(out_.written());
    }
    return out_.flush();
  }

 private:
  // Makes at least `size` bytes lie in the buffer; false when the input ends before.
  Result<bool> fill(std::size_t size) {
    if (buffer_.size() - at_ >= size) return true;
    buffer_.erase(0, at_);
    place_ += at_;
    at_ = 0;
    while (buffer_.size() < size) {
      if (!input_.waiting()) SLUICE_RETURN_IF_ERROR(out_.flush());
      SLUICE_TRY(const auto count, input_.source().read(kPieceBytes, buffer_));
      if (count == 0) return false;
    }
    return true;
  }

  // A datum that fails may only be cut: it is tried again with twice as many bytes, or with what there is when no more
  // is waiting, up to the end or the limit.
  Result<void> one() {
    while (true) {
      const auto before = buffer_.size() - at_;
      const auto mark = out_.buffer().size();
      auto rest = ByteView(buffer_).substr(at_);
      auto done = reader_.read(rest, out_.buffer());
      const auto used = before - rest.size();
      if (done.ok() && used > 0) {
        out_.buffer() += '\n';
        at_ += used;
        ++count_;
        return {};
      }
      out_.buffer().resize(mark);
      if (done.ok())
        return wrong({ErrorCode::corrupt, "a datum takes no bytes, so that nobody can tell how many there are"});
      if (done.error().code != ErrorCode::corrupt || avro::is_over_limit(done.error()) || before >= kMaxDatumBytes)
        return wrong(std::move(done).error());
      SLUICE_TRY(const auto more, fill(before + 1));
      if (!more) return wrong(std::move(done).error());
      while (input_.waiting() && buffer_.size() - at_ < 2 * before) {
        SLUICE_TRY(const auto yes, fill(buffer_.size() - at_ + 1));
        if (!yes) break;
      }
    }
  }

  Error wrong(Error error) const {
    return std::move(error).in(input_.name() + ", datum " + std::to_string(count_ + 1) + " at byte " +
                               std::to_string(place_ + at_));
  }

  Input& input_;
  DatumReader& reader_;
  Output& out_;
  Bytes buffer_;
  std::size_t at_ = 0;       // of the next datum in buffer_
  std::uint64_t place_ = 0;  // of buffer_ in the input
  std::uint64_t count_ = 0;
};

Result<void> encode(const Options& options) {
  SLUICE_TRY(auto schema, read_schema(options.schema, true));
  SLUICE_TRY(auto input, Input::open(options.file));
  Output out;
  Result<void> flushed;
  LineReader lines(input, kMaxDatumBytes, [&] { flushed = out.flush(); });
  const auto done = encode_lines(lines, input.name(), std::move(schema), [&](ByteView datum) {
    return flushed.ok() && !out.closed() ? out.write(datum) : flushed;
  });
  SLUICE_RETURN_IF_ERROR(out.flush());
  return done;
}

Result<void> decode(const Options& options) {
  SLUICE_TRY(auto writer, read_schema(options.schema, false));
  std::optional<avro::Schema> reader;
  if (!options.reader_schema.empty()) {
    SLUICE_TRY(reader, read_schema(options.reader_schema, false));
  }
  SLUICE_TRY(auto data, DatumReader::create(std::move(writer), std::move(reader)));
  SLUICE_TRY(auto input, Input::open(options.file));
  Output out;
  const auto done = Data(input, data, out).run();
  SLUICE_RETURN_IF_ERROR(out.flush());
  return done;
}

}  // namespace

Result<DatumReader> DatumReader::create(avro::Schema writer, std::optional<avro::Schema> reader) {
  DatumReader made;
  if (reader) {
    SLUICE_TRY(made.resolution_, avro::Resolution::compile(writer, *reader, avro::Resolution::Misfits::in_data));
  }
  made.program_.emplace(reader ? std::move(*reader) : std::move(writer));
  return made;
}

Result<void> DatumReader::read(ByteView& bytes, std::string& out) {
  if (!resolution_) return avro::to_json(*program_, bytes, out);
  resolved_.clear();
  SLUICE_RETURN_IF_ERROR(resolution_->resolve_front(bytes, resolved_));
  ByteView left = resolved_;
  return avro::to_json(*program_, left, out);
}

Result<void> encode_lines(LineReader& lines, const std::string& name, avro::Schema schema,
                          const std::function<Result<void>(ByteView)>& take) {
  avro::JsonEncoder encoder(std::move(schema));
  Bytes datum;
  for (std::uint64_t number = 1;; ++number) {
    SLUICE_TRY(const auto line, lines.next());
    if (!line) return {};
    const auto place = [&] { return name + ":" + std::to_string(number); };
    if (line->cut)
      return Error{ErrorCode::rejected, place() + ": the line is over " + std::to_string(kMaxDatumBytes) + " bytes"};
    if (line->text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    datum.clear();
    if (auto done = encoder.encode(line->text, datum); !done.ok()) return std::move(done).error().in(place());
    SLUICE_RETURN_IF_ERROR(take(datum));
  }
}

int finish(const Result<void>& done) { return done.ok() ? 0 : fail(done.error()); }

Command avro_encode_command() {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "encode",
          .help = "Lines of Avro's JSON become binary data, one after the other",
          .arguments = {{"FILE", "A line a datum; standard input without it, or as -", &options->file, false}},
          .options = {{"--schema", "FILE", "The schema", &options->schema, true}},
          .run = [options] {
            if (::isatty(STDOUT_FILENO) != 0)
              return misuse("binary data are nothing for a terminal", "sluice avro encode … > FILE");
            return finish(encode(*options));
          }};
}

Command avro_decode_command() {
  auto options = std::make_shared<Options>();
  return {.noun = "avro",
          .verb = "decode",
          .help = "Binary data, one after the other, become lines of Avro's JSON",
          .arguments = {{"FILE", "The data; standard input without it, or as -", &options->file, false}},
          .options = {{"--schema", "FILE", "The schema that wrote them", &options->schema, true},
                      {"--reader-schema", "FILE", "Another schema to read them by", &options->reader_schema}},
          .run = [options] { return finish(decode(*options)); }};
}

}  // namespace sluice::cli
