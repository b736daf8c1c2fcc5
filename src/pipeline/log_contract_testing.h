#pragma once
// The promises of the Log port, as tests that every adapter runs: one line in a test program of the adapter's module,
//
//   const bool kRegistered = register_log_contract("EmbeddedLog", [] { return std::make_unique<EmbeddedUnderTest>(); });

#include <functional>
#include <memory>
#include <string>

#include "pipeline/log.h"

namespace sluice::pipeline {

// An adapter over an empty log of its own, and what happens to a log besides the port.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;

  virtual Log& log() = 0;
  // The process dies by kill -9 and starts again: what log() gave, and all that came from it, is gone. False: this log
  // does not outlive its process.
  virtual bool crash() = 0;
  // Removes what lies before `offset`, as retention would; holds are respected.
  virtual Result<void> remove_before(const std::string& topic, std::int32_t partition, Offset offset) = 0;
  virtual Result<void> remove_topic(const std::string& topic) = 0;
};

using MakeLogUnderTest = std::function<std::unique_ptr<LogUnderTest>()>;

// Registers every test of the contract as <name>.<promise>. Gives true.
bool register_log_contract(const std::string& name, const MakeLogUnderTest& make);

}  // namespace sluice::pipeline
