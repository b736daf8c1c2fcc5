#include "server/places.h"

#include "deliver/avro_file/avro_format.h"
#include "deliver/store/local/local_store.h"
#include "io/file_system.h"

namespace sluice::server {

Result<void> check_place(const std::string& to) {
  if (to.find("://") == std::string::npos || to.starts_with("file://")) return {};
  return Error{.code = ErrorCode::rejected, .message = "'" + to + "' is no place for a sink", .hint = "one is ./archive"};
}

Result<std::unique_ptr<pipeline::Store>> open_place(const std::string& to) {
  SLUICE_RETURN_IF_ERROR(check_place(to));
  const auto path = to.starts_with("file://") ? to.substr(7) : to;
  return std::unique_ptr<pipeline::Store>(
      std::make_unique<deliver::store::local::LocalStore>(io::real_file_system(), path));
}

Result<void> check_format(const std::string& name, const std::string& codec) {
  SLUICE_RETURN_IF_ERROR(make_format(name, codec));
  return {};
}

Result<std::shared_ptr<const pipeline::RowFormat>> make_format(const std::string& name, const std::string& codec) {
  if (name == "avro") return deliver::avro_file::avro_format({.codec = codec.empty() ? "deflate" : codec});
  return Error{.code = ErrorCode::rejected, .message = "'" + name + "' is no format of files", .hint = "one is avro"};
}

std::vector<std::shared_ptr<const pipeline::RowFormat>> readable_formats() {
  std::vector<std::shared_ptr<const pipeline::RowFormat>> out;
  if (auto avro = make_format("avro", ""); avro.ok()) out.push_back(*std::move(avro));
  return out;
}

}  // namespace sluice::server
