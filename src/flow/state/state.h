#pragma once
// What a view remembers: ordered keys and values, changed by whole batches.
//
// Reads see the open batch over what is committed. Nothing of a batch is durable here: what makes it so is the log, where the
// batch's changes are written in the transaction that holds its results; this state is derived from there and catches up from
// there (applied(), restore()).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::flow {

// Of one thread. No key is empty.
class State {
 public:
  virtual ~State() = default;
  // The view ends with the next call of this object. Errors: those of the disk (retry, out_of_space, corrupt).
  [[nodiscard]] virtual Result<std::optional<ByteView>> find(ByteView key) = 0;
  virtual void put(ByteView key, ByteView value) = 0;
  virtual void erase(ByteView key) = 0;
  // In the order of the keys' bytes, those that begin with `prefix`, from `from` on (empty: from the first), until `visit` gives false. The
  // state must not be changed, nor asked, meanwhile. Errors: those of find().
  using Visit = std::function<bool(ByteView key, ByteView value)>;
  [[nodiscard]] virtual Result<void> scan(ByteView prefix, ByteView from, const Visit& visit) = 0;

  // find(), of one's own.
  [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key);
};

// A state that lives as long as the process: for questions asked once, and tests.
[[nodiscard]] std::unique_ptr<State> memory_state();

// What readers of other threads see: the committed batches up to one moment. Keeps the folder open while it lives.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) const = 0;
  [[nodiscard]] virtual Result<void> scan(ByteView prefix, ByteView from, const State::Visit& visit) const = 0;
};

// Very many changes of a state that had nothing, in whatever order: far faster than batches, and in files of its own until finish(). In memory
// there is about what the state may have. The state must outlive it, and is not used before finish(). Errors: those of find().
class Filling {
 public:
  virtual ~Filling() = default;
  // No value: erased. The last change of a key counts.
  [[nodiscard]] virtual Result<void> add(ByteView key, std::optional<ByteView> value) = 0;
  // All of it becomes the state's, durably, with `applied`, or nothing of it. `go_on` gets the part of finish() that is done, and may say
  // no: then `cancelled` is the error. Called once, at the end.
  [[nodiscard]] virtual Result<void> finish(const std::string& applied, const std::function<bool(double part)>& go_on) = 0;
};

// On disk (RocksDB, without a journal of its own: the log is the journal).
class DiskState : public State {
 public:
  // Opens or makes the folder. `memory_bytes` bounds what is kept of the disk in memory, and what waits for it; the open batch comes
  // on top. Errors: rejected: another process has it; corrupt: it should be removed and restored from the log.
  [[nodiscard]] static Result<std::unique_ptr<DiskState>> open(const std::string& folder, std::size_t memory_bytes);

  // What the open batch changes, in the order of keys; no value: erased.
  virtual void changes(const std::function<void(ByteView key, std::optional<ByteView> value)>& visit) = 0;
  [[nodiscard]] virtual std::size_t batch_bytes() const = 0;
  // Ends the batch; `applied` (the caller's own text: offsets) is kept with it, atomically. After an error the batch is as it was.
  [[nodiscard]] virtual Result<void> commit(const std::string& applied) = 0;
  virtual void rollback() = 0;
  // As put() and erase(), for very many keys: faster, and find() and scan() see it only after commit(), as changes() never does.
  virtual void load(ByteView key, std::optional<ByteView> value) = 0;
  // Precondition: applied() is empty, and so is the state.
  [[nodiscard]] virtual Result<std::unique_ptr<Filling>> fill() = 0;
  // What the last batch that is on disk, or was committed in this process, said; empty: nothing yet.
  [[nodiscard]] virtual const std::string& applied() const = 0;
  // Makes what is committed durable, as applied() then says after any end of the process.
  [[nodiscard]] virtual Result<void> flush() = 0;
  [[nodiscard]] virtual std::unique_ptr<Snapshot> snapshot() const = 0;  // thread-safe
  [[nodiscard]] virtual std::uint64_t disk_bytes() const = 0;            // thread-safe
};

}  // namespace sluice::flow
