#include "io/file_system.h"

namespace sluice::io {
namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<Bytes> File::read_exactly(std::uint64_t offset, std::size_t size) const {
  Bytes bytes(size, '\0');
  SLUICE_TRY(const auto got, read_at(offset, bytes));
  if (got != size) {
    return Error{ErrorCode::corrupt, path() + ": ends at byte " + std::to_string(offset + got) + ", " +
                                         std::to_string(size - got) + " bytes before it should"};
  }
  return bytes;
}

Result<Bytes> FileSystem::read_file(const std::string& path) {
  SLUICE_TRY(const auto file, open(path, OpenMode::read));
  SLUICE_TRY(const auto size, file->size());
  return file->read_exactly(0, size);
}

Result<void> FileSystem::create_directories_durably(const std::string& path) {
  // Of what is missing, the deepest first; and of the folder itself, which may be of a life that ended before this sync.
  std::vector<std::string> parents{parent_of(path)};
  while (parents.back() != "." && parents.back() != "/") {
    SLUICE_TRY(const bool there, exists(parents.back()));
    if (there) break;
    parents.push_back(parent_of(parents.back()));
  }
  SLUICE_RETURN_IF_ERROR(create_directories(path));
  for (const auto& parent : parents) SLUICE_RETURN_IF_ERROR(sync_directory(parent));
  return {};
}

Result<void> FileSystem::replace_file(const std::string& path, ByteView bytes) {
  const auto temporary = path + ".tmp";
  SLUICE_TRY(const auto file, open(temporary, OpenMode::create));
  SLUICE_RETURN_IF_ERROR(file->truncate(0));
  SLUICE_RETURN_IF_ERROR(file->write_at(0, bytes));
  SLUICE_RETURN_IF_ERROR(file->sync());
  SLUICE_RETURN_IF_ERROR(rename(temporary, path));
  return sync_directory(parent_of(path));
}

}  // namespace sluice::io
