#include "server/places.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "deliver/avro_file/avro_format.h"
#include "deliver/parquet_module/parquet_module.h"
#include "deliver/store/hdfs/hdfs_store.h"
#include "deliver/store/hdfs/hdfs_url.h"
#include "deliver/store/local/local_store.h"
#include "deliver/store/s3/s3_address.h"
#include "deliver/store/s3/s3_store.h"
#include "io/file_system.h"

namespace sluice::server {

namespace {

namespace store = deliver::store;

enum class Kind : std::uint8_t { local, hdfs, s3, unknown };

Kind kind_of(const std::string& to) {
  if (to.find("://") == std::string::npos || to.starts_with("file://")) return Kind::local;
  if (to.starts_with("hdfs://") || to.starts_with("hdfs+https://")) return Kind::hdfs;
  return to.starts_with("s3://") ? Kind::s3 : Kind::unknown;
}

Error no_place(const std::string& to) {
  return {.code = ErrorCode::rejected,
          .message = "'" + to + "' is no place for a sink",
          .hint = "one is ./archive, hdfs://namenode:9870/archive or s3://bucket/archive"};
}

constexpr auto kParquetCodecs = std::to_array<std::string_view>({"", "zstd", "snappy", "gzip", "lz4_raw", "none"});

}  // namespace

Result<void> check_place(const std::string& to) {
  switch (kind_of(to)) {
    case Kind::local: return {};
    case Kind::hdfs: {
      auto url = store::hdfs::parse_hdfs_url(to);
      return url.ok() ? Result<void>{} : std::move(url).error();
    }
    case Kind::s3: {
      auto address = store::s3::parse_s3_url(to, store::s3::process_environment());
      return address.ok() ? Result<void>{} : std::move(address).error();
    }
    case Kind::unknown: break;
  }
  return no_place(to);
}

std::string absolute_place(const std::string& to) {
  const auto path = to.starts_with("file://") ? to.substr(7) : to;
  if (path.find("://") != std::string::npos) return to;
  auto out = std::filesystem::absolute(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

Result<std::unique_ptr<pipeline::Store>> open_place(const std::string& to) {
  switch (kind_of(to)) {
    case Kind::local: {
      const auto path = to.starts_with("file://") ? to.substr(7) : to;
      return std::unique_ptr<pipeline::Store>(std::make_unique<store::local::LocalStore>(io::real_file_system(), path));
    }
    case Kind::hdfs: {
      SLUICE_TRY(auto opened, store::hdfs::HdfsStore::open(to));
      return std::unique_ptr<pipeline::Store>(std::move(opened));
    }
    case Kind::s3: {
      SLUICE_TRY(auto address, store::s3::parse_s3_url(to, store::s3::process_environment()));
      SLUICE_TRY(auto opened, store::s3::S3Store::create(std::move(address), {}));
      return std::unique_ptr<pipeline::Store>(std::move(opened));
    }
    case Kind::unknown: break;
  }
  return no_place(to);
}

Result<void> check_format(const std::string& name, const std::string& codec) {
  if (name == "parquet") {
    if (std::ranges::find(kParquetCodecs, codec) != kParquetCodecs.end()) return {};
    return Error{.code = ErrorCode::rejected, .message = "Parquet has no codec '" + codec + "'", .hint = "one is zstd"};
  }
  auto format = make_format(name, codec);
  return format.ok() ? Result<void>{} : std::move(format).error();
}

Result<std::shared_ptr<const pipeline::RowFormat>> make_format(const std::string& name, const std::string& codec) {
  if (name == "avro") return deliver::avro_file::avro_format({.codec = codec.empty() ? "deflate" : codec});
  if (name == "parquet") return deliver::load_parquet({.codec = codec.empty() ? "zstd" : codec});
  return Error{.code = ErrorCode::rejected, .message = "'" + name + "' is no format of files", .hint = "one is avro or parquet"};
}

std::vector<std::shared_ptr<const pipeline::RowFormat>> readable_formats() {
  std::vector<std::shared_ptr<const pipeline::RowFormat>> out;
  for (const auto* name : {"avro", "parquet"}) {
    if (auto format = make_format(name, ""); format.ok()) out.push_back(*std::move(format));
  }
  return out;
}

}  // namespace sluice::server
