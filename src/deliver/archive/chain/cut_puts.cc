#include "deliver/archive/chain/cut_puts.h"

namespace sluice::deliver::archive {

Result<void> remove_cut_puts(pipeline::Store& store, const std::string& folder, std::string_view prefix) {
  SLUICE_TRY(const auto entries, store.list(folder));
  for (const auto& entry : entries) {
    if (!entry.is_folder && entry.name.starts_with(prefix)) SLUICE_RETURN_IF_ERROR(store.remove(folder + "/" + entry.name));
  }
  return {};
}

}  // namespace sluice::deliver::archive
