#pragma once
// The `Store` port: a place that keeps whole objects by name; a folder, HDFS, an object store.
//
// A large object is written as a temporary and becomes visible by publish(), which never overwrites; a small one is put
// whole, and never overwrites either. On these two every commit of a sink rests. What a temporary is, is the place's own
// affair: a file under another name, or an upload that is not completed. Names are relative, with '/' between their parts
// ("shop.orders/dt=…/0-0-0.avro"); no part begins with a dot or is empty.
//
// Errors, everywhere: back_off (the place did not do it, or nobody knows whether it did), out_of_space, rejected (a name
// that cannot be one; credentials or rights that do not suffice). Thread-safe; a Writer belongs to one thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::pipeline {

// Writes one temporary, from its beginning to its end.
class StoreWriter {
 public:
  // Without finish() the temporary is discarded, as far as that is possible.
  virtual ~StoreWriter() = default;

  // Copies or writes `bytes`. After an error only destruction is left.
  [[nodiscard]] virtual Result<void> append(ByteView bytes) = 0;
  // Makes the bytes durable. Nothing may be appended afterwards. Gives the temporary's id, for publish() and discard(),
  // by this process or any other: text that a commit record keeps.
  [[nodiscard]] virtual Result<std::string> finish() = 0;
};

// What became of a publish() or put().
enum class Published : std::uint8_t {
  now,             // by this call
  before,          // the temporary is gone and the name is there: an earlier call did it
  name_is_taken,   // another object has the name; the temporary stays
};

struct StoreEntry {
  std::string name;  // one part, without '/'
  bool is_folder = false;
};

// A temporary that somebody began and nobody published or discarded.
struct Leftover {
  std::string id;
  std::string name;  // the last part of the name it was created with: `temporary`'s, or where the place does not keep
                     // that, `name`'s
};

class Store {
 public:
  virtual ~Store() = default;

  // Begins a new object that is to become `name`. `temporary` is a name that is never used twice; a place that keeps
  // temporaries as objects keeps it there. Errors: already_exists.
  [[nodiscard]] virtual Result<std::unique_ptr<StoreWriter>> create(const std::string& temporary,
                                                                    const std::string& name) = 0;

  // Gives the finished temporary `id` its name. Never overwrites. In every outcome but an error the name is durable.
  // Safe to repeat after any failure, by any process: a publish that was cut short is finished, and one cut between its
  // two steps reads as name_is_taken, which the caller tells apart by what the name holds. Errors: not_found, when
  // neither the temporary nor the name is there.
  [[nodiscard]] virtual Result<Published> publish(const std::string& id, const std::string& name) = 0;

  // A small object at once: durable with exactly these bytes under its name (now), or another is there already
  // (name_is_taken; also when an earlier try of this very call, whose answer was lost, did it). `temporary` as for
  // create(); nothing of it is left but after an error.
  [[nodiscard]] virtual Result<Published> put(const std::string& temporary, const std::string& name, ByteView bytes) = 0;
  // A small object at once, in place of what is there. Readers see the one or the other, whole.
  [[nodiscard]] virtual Result<void> replace(const std::string& temporary, const std::string& name, ByteView bytes) = 0;

  // Bytes [offset, offset + size) of an object, fewer at its end. Errors: not_found.
  [[nodiscard]] virtual Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) = 0;
  // Errors: not_found.
  [[nodiscard]] virtual Result<std::uint64_t> size(const std::string& name) = 0;
  // Of a temporary. Errors: not_found.
  [[nodiscard]] virtual Result<std::uint64_t> temporary_size(const std::string& id) = 0;
  // What lies directly under a folder, in no order; nothing when the folder is not there. `folder` may be "".
  [[nodiscard]] virtual Result<std::vector<StoreEntry>> list(const std::string& folder) = 0;
  // The temporaries that were created under the folder `temporaries`, or for names that begin with `names`, whichever
  // the place knows of them.
  [[nodiscard]] virtual Result<std::vector<Leftover>> leftovers(const std::string& temporaries,
                                                                const std::string& names) = 0;
  // No error when it is not there. A folder that is empty goes in the same way, where a place has such.
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
  // Ends a temporary. No error when it is not there.
  [[nodiscard]] virtual Result<void> discard(const std::string& id) = 0;
  // Whether a temporary may go away by itself, as uploads do that a bucket's lifecycle aborts after some days.
  [[nodiscard]] virtual bool temporaries_expire() const { return false; }
  // How many calls it pays to have under way at a time: more than one where each waits for another machine.
  [[nodiscard]] virtual std::size_t calls_at_once() const { return 1; }
  // For people: "/data/archive", "s3://bucket/path", "hdfs://namenode:9870/archive".
  [[nodiscard]] virtual std::string where() const = 0;
};

}  // namespace sluice::pipeline
