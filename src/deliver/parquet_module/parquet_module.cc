#include "deliver/parquet_module/parquet_module.h"

#include <dlfcn.h>

#include <cstdlib>

namespace sluice::deliver {

namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "SLUICE_PARQUET_MODULE";

Error missing(const std::vector<fs::path>& places) {
  std::string detail = "looked for";
  for (const auto& place : places) detail += (&place == &places.front() ? " " : ", ") + place.string();
  return {ErrorCode::not_found, "Parquet needs the module " + std::string(kParquetFile) + ", which is not there", std::move(detail),
          "install the package or `make install`, which bring it (from a checkout: `make build`), or name the file in " +
              std::string(kVariable)};
}

Error cannot_load(const fs::path& file) {
  const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it by thread
  return {ErrorCode::rejected, "cannot load the Parquet module " + file.string(), why == nullptr ? "" : why,
          "libarrow and libparquet must lie beside it, as they were installed"};
}

// The module stays loaded: formats, writers and readers of it live as long as they like.
Result<const ParquetModule*> load(const fs::path& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot_load(file);
  const auto entry = reinterpret_cast<const ParquetModule* (*)()>(::dlsym(library, "sluice_parquet_module"));
  if (entry == nullptr) return cannot_load(file);
  const auto* module = entry();
  if (module->abi != kParquetAbi) {
    return Error{ErrorCode::unsupported, "the Parquet module " + file.string() + " is of another build than this program", {},
                 "install both from one package or one build (in a checkout: `make build`)"};
  }
  return module;
}

}  // namespace

std::vector<fs::path> parquet_places() {
  if (const char* named = std::getenv(kVariable); named != nullptr && *named != 0) return {named};  // NOLINT(concurrency-mt-unsafe)
  std::error_code ignored;
  const auto folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {folder / kParquetFile, folder / "lib/sluice" / kParquetFile, folder.parent_path() / "lib/sluice" / kParquetFile};
}

Result<std::shared_ptr<const pipeline::RowFormat>> load_parquet(const ParquetOptions& options) {
  const auto places = parquet_places();
  for (const auto& place : places) {
    std::error_code ignored;
    if (!fs::exists(place, ignored)) continue;
    SLUICE_TRY(const auto* module, load(place));
    return module->create(options);
  }
  return missing(places);
}

}  // namespace sluice::deliver
