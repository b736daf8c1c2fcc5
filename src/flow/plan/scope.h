#pragma once
// The names that an expression may use: columns of what stands in FROM.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/plan/place.h"
#include "flow/plan/scalar.h"

namespace sluice::flow {

class Scope {
 public:
  struct Entry {
    std::string qualifier;     // the alias, or the relation's name after its last dot; of a USING column: none
    std::string full;          // the relation's whole name, where no alias hides it
    std::string name;
    Scalar value;              // a column, or what a USING column is made of
    bool hidden = false;       // * leaves it out
    bool merged = false;       // by USING: only its qualified name reaches it
  };

  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::vector<Entry>& entries() { return entries_; }

  // The column of this name; an empty qualifier: of any source. Errors, in PostgreSQL's words: rejected: it does not exist, or is ambiguous.
  [[nodiscard]] Result<Scalar> find(std::string_view qualifier, std::string_view name, std::size_t position, const Places& places) const;
  [[nodiscard]] bool has(std::string_view name) const;
  // What * means, or a.*. Errors: rejected: no such source.
  [[nodiscard]] Result<std::vector<const Entry*>> star(std::string_view qualifier, std::size_t position, const Places& places) const;
  // "c.name": as PostgreSQL names a column.
  [[nodiscard]] std::string name_of(std::size_t column) const;

 private:
  [[nodiscard]] Error missing(std::string_view qualifier, std::string_view name, std::size_t position, const Places& places) const;
  [[nodiscard]] Error no_source(std::string_view qualifier, std::size_t position, const Places& places) const;

  std::vector<Entry> entries_;
};

}  // namespace sluice::flow
