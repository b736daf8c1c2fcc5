#include "io/file_system.h"

namespace sluice::io {

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

Result<void> FileSystem::replace_file(const std::string& path, ByteView bytes) {
  const auto temporary = path + ".tmp";
  SLUICE_TRY(const auto file, open(temporary, OpenMode::create));
  SLUICE_RETURN_IF_ERROR(file->truncate(0));
  SLUICE_RETURN_IF_ERROR(file->write_at(0, bytes));
  SLUICE_RETURN_IF_ERROR(file->sync());
  SLUICE_RETURN_IF_ERROR(rename(temporary, path));
  const auto slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

}  // namespace sluice::io
