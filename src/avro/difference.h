#pragma once
// What changed from one schema to another, in words, and what each change does to those who read.

#include <string>
#include <vector>

#include "avro/schema.h"

namespace sluice::avro {

struct Difference {
  std::string path;    // "customer.address.city"; empty: the schema as a whole
  std::string change;  // "new: null or string, default null"
  // What it means for who reads old records with the new schema, and new records with the old one; empty: nothing.
  std::string new_reads_old = {};
  std::string old_reads_new = {};
};

// In the order of the new schema, what is gone at the place where it was. A field that the new schema calls by another
// name is found by its alias. Differences in spelling alone are none.
[[nodiscard]] std::vector<Difference> differences(const Schema& before, const Schema& after);

// A type in a few words: "null or string", "decimal(10,2)", "list of long", "record Address".
[[nodiscard]] std::string type_words(const Node& node);

}  // namespace sluice::avro
