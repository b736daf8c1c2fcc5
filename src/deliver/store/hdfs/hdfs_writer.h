#pragma once
// Writes one temporary file; nothing is there before its first byte.

#include <optional>
#include <string>

#include "deliver/store/hdfs/web_hdfs.h"
#include "pipeline/store.h"

namespace sluice::deliver::store::hdfs {

class HdfsWriter final : public pipeline::StoreWriter {
 public:
  // `hdfs` must outlive it. `id` is what finish() gives.
  HdfsWriter(WebHdfs& hdfs, std::string path, std::string id) : hdfs_(hdfs), path_(std::move(path)), id_(std::move(id)) {}
  ~HdfsWriter() override;

  [[nodiscard]] Result<void> append(ByteView bytes) override;
  [[nodiscard]] Result<std::string> finish() override;

 private:
  [[nodiscard]] Result<void> begin(ByteView bytes);
  [[nodiscard]] Result<void> send(ByteView bytes);
  [[nodiscard]] Result<void> check_length();

  WebHdfs& hdfs_;
  const std::string path_;
  const std::string id_;
  std::optional<FileUpload> upload_;
  std::uint64_t size_ = 0;
  bool is_ours_ = false;   // the file of that path, whole or not
  bool finished_ = false;
};

}  // namespace sluice::deliver::store::hdfs
