// Any line has one answer: one line, UTF-8, a JSON object that says "ok", and the same the second time. Files are left
// alone.

#include <cstdlib>

#include "avro/eval/eval.h"
#include "avro/json_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice;  // NOLINT: the fuzzer's entry must be global
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  if (line.find('\n') != std::string_view::npos || line.find("file") != std::string_view::npos ||
      line.find("\\u00") != std::string_view::npos)
    return 0;
  const auto answer = avro::eval::answer(line);
  if (answer.find('\n') != std::string::npos || avro::utf8_front(answer) != answer.size()) std::abort();
  avro::JsonCursor in(answer);
  std::string_view whole;
  if (!in.skip(whole) || !in.finish() || answer.find("\"ok\":") == std::string::npos) std::abort();
  if (answer.find("\"code\":\"internal\"") != std::string::npos) std::abort();
  if (avro::eval::answer(line) != answer) std::abort();
  return 0;
}
