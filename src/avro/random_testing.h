#pragma once
// For tests: random schemas of rows that have names and types in common, random data of them, and whether a datum by one
// schema says the same as by a grown one.

#include <boost/json.hpp>
#include <random>
#include <string>

#include "avro/schema.h"

namespace sluice::avro {

class RandomAvro {
 public:
  explicit RandomAvro(unsigned seed) : random_(seed) {}

  // A record's text. With `same` the same name always has the same type, so that most schemas merge.
  std::string schema(bool same);
  // A datum in Avro's JSON encoding.
  std::string datum(const Node& node, int depth = 0);
  unsigned below(unsigned count) { return std::uniform_int_distribution<unsigned>(0, count - 1)(random_); }

 private:
  std::string type(int depth, unsigned kind);
  std::string named(int depth, bool ends);
  std::string fields(int depth, bool same);

  std::mt19937 random_;
  std::vector<std::string> defined_;
};

// `grown` may have more fields, which are null; numbers may be wider; the labels of unions do not count.
[[nodiscard]] bool says_the_same(const Node& added, const boost::json::value& a, const Node& grown, const boost::json::value& b);

}  // namespace sluice::avro
