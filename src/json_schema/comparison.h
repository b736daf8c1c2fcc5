#pragma once
// The walk through two schemas, a writer's and a reader's.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "json_schema/compatibility.h"
#include "json_schema/shape.h"

namespace sluice::json_schema {

class Comparison {
 public:
  explicit Comparison(CompatibilityOptions options) : options_(options) {}
  [[nodiscard]] std::vector<Incompatibility> run(const Node& writer, const Node& reader);

 private:
  using Pair = std::pair<const Shape*, const Shape*>;

  // Whether the reader takes all that the writer may write; differences are noted.
  bool compare(const Shape& writer, const Shape& reader);
  bool compare(const Node& writer, const Node& reader) { return compare(shapes_.of(writer), shapes_.of(reader)); }
  void compare_optional(const Node* writer, const Node* reader);
  bool walk(const Pair& pair);
  // The same, noting nothing.
  bool fits(const Shape& writer, const Shape& reader);
  bool fits(const Node& writer, const Node& reader) { return fits(shapes_.of(writer), shapes_.of(reader)); }

  void compare_shapes(const Shape& writer, const Shape& reader);
  bool fits_a_part(const Shape& writer, const Shape& reader);
  void compare_strings(const StringRules& writer, const StringRules& reader);
  void compare_numbers(const Shape& writer, const Shape& reader);
  void compare_multiples(const NumberRules& writer, const NumberRules& reader);
  void compare_values(const std::set<std::string>& writer, const std::set<std::string>& reader);
  void compare_combined(const Shape& writer, const Shape& reader);
  bool compare_rules(const Shape& writer, const Shape& reader);
  std::size_t matched_parts(const Shape& writer, const Shape& reader);

  void compare_objects(const ObjectRules& writer, const ObjectRules& reader);
  void compare_properties(const ObjectRules& writer, const ObjectRules& reader);
  void removed_property(const std::string& name, const Node& schema, const ObjectRules& writer,
                        const ObjectRules& reader);
  void added_property(const std::string& name, const Node& schema, const ObjectRules& writer, const ObjectRules& reader);
  void compare_dependencies(const ObjectRules& writer, const ObjectRules& reader);
  void compare_arrays(const ArrayRules& writer, const ArrayRules& reader);
  void compare_tuples(const ArrayRules& writer, const ArrayRules& reader);
  void removed_item(const Node& schema, const ArrayRules& reader);
  void added_item(const Node& schema, const ArrayRules& writer);
  // additionalProperties, unevaluatedItems…: `word` is "ADDITIONAL_PROPERTIES".
  void compare_rest(const std::string& keyword, const std::string& word, const Node* writer, const Node* reader,
                    bool lenient);

  // A limit that the reader has and the writer has not, or has less strictly.
  template <typename T>
  void compare_limit(const std::string& keyword, const std::string& word, const std::optional<T>& writer,
                     const std::optional<T>& reader, bool is_maximum);

  // Within one part of the schemas.
  class Path {
   public:
    Path(Comparison& of, std::string part) : of_(of) { of_.path_.push_back(std::move(part)); }
    ~Path() { of_.path_.pop_back(); }
    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

   private:
    Comparison& of_;
  };
  void differ(std::string type);
  void differ_at(const std::string& keyword, std::string type);

  static constexpr std::size_t kNoAssumption = static_cast<std::size_t>(-1);

  CompatibilityOptions options_;
  Shapes shapes_;
  std::vector<std::string> path_;
  std::vector<Incompatibility> found_;
  std::size_t differences_ = 0;  // counted while nothing is noted, too
  int quiet_ = 0;
  std::size_t steps_ = 0;
  // Schemas may go round in circles: a pair that is being compared further up is taken as compatible. What rests on such
  // an assumption is not remembered as compatible; what is incompatible in spite of it, is so for ever.
  std::map<Pair, std::size_t> open_;  // to how deep it is
  std::size_t assumed_ = kNoAssumption;  // the pair furthest up that something rests on
  std::set<Pair> compatible_, incompatible_;
};

template <typename T>
void Comparison::compare_limit(const std::string& keyword, const std::string& word, const std::optional<T>& writer,
                               const std::optional<T>& reader, bool is_maximum) {
  if (!reader) return;
  if (!writer) {
    differ_at(keyword, word + "_ADDED");
  } else if (is_maximum ? *reader < *writer : *reader > *writer) {
    differ_at(keyword, word + (is_maximum ? "_DECREASED" : "_INCREASED"));
  }
}

}  // namespace sluice::json_schema
