#pragma once
// The keys that a table got in the open log transaction, which no reader can see yet and a TRUNCATE must reach. A small part
// stays in memory, the rest in an unnamed temporary file. One thread.

#include <cstdio>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::capture::postgres {

class OpenKeys {
 public:
  // Errors: out_of_space.
  [[nodiscard]] Result<void> add(ByteView key);
  [[nodiscard]] Result<void> for_each(const std::function<Result<void>(ByteView key)>& visit) const;
  void clear();

 private:
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  [[nodiscard]] Result<void> spill();

  Bytes keys_;  // length as varint, then the key; repeated
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace sluice::capture::postgres
