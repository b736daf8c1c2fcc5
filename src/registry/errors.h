#pragma once
// What the registry refuses, in Confluent's codes and words: clients compare the codes, people search for the words.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::registry {

// In Error::reason. The HTTP status is the code's first three digits.
enum class Code : std::uint16_t {
  none = 0,
  incompatible = 409,
  incompatible_schema = 40901,  // the same, as registries say it from 8.0.4 on
  subject_not_found = 40401,
  version_not_found = 40402,
  schema_not_found = 40403,
  subject_soft_deleted = 40404,
  subject_not_soft_deleted = 40405,
  version_soft_deleted = 40406,
  version_not_soft_deleted = 40407,
  subject_config_missing = 40408,
  subject_mode_missing = 40409,
  invalid_schema = 42201,
  invalid_version = 42202,
  invalid_level = 42203,
  invalid_mode = 42204,
  not_permitted = 42205,
  reference_exists = 42206,
  invalid_subject = 42208,
  schema_too_large = 42209,
  invalid_rule_set = 42210,
  context_not_empty = 42211,
  store_failed = 50001,
};

// A client of Confluent's reads the message only: what to do stands in it where the words are ours.
[[nodiscard]] Error failed(Code code, std::string message);
[[nodiscard]] Code code_of(const Error& error);

[[nodiscard]] Error no_subject(const std::string& subject);
[[nodiscard]] Error no_version(std::int32_t version);
[[nodiscard]] Error no_schema(std::int32_t id);
[[nodiscard]] Error reference_exists(const std::string& subject, std::int32_t version);

}  // namespace sluice::registry
