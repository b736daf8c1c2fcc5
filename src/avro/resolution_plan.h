#pragma once
// Inside of resolution: what becomes of each type of the writer, as a graph of actions. Java's Resolver is the model, its
// lazy errors included.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "avro/resolution.h"
#include "avro/schema.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro::resolution {

struct Action {
  enum class Kind : std::uint8_t {
    copy,        // a primitive or fixed whose bytes stay, also when its type changes (int to long, string to bytes)
    promote,     // to a floating number
    symbols,     // enum
    items,       // array, map: of the one child
    record,
    from_union,  // a child for each branch of the writer
    to_union,    // the writer's value, which is no union, as branch `branch` of the reader
    error,       // always wrong, for `reason`
  };
  // Where a field of the reader comes from.
  struct Source {
    std::optional<std::size_t> field;  // of the writer
    Bytes constant;                    // else
  };

  Kind kind = Kind::error;
  const Node* writer = nullptr;
  const Node* reader = nullptr;
  std::vector<Action*> children;                      // record: of each field of the writer; null is left out
  std::vector<Source> sources;                        // record: of each field of the reader
  std::vector<std::optional<std::uint32_t>> symbols;  // of the writer: the reader's
  std::uint32_t branch = 0;
  std::string reason;
  bool fails = false;    // no datum gets through
  bool verbatim = true;  // every datum's bytes stay
};

struct Plan {
  std::deque<Action> actions;
  const Action* root = nullptr;
};

// Borrows the schemas' nodes. Errors: rejected, with the path and the reason.
[[nodiscard]] Result<Plan> make_plan(const Node& writer, const Node& reader, Resolution::Misfits misfits);

// How messages call a type: "int", "com.acme.R", "union[null, int]".
[[nodiscard]] std::string type_words(const Node& node);

}  // namespace sluice::avro::resolution
