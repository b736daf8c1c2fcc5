#pragma once
// The `Store` port: a place that keeps whole, immutable objects by name; a folder, HDFS, an object store.
//
// An object is written under a temporary name and becomes visible by publish(), which never overwrites: the operation
// on which every commit of a sink rests. Names are relative, with '/' between their parts ("shop.orders/dt=…/0-0-0.avro");
// no part begins with a dot or is empty.
//
// Errors, everywhere: back_off (the place did not do it, or nobody knows whether it did), out_of_space, rejected (a
// name that cannot be one). Thread-safe; a Writer belongs to one thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::pipeline {

// Writes one object under a temporary name, from its beginning to its end.
class StoreWriter {
 public:
  // Without finish() the object is discarded, as far as that is possible.
  virtual ~StoreWriter() = default;

  // Copies or writes `bytes`. After an error only destruction is left.
  [[nodiscard]] virtual Result<void> append(ByteView bytes) = 0;
  // Makes the bytes durable under the temporary name. Nothing may be appended afterwards.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

// What became of a publish().
enum class Published : std::uint8_t {
  now,             // by this call
  before,          // the temporary name is gone and the name is there: an earlier call did it
  name_is_taken,   // another object has the name; the temporary one stays
};

struct StoreEntry {
  std::string name;  // one part, without '/'
  bool is_folder = false;
};

class Store {
 public:
  virtual ~Store() = default;

  // Begins a new object under the temporary name. Errors: already_exists.
  [[nodiscard]] virtual Result<std::unique_ptr<StoreWriter>> create(const std::string& temporary) = 0;

  // Gives the finished object `temporary` its name and removes the temporary one. Never overwrites. In every outcome
  // but an error the name is durable. Safe to repeat after any failure, by any process: a publish that was cut short is
  // finished, and one cut between its two steps reads as name_is_taken, which the caller tells apart by what the name
  // holds. Errors: not_found, when neither name is there.
  [[nodiscard]] virtual Result<Published> publish(const std::string& temporary, const std::string& name) = 0;

  // Bytes [offset, offset + size) of an object, fewer at its end. Errors: not_found.
  [[nodiscard]] virtual Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) = 0;
  // Errors: not_found.
  [[nodiscard]] virtual Result<std::uint64_t> size(const std::string& name) = 0;
  // What lies directly under a folder, in no order; nothing when the folder is not there. `folder` may be "".
  [[nodiscard]] virtual Result<std::vector<StoreEntry>> list(const std::string& folder) = 0;
  // No error when it is not there.
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
  // For people: "/data/archive".
  [[nodiscard]] virtual std::string where() const = 0;
};

}  // namespace sluice::pipeline
