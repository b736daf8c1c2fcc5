#pragma once
// Where a container file's bytes come from and go to: files, pipes, memory, or anything that a caller has.
//
// Of one thread each.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Appends the next bytes to `out`, at most `size`; none only at the end. Errors: those of the place.
  [[nodiscard]] virtual Result<std::size_t> read(std::size_t size, Bytes& out) = 0;
  // Passes over as many bytes, or all up to the end: how many. A place that can seek does.
  [[nodiscard]] virtual Result<std::uint64_t> skip(std::uint64_t size);
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Takes all of `bytes`; does not keep the view.
  [[nodiscard]] virtual Result<void> write(ByteView bytes) = 0;
};

// Bytes in memory, which outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] Result<std::size_t> read(std::size_t size, Bytes& out) override;
  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t size) override;

 private:
  ByteView bytes_;
};

class MemorySink final : public ByteSink {
 public:
  [[nodiscard]] Result<void> write(ByteView bytes) override;
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// A file, or a descriptor that somebody else owns: standard input, a pipe.
class FileSource final : public ByteSource {
 public:
  // Errors: not_found; rejected, it cannot be opened.
  [[nodiscard]] static Result<FileSource> open(const std::string& path);
  // `descriptor` outlives it; `name` stands in errors.
  FileSource(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource() override;
  [[nodiscard]] Result<std::size_t> read(std::size_t size, Bytes& out) override;
  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t size) override;

 private:
  int descriptor_;
  std::string name_;
  bool owned_ = false;
};

class FileSink final : public ByteSink {
 public:
  // Makes the file, or empties it. Errors: rejected, it cannot be made.
  [[nodiscard]] static Result<FileSink> create(const std::string& path);
  // `descriptor` outlives it; `name` stands in errors.
  FileSink(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  FileSink(FileSink&& other) noexcept;
  FileSink& operator=(FileSink&&) = delete;
  ~FileSink() override;
  // Errors: out_of_space; back_off, for anything else the system says.
  [[nodiscard]] Result<void> write(ByteView bytes) override;

 private:
  int descriptor_;
  std::string name_;
  bool owned_ = false;
};

}  // namespace sluice::avro
