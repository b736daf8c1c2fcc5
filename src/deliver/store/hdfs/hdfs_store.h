#pragma once
// A Store in a folder of an HDFS, over WebHDFS or HttpFS: no Java in this process.
//
// A temporary is a file under the name `temporary`; its id is that name. publish() is RENAME, which HDFS does at once and
// never onto a file; the NameNode's journal makes it durable, and each DataNode syncs a file's blocks before the file
// counts as written (by way of HttpFS they are only in the DataNodes' memory). Folders are made on the way.
//
// replace() is a RENAME that overwrites. HttpFS has none: there the old object is deleted first, and readers that find
// nothing look again for a moment.
//
// What ends by itself or by a hand on the other side (safe mode, a missing DataNode, rights, a token that expired) is
// back_off or out_of_space, so that a sink which tries again goes on when the cause is gone.

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/web_client.h"
#include "pipeline/store.h"

namespace sluice::deliver::store::hdfs {

class WebHdfs;

class HdfsStore final : public pipeline::Store {
 public:
  // `url`: hdfs_url.h. Asks no server yet. Errors: rejected. `options.ca_file` is the URL's.
  [[nodiscard]] static Result<std::unique_ptr<HdfsStore>> open(std::string_view url, io::WebClientOptions options = {});
  // The same by way of `client`.
  [[nodiscard]] static Result<std::unique_ptr<HdfsStore>> open(std::string_view url, std::unique_ptr<io::WebClient> client);
  ~HdfsStore() override;

  [[nodiscard]] Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string& temporary,
                                                                      const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> publish(const std::string& id, const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> put(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<void> replace(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Result<std::uint64_t> size(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> temporary_size(const std::string& id) override { return size(id); }
  [[nodiscard]] Result<std::vector<pipeline::StoreEntry>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::vector<pipeline::Leftover>> leftovers(const std::string& temporaries,
                                                                  const std::string& names) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> discard(const std::string& id) override { return remove(id); }
  [[nodiscard]] std::size_t calls_at_once() const override { return 4; }
  [[nodiscard]] std::string where() const override;

 private:
  HdfsStore(std::unique_ptr<io::WebClient> client, std::unique_ptr<WebHdfs> hdfs);

  [[nodiscard]] std::string path(const std::string& name) const;
  [[nodiscard]] Error not_found(const std::string& name) const;
  // Makes the folder that `path` lies in, if this process has not done so before.
  [[nodiscard]] Result<void> ensure_folder_of(const std::string& path);
  void forget_folders();
  [[nodiscard]] Result<void> write(const std::string& temporary, const std::string& name, ByteView bytes);
  // None and false: refused without a reason, which is how a missing folder of `to` looks.
  [[nodiscard]] Result<std::optional<pipeline::Published>> publish_once(const std::string& from, const std::string& to);
  [[nodiscard]] Result<bool> remove_and_rename(const std::string& from, const std::string& to);
  [[nodiscard]] Result<bool> replace_once(const std::string& from, const std::string& to);

  std::unique_ptr<io::WebClient> client_;
  std::unique_ptr<WebHdfs> hdfs_;
  std::mutex mutex_;
  std::set<std::string> folders_;  // guarded by mutex_; complete paths
};

}  // namespace sluice::deliver::store::hdfs
