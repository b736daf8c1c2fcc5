#pragma once
// The operations of WebHDFS that a store needs, as functions. Paths are complete ("/archive/t/a"), not encoded.
//
// Metadata is the NameNode's. Bytes go to and come from a DataNode that the NameNode names in a redirect, or through the
// HttpFS gateway, which takes and gives them itself. A DataNode that refuses the connection is left out and the NameNode
// asked for another. Thread-safe; a FileUpload belongs to one thread. Errors: those of refusal.h.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/store/hdfs/name_nodes.h"

namespace sluice::deliver::store::hdfs {

struct FileStatus {
  std::string name;  // within its folder; empty for the path itself
  bool is_folder = false;
  std::uint64_t length = 0;
};

// The bytes of one file on their way. Dropped before finish(), it leaves an unfinished file behind.
class FileUpload {
 public:
  FileUpload(std::unique_ptr<io::WebUpload> upload, Asked asked) : upload_(std::move(upload)), asked_(std::move(asked)) {}

  [[nodiscard]] Result<void> write(ByteView bytes);
  // Errors: already_exists, when a file of that path was there before.
  [[nodiscard]] Result<void> finish();

 private:
  std::unique_ptr<io::WebUpload> upload_;
  Asked asked_;
};

class WebHdfs {
 public:
  // `client` must outlive it.
  WebHdfs(io::WebClient& client, HdfsUrl url) : client_(client), name_nodes_(client, std::move(url)) {}

  // With its parents.
  [[nodiscard]] Result<void> make_folder(const std::string& path);
  // Begins a file that was not there with its first bytes. DataNodes sync each block when it is full or the file ends.
  [[nodiscard]] Result<FileUpload> create(const std::string& path, ByteView first);
  // False: it was not done, because of what is at either path. An error may mean that it was done, or will be.
  [[nodiscard]] Result<bool> rename(const std::string& path, const std::string& to, bool overwrite);
  // None when it is not there.
  [[nodiscard]] Result<std::optional<FileStatus>> status(const std::string& path);
  // Nothing when it is not there or no folder.
  [[nodiscard]] Result<std::vector<FileStatus>> list(const std::string& path);
  // Fewer bytes at the file's end. Errors: not_found.
  [[nodiscard]] Result<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size);
  // A file, or a folder that is empty. No error when it is not there.
  [[nodiscard]] Result<void> remove(const std::string& path);

  [[nodiscard]] const HdfsUrl& url() const { return name_nodes_.url(); }

 private:
  // Where an operation's bytes go or come from.
  struct DataPlace {
    std::string url;
    Asked asked;
  };

  [[nodiscard]] std::string data_node(std::string_view location) const;
  [[nodiscard]] Result<DataPlace> data_place(const Operation& operation);
  [[nodiscard]] Result<FileUpload> begin(const Operation& operation, ByteView first, std::string& refused_by);
  [[nodiscard]] Result<Bytes> fetch(const Operation& operation, std::string& refused_by);
  [[nodiscard]] Result<Bytes> read_piece(const std::string& path, std::uint64_t offset, std::size_t size);
  [[nodiscard]] Result<std::optional<std::vector<FileStatus>>> list_by_pages(const std::string& path);

  io::WebClient& client_;
  NameNodes name_nodes_;
  std::atomic<bool> no_pages_ = false;  // the server knows no LISTSTATUS_BATCH
};

}  // namespace sluice::deliver::store::hdfs
