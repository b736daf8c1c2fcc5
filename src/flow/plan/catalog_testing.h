#pragma once
// A shop's relations, for tests of plans.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flow/plan/plan.h"

namespace sluice::flow {

// streams: clicks (user_id int8, page text, amount numeric, ts timestamptz; watermark ts - 5 s; kept for an hour), visits (alike, with
// keep 0), events (without watermark: id int4, name text, at timestamp). Tables: customers (id int8; name, country text), orders (id int8;
// customer_id int8, total numeric(10,2), placed timestamptz, note json), lines (order_id int8, product int4; quantity int2, price float8).
// Streams have _timestamp, _partition and _offset.
class ShopCatalog : public Catalog {
 public:
  ShopCatalog();
  [[nodiscard]] Result<Relation> relation(const std::string& name) override;

 private:
  std::map<std::string, Relation> relations_;
};

// The plan's text; or the error's "place: message | hint". A text that begins with CREATE defines a view, with its options.
[[nodiscard]] std::string planned(const std::string& query);
// Of a question, with its ordering: "… order: 0, 2 desc; extra 1; limit 5; offset 2".
[[nodiscard]] std::string asked(const std::string& query);

}  // namespace sluice::flow
