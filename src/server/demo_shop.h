#pragma once
// The demo's shop, as SQL.

#include <string_view>

namespace sluice::server {

// Tables, comments and a few hundred thousand rows; the procedure live_load(), which buys, pays, ships and returns
// until it is cancelled.
[[nodiscard]] std::string_view demo_shop_sql();

}  // namespace sluice::server
