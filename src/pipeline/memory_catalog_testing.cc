#include "pipeline/memory_catalog_testing.h"

#include <algorithm>

namespace sluice::pipeline {

Result<void> MemoryCatalog::reachable() const {
  if (unreachable_) return Error{.code = ErrorCode::back_off, .message = "schema registry is not reachable"};
  return {};
}

Result<SchemaId> MemoryCatalog::add(const std::string& subject, const std::string& schema) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(reachable());
  auto& versions = subjects_[subject];
  auto known = std::find(schemas_.begin(), schemas_.end(), schema);
  if (known != schemas_.end()) {
    const SchemaId id{static_cast<std::int32_t>(known - schemas_.begin()) + 1};
    if (std::find(versions.begin(), versions.end(), id) != versions.end()) return id;
  }
  if (const auto refused = refused_.find(subject); refused != refused_.end()) {
    return Error{.code = ErrorCode::rejected,
                 .message = "schema of subject " + subject + " is incompatible: " + refused->second};
  }
  if (known == schemas_.end()) known = schemas_.insert(schemas_.end(), schema);
  const SchemaId id{static_cast<std::int32_t>(known - schemas_.begin()) + 1};
  versions.push_back(id);
  return id;
}

Result<std::string> MemoryCatalog::schema(SchemaId id) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(reachable());
  if (id.value < 1 || static_cast<std::size_t>(id.value) > schemas_.size()) {
    return Error{.code = ErrorCode::not_found, .message = "no schema has id " + to_string(id)};
  }
  return schemas_[static_cast<std::size_t>(id.value) - 1];
}

Result<std::string> MemoryCatalog::latest(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(reachable());
  const auto found = subjects_.find(subject);
  if (found == subjects_.end() || found->second.empty()) {
    return Error{.code = ErrorCode::not_found, .message = "no subject " + subject};
  }
  return schemas_[static_cast<std::size_t>(found->second.back().value) - 1];
}

Result<bool> MemoryCatalog::has(const std::string& subject, SchemaId id) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(reachable());
  const auto found = subjects_.find(subject);
  return found != subjects_.end() && std::ranges::find(found->second, id) != found->second.end();
}

Result<void> MemoryCatalog::set_compatibility(const std::string& subject, const std::string& level,
                                              bool compare_logical_types) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(reachable());
  compatibility_[subject] = {level, compare_logical_types};
  return {};
}

void MemoryCatalog::refuse(const std::string& subject, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  refused_[subject] = reason;
}

void MemoryCatalog::accept(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  refused_.erase(subject);
}

void MemoryCatalog::set_unreachable(bool unreachable) {
  const std::lock_guard lock(mutex_);
  unreachable_ = unreachable;
}

std::vector<std::string> MemoryCatalog::versions(const std::string& subject) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (const auto found = subjects_.find(subject); found != subjects_.end()) {
    for (const auto id : found->second) out.push_back(schemas_[static_cast<std::size_t>(id.value) - 1]);
  }
  return out;
}

std::pair<std::string, bool> MemoryCatalog::compatibility(const std::string& subject) const {
  const std::lock_guard lock(mutex_);
  const auto found = compatibility_.find(subject);
  return found == compatibility_.end() ? std::pair<std::string, bool>{} : found->second;
}

}  // namespace sluice::pipeline
