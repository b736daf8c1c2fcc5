#pragma once
// Reads members of a JSON object; the first failure sticks. For the .cc files of this module.

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace sluice::deliver::archive {

class Members {
 public:
  explicit Members(const boost::json::object& object) : object_(object) {}

  template <typename T>
  T number(std::string_view key) {
    const auto* value = object_.if_contains(key);
    boost::system::error_code failed;
    const T out = value != nullptr && value->is_number() ? value->to_number<T>(failed) : T{};
    if (value == nullptr || !value->is_number() || failed) missing_ = key;
    return out;
  }
  Offset offset(std::string_view key) {
    const auto value = number<std::int64_t>(key);
    if (value < 0) missing_ = key;
    return Offset{value};
  }
  std::string text(std::string_view key) {
    const auto* value = object_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    missing_ = key;
    return {};
  }
  // The key of a member that was missing or of another type; empty when all were right.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  const boost::json::object& object_;
  std::string missing_;
};

}  // namespace sluice::deliver::archive
