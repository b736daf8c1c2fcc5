#pragma once
// A visitor that knows at any time where it is: for errors. Inside of decoding.

#include <string>
#include <vector>

#include "avro/program.h"

namespace sluice::avro {

class PathVisitor : public NoVisitor {
 public:
  void begin_record(const Node&) { levels_.emplace_back(); }
  void field(const Node& node, std::size_t i) { levels_.back().field = &node.fields[i]; }
  void end_record(const Node&) { levels_.pop_back(); }
  void begin_array() { levels_.emplace_back(); }
  void item() { ++levels_.back().items; }
  void end_array() { levels_.pop_back(); }
  void begin_map() { levels_.emplace_back(); }
  void key(ByteView key) {
    ++levels_.back().items;
    levels_.back().key = key;
  }
  void end_map() { levels_.pop_back(); }

  // "/lines/3/amount"
  [[nodiscard]] std::string text() const;

 private:
  struct Level {
    const Field* field = nullptr;
    std::size_t items = 0;
    ByteView key;
  };

  std::vector<Level> levels_;
};

}  // namespace sluice::avro
