#pragma once
// A Store in memory, for tests, that can die at any step: from then on every call fails, until restart() gives what a
// real place would still hold. Thread-safe.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/store.h"

namespace sluice::pipeline {

class MemoryStore final : public Store {
 public:
  [[nodiscard]] Result<std::unique_ptr<StoreWriter>> create(const std::string& temporary,
                                                            const std::string& name) override;
  [[nodiscard]] Result<Published> publish(const std::string& id, const std::string& name) override;
  [[nodiscard]] Result<Published> put(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<void> replace(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Result<std::uint64_t> size(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> temporary_size(const std::string& id) override { return size(id); }
  [[nodiscard]] Result<std::vector<StoreEntry>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::vector<Leftover>> leftovers(const std::string& temporaries,
                                                        const std::string& names) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> discard(const std::string& id) override { return remove(id); }
  [[nodiscard]] bool temporaries_expire() const override { return temporaries_expire_; }
  [[nodiscard]] std::size_t calls_at_once() const override { return 4; }
  [[nodiscard]] std::string where() const override { return "memory"; }

  // For tests:

  // The step number `step` from now (1 is the next one) fails, and everything after it. A step is a change of what is
  // durable; publish() has two: the name, and the end of the temporary one. `done`: the failing step happens all the
  // same, only its answer is lost.
  void die_at(std::uint64_t step, bool done);
  // Whether a step has failed since die_at().
  [[nodiscard]] bool dead() const;
  // After the death: unfinished objects are gone, calls succeed again.
  void restart();
  [[nodiscard]] std::uint64_t steps() const;
  // What read() has given.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  // All finished objects under a folder ("" is all), by full name.
  [[nodiscard]] std::map<std::string, Bytes> objects(const std::string& folder = "") const;
  void plant(const std::string& name, Bytes bytes);
  void let_temporaries_expire() { temporaries_expire_ = true; }

 private:
  class Writer;
  struct Object {
    std::shared_ptr<Bytes> bytes;
    bool finished = false;
  };

  [[nodiscard]] Result<void> alive() const;
  // Counts a step. An error: it did not happen. False: it happens, and then the store is dead.
  [[nodiscard]] Result<bool> step();

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::uint64_t steps_ = 0;
  std::atomic<std::uint64_t> bytes_read_ = 0;
  std::optional<std::uint64_t> dies_at_;
  bool done_ = false;
  bool dead_ = false;
  bool temporaries_expire_ = false;
};

}  // namespace sluice::pipeline
