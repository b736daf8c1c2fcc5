#pragma once
// A Store in a bucket of S3 or its relatives.
//
// A temporary is a multipart upload to the object's final key, which nobody sees until it is completed; publish()
// completes it on the condition that the key is free (If-None-Match: *), and put() puts on that condition. The id is
// the upload's, with the name; its parts are asked for at the publish. An upload that nobody completes costs space:
// leftovers() finds it, and a lifecycle rule of the bucket (AbortIncompleteMultipartUpload) is a second net.
//
// Servers that are not Amazon's must prove once, before the first publish() or put(), that they heed the condition; one
// that does not is refused (rejected), for it would overwrite.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "deliver/store/s3/s3_client.h"
#include "io/workers.h"
#include "pipeline/store.h"

namespace sluice::deliver::store::s3 {

struct S3Options {
  S3ClientOptions client = {};
  // A writer holds three of these in memory at most: one that fills and kPartsUnderWay. To begin with; doubled every
  // 1,000 parts, so that 10,000 suffice for all that S3 takes. At least 5 MiB, or Amazon refuses. Two at a time of this
  // size are as fast as any more or larger ones.
  std::size_t part_bytes = std::size_t{8} << 20;
  int page = 1000;  // entries of a listing a request
};

class S3Store final : public pipeline::Store {
 public:
  // Nothing is sent yet.
  [[nodiscard]] static Result<std::unique_ptr<S3Store>> create(S3Address address, S3Options options);

  [[nodiscard]] Result<std::unique_ptr<pipeline::StoreWriter>> create(const std::string& temporary,
                                                                      const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> publish(const std::string& id, const std::string& name) override;
  [[nodiscard]] Result<pipeline::Published> put(const std::string& temporary, const std::string& name,
                                                ByteView bytes) override;
  [[nodiscard]] Result<void> replace(const std::string& temporary, const std::string& name, ByteView bytes) override;
  [[nodiscard]] Result<Bytes> read(const std::string& name, std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Result<std::uint64_t> size(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> temporary_size(const std::string& id) override;
  [[nodiscard]] Result<std::vector<pipeline::StoreEntry>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::vector<pipeline::Leftover>> leftovers(const std::string& temporaries,
                                                                  const std::string& names) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> discard(const std::string& id) override;
  [[nodiscard]] bool temporaries_expire() const override { return true; }
  [[nodiscard]] std::size_t calls_at_once() const override { return 4; }
  [[nodiscard]] std::string where() const override { return client_->address().text(); }

 private:
  S3Store(std::unique_ptr<S3Client> client, S3Options options);
  // Errors: rejected, as no object can have that name.
  [[nodiscard]] Result<std::string> key_of(const std::string& name) const;
  [[nodiscard]] Result<std::vector<Part>> parts_of(const std::string& key, const std::string& upload);
  [[nodiscard]] Result<pipeline::Published> after_lost_upload(const std::string& name);
  [[nodiscard]] Result<void> ensure_conditions_are_heeded();

  const std::unique_ptr<S3Client> client_;
  const S3Options options_;
  std::atomic<bool> conditions_are_heeded_ = false;
  io::Workers workers_{4};  // send parts
};

}  // namespace sluice::deliver::store::s3
