#pragma once
// Inside of resolution: what a writer's types and fields are called where a reader's aliases have renamed them.

#include <map>
#include <set>
#include <string>

#include "avro/schema.h"
#include "base/result.h"

namespace sluice::avro::resolution {

class Aliases {
 public:
  // None, as in Java, where the writer's schema is the reader's: even where they would rename it.
  Aliases(const Node& writer, const Node& reader);

  [[nodiscard]] std::string full_name(const Node& writer) const;
  [[nodiscard]] std::string short_name(const Node& writer) const;
  [[nodiscard]] const std::string& field_name(const Node& writer, const Field& field) const;
  // Errors: corrupt, when two fields or two branches of the writer get the same name: so it is no schema any more.
  [[nodiscard]] Result<void> check(const Node& writer) const;

 private:
  void collect(const Node& reader);

  std::set<const Node*> seen_;
  std::map<std::string, std::string> types_;
  std::map<std::string, std::map<std::string, std::string>> fields_;  // of a record's new name
};

}  // namespace sluice::avro::resolution
