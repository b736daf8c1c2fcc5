#include "registry/errors.h"

namespace sluice::registry {

Error failed(Code code, std::string message) {
  const auto number = static_cast<std::uint16_t>(code);
  const bool missing = number / 100 == 404;
  const auto kind = missing                      ? ErrorCode::not_found
                    : code == Code::store_failed ? ErrorCode::back_off
                                                 : ErrorCode::rejected;
  return {kind, std::move(message), {}, {}, number};
}

Code code_of(const Error& error) { return static_cast<Code>(error.reason); }

Error no_subject(const std::string& subject) {
  return failed(Code::subject_not_found, "Subject '" + subject + "' not found.");
}

Error no_version(std::int32_t version) {
  return failed(Code::version_not_found, "Version " + std::to_string(version) + " not found.");
}

Error no_schema(std::int32_t id) {
  return failed(Code::schema_not_found, "Schema " + std::to_string(id) + " not found");
}

Error reference_exists(const std::string& subject, std::int32_t version) {
  const auto number = std::to_string(version);
  return failed(Code::reference_exists, "Subject '" + subject + "' Version " + number + " is referred to by other schemas; …/versions/" +
                                            number + "/referencedby names their ids");
}

}  // namespace sluice::registry
