#include "pipeline/memory_store_testing.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::pipeline {

namespace {

Error died() { return {.code = ErrorCode::back_off, .message = "the store died"}; }
Error missing(const std::string& name) { return {.code = ErrorCode::not_found, .message = "no object " + name}; }

}  // namespace

class MemoryStore::Writer final : public StoreWriter {
 public:
  Writer(MemoryStore& store, std::string name, std::shared_ptr<Bytes> bytes)
      : store_(store), name_(std::move(name)), bytes_(std::move(bytes)) {}
  ~Writer() override {
    if (!finished_) static_cast<void>(store_.remove(name_).ok());
  }
  Result<void> append(ByteView bytes) override {
    const std::lock_guard lock(store_.mutex_);
    SLUICE_RETURN_IF_ERROR(store_.alive());
    bytes_->append(bytes);
    return {};
  }
  Result<std::string> finish() override {
    const std::lock_guard lock(store_.mutex_);
    SLUICE_TRY(const bool lives, store_.step());
    store_.objects_[name_].finished = true;
    finished_ = true;
    if (!lives) return died();
    return name_;
  }

 private:
  MemoryStore& store_;
  std::string name_;
  std::shared_ptr<Bytes> bytes_;
  bool finished_ = false;
};

Result<void> MemoryStore::alive() const { return dead_ ? Result<void>{died()} : Result<void>{}; }

Result<bool> MemoryStore::step() {
  SLUICE_RETURN_IF_ERROR(alive());
  ++steps_;
  if (!dies_at_ || steps_ < *dies_at_) return true;
  dead_ = true;
  if (!done_) return died();
  return false;
}

Result<std::unique_ptr<StoreWriter>> MemoryStore::create(const std::string& temporary,
                                                               const std::string& /*name*/) {
  const std::lock_guard lock(mutex_);
  if (objects_.contains(temporary)) {
    return Error{.code = ErrorCode::already_exists, .message = temporary + " is there already"};
  }
  SLUICE_TRY(const bool lives, step());
  auto bytes = std::make_shared<Bytes>();
  objects_[temporary] = {bytes, false};
  if (!lives) return died();
  return std::unique_ptr<StoreWriter>(std::make_unique<Writer>(*this, temporary, bytes));
}

Result<Published> MemoryStore::publish(const std::string& id, const std::string& name) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(alive());
  const auto from = objects_.find(id);
  if (objects_.contains(name)) return from == objects_.end() ? Published::before : Published::name_is_taken;
  if (from == objects_.end() || !from->second.finished) return missing(id);
  SLUICE_TRY(const bool named, step());
  objects_[name] = from->second;
  if (!named) return died();
  SLUICE_TRY(const bool ended, step());
  objects_.erase(id);
  if (!ended) return died();
  return Published::now;
}

Result<Published> MemoryStore::put(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_TRY(const auto writer, create(temporary, name));
  SLUICE_RETURN_IF_ERROR(writer->append(bytes));
  SLUICE_RETURN_IF_ERROR(writer->finish());
  SLUICE_TRY(const auto published, publish(temporary, name));
  if (published == Published::name_is_taken) SLUICE_RETURN_IF_ERROR(remove(temporary));
  return published;
}

Result<void> MemoryStore::replace(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_TRY(const auto writer, create(temporary, name));
  SLUICE_RETURN_IF_ERROR(writer->append(bytes));
  SLUICE_RETURN_IF_ERROR(writer->finish());
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const bool lives, step());
  objects_[name] = objects_[temporary];
  objects_.erase(temporary);
  return lives ? Result<void>{} : died();
}

Result<Bytes> MemoryStore::read(const std::string& name, std::uint64_t offset, std::size_t size) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(alive());
  const auto found = objects_.find(name);
  if (found == objects_.end()) return missing(name);
  const auto& bytes = *found->second.bytes;
  Bytes out(bytes, std::min<std::size_t>(offset, bytes.size()), size);
  bytes_read_ += out.size();
  return out;
}

Result<std::uint64_t> MemoryStore::size(const std::string& name) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(alive());
  const auto found = objects_.find(name);
  if (found == objects_.end()) return missing(name);
  return std::uint64_t{found->second.bytes->size()};
}

Result<std::vector<StoreEntry>> MemoryStore::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  SLUICE_RETURN_IF_ERROR(alive());
  const auto prefix = folder.empty() ? std::string() : folder + "/";
  std::set<std::string> folders;
  std::vector<StoreEntry> out;
  for (const auto& [name, object] : objects_) {
    if (!name.starts_with(prefix)) continue;
    const auto rest = name.substr(prefix.size());
    const auto slash = rest.find('/');
    if (slash == std::string::npos) {
      out.push_back({rest, false});
    } else if (folders.insert(rest.substr(0, slash)).second) {
      out.push_back({rest.substr(0, slash), true});
    }
  }
  return out;
}

Result<std::vector<Leftover>> MemoryStore::leftovers(const std::string& temporaries, const std::string& /*names*/) {
  SLUICE_TRY(const auto entries, list(temporaries));
  std::vector<Leftover> out;
  for (const auto& entry : entries) {
    if (!entry.is_folder) out.push_back({temporaries + "/" + entry.name, entry.name});
  }
  return out;
}

Result<void> MemoryStore::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const bool lives, step());
  objects_.erase(name);
  return lives ? Result<void>{} : died();
}

void MemoryStore::die_at(std::uint64_t step, bool done) {
  const std::lock_guard lock(mutex_);
  dies_at_ = steps_ + step;
  done_ = done;
}

bool MemoryStore::dead() const {
  const std::lock_guard lock(mutex_);
  return dead_;
}

void MemoryStore::restart() {
  const std::lock_guard lock(mutex_);
  std::erase_if(objects_, [](const auto& object) { return !object.second.finished; });
  dead_ = false;
  dies_at_.reset();
}

std::uint64_t MemoryStore::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

std::map<std::string, Bytes> MemoryStore::objects(const std::string& folder) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Bytes> out;
  for (const auto& [name, object] : objects_) {
    if (object.finished && name.starts_with(folder)) out[name] = *object.bytes;
  }
  return out;
}

void MemoryStore::plant(const std::string& name, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  objects_[name] = {std::make_shared<Bytes>(std::move(bytes)), true};
}

}  // namespace sluice::pipeline
