// How shapes are compared:
//   1. A schema that is combined of others, beside one that is not: it fits when a part does, where one part is enough:
//   one
//      alternative of the reader's; one condition of the writer's, all of which its values meet.
//   2. Of different kinds: incompatible, unless the writer writes nothing or the reader takes anything.
//   3. Of one kind: rule by rule.
// Parts of two combined schemas are paired: as many pairs that fit as can be, each part in one of them. Every part of
// the side that has fewer must have a partner; that the other side has more is compatible for alternatives of the
// reader, and for conditions of the writer.

#include "json_schema/comparison.h"

#include <algorithm>

namespace sluice::json_schema {
namespace {

constexpr std::size_t kDepthMax = 500;
constexpr std::size_t kStepsMax = 300'000;

}  // namespace

std::vector<Incompatibility> Comparison::run(const Node& writer, const Node& reader) {
  compare(writer, reader);
  if (steps_ > kStepsMax) {
    quiet_ = 0;
    path_.clear();
    found_.push_back(
        {"TOO_COMPLEX_TO_COMPARE", "#/", "The schemas are too large, or too much entangled, to be compared"});
  }
  return std::move(found_);
}

bool Comparison::compare(const Shape& writer, const Shape& reader) {
  const Pair pair{&writer, &reader};
  if (compatible_.contains(pair)) return true;
  if (const auto above = open_.find(pair); above != open_.end()) {
    assumed_ = std::min(assumed_, above->second);
    return true;
  }
  const bool known = (quiet_ > 0 || found_.size() >= kIncompatibilitiesMax) && incompatible_.contains(pair);
  if (open_.size() > kDepthMax) steps_ = kStepsMax;
  if (known || ++steps_ > kStepsMax) {
    ++differences_;
    return false;
  }
  return walk(pair);
}

bool Comparison::walk(const Pair& pair) {
  const auto before = differences_;
  const auto depth = open_.size();
  const auto assumed_outside = std::exchange(assumed_, kNoAssumption);
  open_.emplace(pair, depth);
  compare_shapes(*pair.first, *pair.second);
  open_.erase(pair);
  const bool rests_on_others = assumed_ < depth;
  const bool fit = differences_ == before;
  if (!fit) {
    incompatible_.insert(pair);
  } else if (!rests_on_others) {
    compatible_.insert(pair);
  }
  assumed_ = std::min(assumed_outside, rests_on_others ? assumed_ : kNoAssumption);
  return fit;
}

bool Comparison::fits(const Shape& writer, const Shape& reader) {
  const auto before = differences_;
  ++quiet_;
  const bool fit = compare(writer, reader);
  --quiet_;
  differences_ = before;
  return fit;
}

// Of what need not be there: all is allowed where nothing is said.
void Comparison::compare_optional(const Node* writer, const Node* reader) {
  if (reader == nullptr || reader->takes_anything()) return;
  if (writer == nullptr) return differ("SCHEMA_ADDED");
  compare(*writer, *reader);
}

void Comparison::compare_shapes(const Shape& writer, const Shape& reader) {
  using enum Shape::Kind;
  if ((writer.kind == combined) != (reader.kind == combined) && fits_a_part(writer, reader)) return;
  if (writer.kind != reader.kind) {
    if (writer.kind != nothing && reader.kind != anything) differ("TYPE_CHANGED");
    return;
  }
  switch (writer.kind) {
    case string: return compare_strings(writer.node->string, reader.node->string);
    case number: return compare_numbers(writer, reader);
    case array: return compare_arrays(writer.node->array, reader.node->array);
    case object: return compare_objects(writer.node->object, reader.node->object);
    case enumeration: return compare_values(*writer.node->enumeration, *reader.node->enumeration);
    case constant:
      if (writer.node->constant != reader.node->constant) differ_at("const", "ENUM_ARRAY_CHANGED");
      return;
    case negation:
      // What must not be: the other way round.
      if (!fits(*reader.node->negated, *writer.node->negated)) differ_at("not", "NOT_TYPE_EXTENDED");
      return;
    case combined: return compare_combined(writer, reader);
    default: return;
  }
}

bool Comparison::fits_a_part(const Shape& writer, const Shape& reader) {
  const bool of_reader = reader.kind == Shape::Kind::combined;
  const auto& whole = of_reader ? reader : writer;
  const bool one_is_enough = of_reader ? whole.rule != Rule::all : whole.rule == Rule::all;
  if (whole.parts.size() > 1 && !one_is_enough) return false;
  return std::any_of(whole.parts.begin(), whole.parts.end(), [&](const auto& part) {
    const auto& shape = shapes_.of(part);
    return of_reader ? fits(writer, shape) : fits(shape, reader);
  });
}

void Comparison::compare_strings(const StringRules& writer, const StringRules& reader) {
  compare_limit("maxLength", "MAX_LENGTH", writer.max_length, reader.max_length, true);
  compare_limit("minLength", "MIN_LENGTH", writer.min_length, reader.min_length, false);
  if (!reader.pattern || reader.pattern == writer.pattern) return;
  differ_at("pattern", writer.pattern ? "PATTERN_CHANGED" : "PATTERN_ADDED");
}

void Comparison::compare_numbers(const Shape& writer, const Shape& reader) {
  const auto& w = writer.node->number;
  const auto& r = reader.node->number;
  compare_limit("maximum", "MAXIMUM", w.maximum, r.maximum, true);
  compare_limit("minimum", "MINIMUM", w.minimum, r.minimum, false);
  compare_limit("exclusiveMaximum", "EXCLUSIVE_MAXIMUM", w.exclusive_maximum, r.exclusive_maximum, true);
  compare_limit("exclusiveMinimum", "EXCLUSIVE_MINIMUM", w.exclusive_minimum, r.exclusive_minimum, false);
  if (r.maximum_is_exclusive && !w.maximum_is_exclusive) differ_at("exclusiveMaximum", "EXCLUSIVE_MAXIMUM_ADDED");
  if (r.minimum_is_exclusive && !w.minimum_is_exclusive) differ_at("exclusiveMinimum", "EXCLUSIVE_MINIMUM_ADDED");
  compare_multiples(w, r);
  if (reader.integer && !writer.integer) differ("TYPE_NARROWED");
}

void Comparison::compare_multiples(const NumberRules& writer, const NumberRules& reader) {
  const auto& w = writer.multiple_of;
  const auto& r = reader.multiple_of;
  if (!r || (w && w->is_multiple_of(*r))) return;
  differ_at("multipleOf", !w                      ? "MULTIPLE_OF_ADDED"
                          : r->is_multiple_of(*w) ? "MULTIPLE_OF_EXPANDED"
                                                  : "MULTIPLE_OF_CHANGED");
}

void Comparison::compare_values(const std::set<std::string>& w, const std::set<std::string>& r) {
  if (std::includes(r.begin(), r.end(), w.begin(), w.end())) return;
  const bool fewer = std::includes(w.begin(), w.end(), r.begin(), r.end());
  differ_at("enum", fewer ? "ENUM_ARRAY_NARROWED" : "ENUM_ARRAY_CHANGED");
}

void Comparison::compare_combined(const Shape& writer, const Shape& reader) {
  if (!compare_rules(writer, reader)) return differ("COMBINED_TYPE_CHANGED");
  const auto w = writer.parts.size(), r = reader.parts.size();
  if (w < r && reader.rule == Rule::all) differ("PRODUCT_TYPE_EXTENDED");
  if (w > r && writer.rule != Rule::all) differ("SUM_TYPE_NARROWED");
  if (matched_parts(writer, reader) < std::min(w, r)) differ("COMBINED_TYPE_SUBSCHEMAS_CHANGED");
}

// May `writer`'s way to combine become `reader`'s?
bool Comparison::compare_rules(const Shape& writer, const Shape& reader) {
  if (writer.rule == reader.rule || reader.rule == Rule::any) return true;
  const bool single_writer = writer.parts.size() == 1, single_reader = reader.parts.size() == 1;
  return (single_writer && (single_reader || reader.rule == Rule::one)) || (single_reader && writer.rule == Rule::all);
}

namespace {

// The largest number of pairs: a part without partner may take another's, when that one finds a new partner.
class Matching {
 public:
  Matching(const std::vector<std::vector<std::size_t>>& partners, std::size_t readers)
      : partners_(partners), taken_by_(readers, kNobody) {}

