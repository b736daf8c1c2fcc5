#include "server/temporary_folder.h"

#include <cstdlib>

namespace sluice::server {

Result<std::string> make_temporary_folder(const std::string& prefix) {
  const char* temporary = std::getenv("TMPDIR");
  std::string name = std::string(temporary == nullptr ? "/tmp" : temporary) + "/" + prefix + "-XXXXXX";
  if (mkdtemp(name.data()) != nullptr) return name;
  return Error{.code = ErrorCode::back_off, .message = "no temporary folder " + name + " can be made"};
}

}  // namespace sluice::server
