#pragma once
// What the offline commands read: a file, or standard input, line by line or as bytes, in bounded memory.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "avro/container/byte_stream.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::cli {

// Of one thread.
class Input {
 public:
  // "-" is standard input. Errors: wrong usage, it cannot be opened or is a folder.
  [[nodiscard]] static Result<Input> open(const std::string& path);
  Input(Input&& other) noexcept;
  Input& operator=(Input&&) = delete;
  ~Input();

  // As errors call it.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Whether bytes, or the end, are there to be read at once.
  [[nodiscard]] bool waiting() const;
  [[nodiscard]] avro::ByteSource& source() { return source_; }

 private:
  Input(int descriptor, std::string name)
      : descriptor_(descriptor), name_(name), source_(descriptor, std::move(name)) {}

  int descriptor_;
  std::string name_;
  avro::FileSource source_;
};

// All of a file, a schema most likely. Errors: wrong usage; over 64 MiB as well.
[[nodiscard]] Result<std::string> read_text(const std::string& path);

struct Line {
  std::string_view text;  // without its line break; until the next call
  bool cut = false;       // it is longer, and what follows was dropped
};

class LineReader {
 public:
  // `idle` is called before it waits for input. `input` outlives it.
  LineReader(Input& input, std::size_t max_bytes, std::function<void()> idle)
      : input_(input), max_(max_bytes), idle_(std::move(idle)) {}

  // None at the end. A last line need not have a line break. Errors: those of the input.
  [[nodiscard]] Result<std::optional<Line>> next();

 private:
  [[nodiscard]] Result<void> drop_rest();
  [[nodiscard]] Result<bool> read_more();
  void take(std::size_t size);

  Input& input_;
  std::size_t max_;
  std::function<void()> idle_;
  Bytes buffer_;
  std::size_t at_ = 0;        // of the next line in buffer_
  std::size_t searched_ = 0;  // up to where there is no line break
  std::size_t taken_ = 0;     // the last line, to be dropped by the next call
};

}  // namespace sluice::cli
