// Rows in Avro to Parquet and back, by the module, for tests in other languages:
//
//   parquet_rows write SCHEMA ROWS FILE [codec=C] [level=N] [row_group=BYTES] [memory=BYTES] [page=BYTES]
//   parquet_rows read FILE ROWS [COLUMN]…
//
// `write` takes ROWS with each row's size as int32, big-endian, in front of it, and prints how long the writer took, in
// JSON. `read` writes the rows one behind the other, and prints their schema.

#include <time.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "deliver/parquet_module/parquet_module.h"

namespace {

using namespace sluice;
namespace fs = std::filesystem;

Error failed(const std::string& what) { return {ErrorCode::rejected, what}; }

Result<Bytes> read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) return failed("cannot read " + name);
  return std::move(all).str();
}

class FileWriter final : public pipeline::StoreWriter {
 public:
  explicit FileWriter(std::string name) : name_(std::move(name)), out_(name_, std::ios::binary) {}
  Result<void> append(ByteView bytes) override {
    if (!out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return failed("cannot write " + name_);
    return {};
  }
  Result<std::string> finish() override {
    out_.close();
    if (!out_) return failed("cannot write " + name_);
    return name_;
  }

 private:
  std::string name_;
  std::ofstream out_;
};

// Files by path, as far as formats need them.
class Files final : public pipeline::Store {
 public:
  Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string&, const std::string& name) override {
    return std::make_unique<FileWriter>(name);
  }
  Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override {
    std::ifstream in(name, std::ios::binary);
    Bytes bytes(size, '\0');
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(bytes.data(), static_cast<std::streamsize>(size));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return bytes;
  }
  Result<std::uint64_t> size(const std::string& name) override {
    std::error_code error;
    const auto size = fs::file_size(name, error);
    if (error) return Error{ErrorCode::not_found, "there is no " + name};
    return size;
  }
  Result<pipeline::Published> publish(const std::string&, const std::string&) override { return failed("not here"); }
  Result<pipeline::Published> put(const std::string&, const std::string&, ByteView) override { return failed("not here"); }
  Result<void> replace(const std::string&, const std::string&, ByteView) override { return failed("not here"); }
  Result<std::uint64_t> temporary_size(const std::string&) override { return failed("not here"); }
  Result<std::vector<pipeline::StoreEntry>> list(const std::string&) override { return failed("not here"); }
  Result<std::vector<pipeline::Leftover>> leftovers(const std::string&, const std::string&) override { return failed("not here"); }
  Result<void> remove(const std::string&) override { return failed("not here"); }
  Result<void> discard(const std::string&) override { return failed("not here"); }
  std::string where() const override { return "files"; }
};

using deliver::ParquetOptions;

Result<ParquetOptions> options_of(const std::vector<std::string>& words) {
  ParquetOptions options;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const auto value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "codec") options.codec = value;
    else if (name == "level") options.level = std::stoi(value);
    else if (name == "row_group") options.row_group_bytes = std::stoull(value);
    else if (name == "memory") options.memory_bytes = std::stoull(value);
    else if (name == "page") options.page_bytes = std::stoull(value);
    else return failed("'" + word + "' is no option");
  }
  return options;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// A line of /proc/self/status, in KiB: VmRSS, VmHWM.
long memory_kib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) return std::stol(line.substr(name.size() + 1));
  }
  return 0;
}

Result<void> write(const std::vector<std::string>& words) {
  SLUICE_TRY(const auto options, options_of({words.begin() + 4, words.end()}));
  SLUICE_TRY(const auto format, deliver::load_parquet(options));
  SLUICE_TRY(const auto schema, read_file(words[1]));
  SLUICE_TRY(const auto rows, read_file(words[2]));
  Files files;
  SLUICE_TRY(auto out, files.create({}, words[3]));
  std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins anew
  const auto before = memory_kib("VmRSS");
  const auto begin = cpu_seconds();
  SLUICE_TRY(auto writer, format->create(std::move(out), schema));
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  for (ByteReader in(rows); !in.at_end(); ++count) {
    const auto row = in.view(static_cast<std::uint32_t>(in.i32()));
    bytes += row.size();
    SLUICE_RETURN_IF_ERROR(writer->append(row));
  }
  SLUICE_RETURN_IF_ERROR(writer->finish());
  const auto seconds = cpu_seconds() - begin;
  std::cout << R"({"rows": )" << count << R"(, "bytes": )" << bytes << R"(, "seconds": )" << seconds << R"(, "memory_kib": )"
            << memory_kib("VmHWM") - before << "}\n";
  return {};
}

Result<void> read(const std::vector<std::string>& words) {
  SLUICE_TRY(const auto format, deliver::load_parquet({}));
  Files files;
  SLUICE_TRY(const auto reader, format->open(files, words[1], {words.begin() + 3, words.end()}));
  std::ofstream out(words[2], std::ios::binary);
  while (true) {
    SLUICE_TRY(const auto rows, reader->next());
    if (rows.count == 0) break;
    out.write(rows.bytes.data(), static_cast<std::streamsize>(rows.bytes.size()));
  }
  std::cout << reader->schema() << "\n";
  return {};
}

}  // namespace

int main(int count, char** words_begin) {
  const std::vector<std::string> words(words_begin + 1, words_begin + count);
  const bool writes = words.size() >= 4 && words[0] == "write";
  const bool reads = words.size() >= 3 && words[0] == "read";
  if (!writes && !reads) {
    std::cerr << "parquet_rows write SCHEMA ROWS FILE [option=value]… | read FILE ROWS [column]…\n";
    return 2;
  }
  const auto done = writes ? write(words) : read(words);
  if (!done.ok()) std::cerr << done.error() << "\n";
  return done.ok() ? 0 : 1;
}
