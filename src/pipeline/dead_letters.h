#pragma once
// What could not be written where it belongs, kept where a person can see it: records of __sluice_dead_letters.
//
// A dead letter has the record's timestamp, key, value and headers, and says in headers of its own what it is: `__topic`,
// `__error`, and where it comes from a sink `__sink`, `__partition`, `__offset`. A large value is cut into pieces of 16 MiB
// (`__part` of `__parts`, from 1 on); a header too large for one record follows in pieces that name it (`__header`).

#include <span>
#include <string_view>

#include "base/result.h"
#include "pipeline/log.h"

namespace sluice::pipeline {

[[nodiscard]] Result<void> ensure_dead_letters_topic(Log& log);

// Appends to the producer's open transaction. `record.topic` is where it belongs, `origin` more headers. Gives the bytes
// appended.
[[nodiscard]] Result<std::uint64_t> append_dead_letter(Producer& producer, const NewRecord& record, std::string_view why,
                                                       std::span<const Header> origin = {});

}  // namespace sluice::pipeline
