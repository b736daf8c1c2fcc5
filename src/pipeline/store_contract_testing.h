#pragma once
// The promises of the Store port, as tests that every adapter runs: one line in a test program of the adapter's module,
//
//   const bool kRegistered = register_store_contract("LocalStore", [] { return std::make_unique<LocalUnderTest>(); });

#include <functional>
#include <memory>
#include <string>

#include "pipeline/store.h"

namespace sluice::pipeline {

// An adapter over an empty place of its own.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;

  virtual Store& store() = 0;
  // A second adapter over the same place, as another process has it.
  virtual std::unique_ptr<Store> another() = 0;
};

// Gives nullptr where the place's server is not there: the test is skipped.
using MakeStoreUnderTest = std::function<std::unique_ptr<StoreUnderTest>()>;

// Registers every test of the contract as <name>KeepsTheContract.<promise>. Gives true.
bool register_store_contract(const std::string& name, const MakeStoreUnderTest& make);

}  // namespace sluice::pipeline
