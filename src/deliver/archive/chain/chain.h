#pragma once
// A partition's chain of commit records: its position, and the step that moves it.
//
//   create record ──> durable ──> temporaries get their names ──> old temporaries removed
//        │ name is taken by another's record: fenced
//
// The record is the commit (docs/formats/archive.md, Commit records 1 to 5). Whoever opens a chain first finishes the
// newest record, so that at most one record is ever unfinished.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "deliver/archive/chain/commit_record.h"
#include "io/workers.h"
#include "pipeline/store.h"

namespace sluice::deliver::archive {

class Chain {
 public:
  // Finishes the newest record. `writer` is unique to this run of this process. `store` must outlive it.
  // `workers`, where there are any, publish its files; they outlive it. Errors: corrupt, unsupported, those of the store.
  [[nodiscard]] static Result<Chain> open(pipeline::Store& store, std::string topic, std::int32_t partition,
                                          std::string writer, io::Workers* workers = nullptr);

  // The newest record, when its temporaries expired before they got their names: its rows are in no file. Such a chain is
  // good for nothing else: take the record back (rewind.h), and open the chain again.
  [[nodiscard]] const std::optional<CommitRecord>& lost() const { return lost_; }
  // Where the next record begins; none before the first.
  [[nodiscard]] std::optional<Offset> end() const { return end_; }
  [[nodiscard]] const Totals& totals() const { return totals_; }
  // Files that a finished record names and that are nowhere: removed by hand.
  [[nodiscard]] std::uint64_t missing_files() const { return missing_files_; }

  // That the newest record is still there. A folder that was moved away or unmounted would else get files that begin it
  // anew, and a chain without its beginning. Errors: back_off. commit() asks as well.
  [[nodiscard]] Result<void> check_newest();

  // The name for a new temporary of a roll that begins at `first`: never the same twice.
  [[nodiscard]] std::string new_temporary(Offset first, std::string_view suffix);

  // Folders that no record since has known to be complete.
  [[nodiscard]] const std::map<std::string, std::int64_t>& incomplete() const { return incomplete_; }

  // What a commit says beside its files.
  struct Note {
    bool gap = false;
    std::int64_t now_ms = 0;
    std::map<std::string, std::int64_t> incomplete = {};
    std::string filter = {};     // see CommitRecord
    std::uint64_t filtered = 0;
  };
  // Makes [first, end) archived: `files` are finished temporaries. On return they have their names.
  // Errors: fenced (another writer has this first offset; nothing was published; the temporaries are the caller's to
  // remove), back_off (the newest record is not there any more: nothing was done; or temporaries went away meanwhile, see
  // lost()), and those of the store: then the outcome is unknown, and open() settles it.
  [[nodiscard]] Result<void> commit(Offset first, Offset end, std::vector<ArchivedFile> files, Note note);

 private:
  Chain(pipeline::Store& store, std::string topic, std::int32_t partition, std::string writer, io::Workers* workers)
      : store_(&store), workers_(workers), topic_(std::move(topic)), partition_(partition), writer_(std::move(writer)) {}

  [[nodiscard]] Result<void> create(const CommitRecord& record);
  [[nodiscard]] Result<void> finish(const CommitRecord& record);
  // The files that are not there, neither by their name nor as a temporary.
  [[nodiscard]] Result<std::vector<const ArchivedFile*>> publish_files(const CommitRecord& record) const;
  // Whether the record's files have had their names once.
  [[nodiscard]] Result<bool> were_named(const CommitRecord& record) const;
  void tell_missing(const std::vector<const ArchivedFile*>& files);
  // False: neither the file nor its temporary is there.
  [[nodiscard]] Result<bool> publish(const ArchivedFile& file) const;
  // Removes the temporaries whose writers have lost or are done.
  [[nodiscard]] Result<void> remove_stale();

  pipeline::Store* store_;
  io::Workers* workers_;
  std::string topic_;
  std::int32_t partition_;
  std::string writer_;
  std::optional<Offset> newest_;  // the first offset of the newest record
  std::optional<Offset> end_;
  Totals totals_;
  std::map<std::string, std::int64_t> incomplete_;
  std::uint64_t missing_files_ = 0;
  std::optional<CommitRecord> lost_;
  std::uint64_t temporaries_ = 0;
};

// The first offsets of a partition's records, ascending.
[[nodiscard]] Result<std::vector<Offset>> list_records(pipeline::Store& store, const std::string& topic,
                                                       std::int32_t partition);
[[nodiscard]] Result<CommitRecord> read_record(pipeline::Store& store, const std::string& topic,
                                               std::int32_t partition, Offset first);
// The newest record, without finishing it; none when there is no record.
[[nodiscard]] Result<std::optional<CommitRecord>> read_newest(pipeline::Store& store, const std::string& topic,
                                                              std::int32_t partition);

// What to say of an archive that ends before `end`, where it once was: back_off.
[[nodiscard]] Error archive_is_gone(const std::string& where, const std::string& topic, std::int32_t partition, Offset end);

}  // namespace sluice::deliver::archive
