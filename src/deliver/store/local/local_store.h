#pragma once
// A Store in a folder of a file system. A temporary is a file under its temporary name, which is its id.
//
// publish() is link, sync of the folder, unlink: link cannot overwrite, and a name is durable before the caller hears
// of it. Folders are made on the way, durably.

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "io/file_system.h"
#include "pipeline/store.h"

namespace sluice::deliver::store::local {

class LocalStore final : public pipeline::Store {
 public:
  // `fs` must outlive it. `root` is made when first needed; it must be on a file system with hard links.
  LocalStore(io::FileSystem& fs, std::string root);
  ~LocalStore() override;

  [[nodiscard]] Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string& temporary,
                                                                      const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> publish(const std::string& id, const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> put(const std::string& temporary, const std::string& name,
                                                ByteView bytes) override;
  [[nodiscard]] Result<void> replace(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Result<std::uint64_t> size(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> temporary_size(const std::string& id) override { return size(id); }
  [[nodiscard]] Result<std::vector<pipeline::StoreEntry>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::vector<pipeline::Leftover>> leftovers(const std::string& temporaries,
                                                                  const std::string& names) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> discard(const std::string& id) override { return remove(id); }
  [[nodiscard]] std::string where() const override { return root_; }

 private:
  [[nodiscard]] std::string path(const std::string& name) const;
  [[nodiscard]] Result<void> write_temporary(const std::string& temporary, ByteView bytes);
  // Makes the folder that `name` lies in, and makes its own name durable.
  [[nodiscard]] Result<void> ensure_folder_of(const std::string& name);

  io::FileSystem& fs_;
  const std::string root_;
  std::mutex mutex_;
  std::set<std::string> durable_folders_;  // guarded by mutex_
};

}  // namespace sluice::deliver::store::local