  std::size_t size() {
    std::size_t pairs = 0;
    for (std::size_t writer = 0; writer < partners_.size(); ++writer) {
      asked_.assign(taken_by_.size(), false);
      if (finds_partner(writer)) ++pairs;
    }
    return pairs;
  }

 private:
  static constexpr auto kNobody = static_cast<std::size_t>(-1);

  bool finds_partner(std::size_t writer) {
    return std::any_of(partners_[writer].begin(), partners_[writer].end(), [&](std::size_t reader) {
      if (asked_[reader]) return false;
      asked_[reader] = true;
      if (taken_by_[reader] != kNobody && !finds_partner(taken_by_[reader])) return false;
      taken_by_[reader] = writer;
      return true;
    });
  }

  const std::vector<std::vector<std::size_t>>& partners_;
  std::vector<std::size_t> taken_by_;
  std::vector<bool> asked_;
};

}  // namespace

std::size_t Comparison::matched_parts(const Shape& writer, const Shape& reader) {
  std::vector<std::vector<std::size_t>> partners(writer.parts.size());
  for (std::size_t w = 0; w < writer.parts.size(); ++w) {
    for (std::size_t r = 0; r < reader.parts.size() && steps_ <= kStepsMax; ++r) {
      if (fits(shapes_.of(writer.parts[w]), shapes_.of(reader.parts[r]))) partners[w].push_back(r);
    }
  }
  return Matching(partners, reader.parts.size()).size();
}

void Comparison::differ(std::string type) {
  ++differences_;
  if (quiet_ > 0 || found_.size() >= kIncompatibilitiesMax) return;
  std::string path = "#";
  for (const auto& part : path_) path += "/" + part;
  found_.push_back({std::move(type), path_.empty() ? "#/" : path, {}});
}

void Comparison::differ_at(const std::string& keyword, std::string type) {
  const Path path(*this, keyword);
  differ(std::move(type));
}

}  // namespace sluice::json_schema
