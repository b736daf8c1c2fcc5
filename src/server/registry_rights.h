#pragma once
// What users may do with the registry: which right each request of its REST interface needs, and who has it.
//
//   - A subject is read by GET, by looking a schema up in it, and by checking one against it; registering, deleting and
//     setting its level or mode writes it. Who may write may read.
//   - A schema by its id or GUID may be read by who may read one of the subjects that have it.
//   - Lists are for everybody, and show what one may read.
//   - The global level and mode, contexts, and what this table does not know need the right for every subject: `*`.
//
// Subjects of other contexts are named as clients name them: ":.context:subject".

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/http.h"
#include "server/config/config.h"

namespace sluice::server {

struct RegistryNeed {
  enum class Kind : std::uint8_t {
    nothing,
    read,          // of `subject`
    write,         // of `subject`
    read_all,
    write_all,
    some_subject,  // a schema by id: a subject that has it must be readable
    list,          // an answer that is cut to what may be read
  };
  Kind kind = Kind::nothing;
  std::string subject = {};

  bool operator==(const RegistryNeed&) const = default;
};

// All of them must be met.
[[nodiscard]] std::vector<RegistryNeed> registry_needs(const io::HttpRequest& request);

class RegistryRights {
 public:
  explicit RegistryRights(const Config& config);

  [[nodiscard]] bool may_read(const std::string& user, const std::string& subject) const;
  [[nodiscard]] bool may_write(const std::string& user, const std::string& subject) const;
  [[nodiscard]] bool may_read_all(const std::string& user) const;
  [[nodiscard]] bool may_write_all(const std::string& user) const;

 private:
  struct Globs {
    std::vector<std::string> read;
    std::vector<std::string> write;
  };
  [[nodiscard]] const Globs& of(const std::string& user) const;

  bool everybody_;  // there are no rights in the configuration
  std::map<std::string, Globs> globs_;
};

}  // namespace sluice::server
