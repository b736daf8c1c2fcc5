#pragma once
// What of a file can be sent without waiting for the disk. Private to the module.

#include <cstddef>
#include <cstdint>

namespace sluice::io {

// Whether [offset, offset + size) can be sent without waiting for the disk, as far as samples tell.
[[nodiscard]] bool in_page_cache(int descriptor, std::uint64_t offset, std::size_t size);
// Waits for the disk until it can.
void read_into_page_cache(int descriptor, std::uint64_t offset, std::size_t size);

}  // namespace sluice::io
