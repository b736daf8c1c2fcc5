// 1. Inner and cross joins that stand side by side are one list of parts and one pool of conditions (ON's, and WHERE's from above).
// 2. A condition on one part only goes down into it. Into an outer join from above: to the side that is kept whole. From its own
//    ON: to the other side; on the side that is kept whole it does not remove rows but keeps them from matching, so it makes
//    the key null, which equals nothing.
// 3. Parts are joined one after the other, first to last, but those first that an equality binds to what is joined already. The
//    equalities are the key; whatever else can be decided by then is the residual.
// 4. Below each join a projection leaves what is needed above, by the residual, and as key.
#include "flow/plan/joins.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

#include "flow/plan/nodes.h"

namespace sluice::flow {

namespace {

using Kind = FromPart::Kind;

constexpr auto kNoEquality = "a join without an equality between its sides";
constexpr auto kWriteEquality = "write JOIN … ON a.x = b.y: an equality is what rows are found by";

struct KeyPair {
  Scalar left;
  Scalar right;
};

class Side {
 public:
  Side(std::size_t first, std::size_t end, std::size_t count) : columns_(count) {
    for (auto i = first; i < end; ++i) columns_[i] = true;
  }
  void add(const Side& other) {
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i] = columns_[i] || other.columns_[i];
  }
  // Whether all columns that it reads, which are some, are of this side.
  [[nodiscard]] bool covers(const Scalar& scalar) const {
    const auto read = columns_of(scalar);
    return !read.empty() && std::ranges::all_of(read, [&](std::size_t column) { return columns_[column]; });
  }

 private:
  std::vector<bool> columns_;
};

class JoinPlanner {
 public:
  JoinPlanner(std::size_t count, bool cross, const Typing& typing, const Places& places)
      : count_(count), cross_(cross), typing_(typing), places_(places) {}

  Result<Joined> plan(FromPart part, std::vector<Scalar> conditions, const std::vector<bool>& needed) {
    if (part.kind == Kind::leaf) return leaf(std::move(part), std::move(conditions));
    if (part.kind == Kind::inner) return inner(std::move(part), std::move(conditions), needed);
    return outer(std::move(part), std::move(conditions), needed);
  }

 private:
  static Joined filtered(Joined joined, std::vector<Scalar> conditions) {
    if (conditions.empty()) return joined;
    for (auto& each : conditions) each = joined.placed(std::move(each));
    joined.node = filter_node(std::move(joined.node), conjunction(std::move(conditions)));
    return joined;
  }

  static Joined leaf(FromPart part, std::vector<Scalar> conditions) {
    Joined out{std::move(part.leaf), std::vector<std::size_t>(part.end - part.first)};
    std::iota(out.columns.begin(), out.columns.end(), part.first);
    return filtered(std::move(out), std::move(conditions));
  }

  // The parts of inner joins within inner joins, and all their conditions.
  static void flatten(FromPart part, std::vector<FromPart>& parts, std::vector<Scalar>& pool) {
    if (part.kind != Kind::inner) return parts.push_back(std::move(part));
    for (auto& each : part.conditions) pool.push_back(std::move(each));
    for (auto& side : part.sides) flatten(std::move(side), parts, pool);
  }

  Result<Joined> inner(FromPart part, std::vector<Scalar> pool, const std::vector<bool>& needed) {
    const auto position = part.position;
    std::vector<FromPart> parts;
    flatten(std::move(part), parts, pool);
    std::vector<std::vector<Scalar>> own(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) own[i] = take(pool, side_of(parts[i]));
    auto joint = side_of(parts[0]);
    SLUICE_TRY(auto out, plan(std::move(parts[0]), std::move(own[0]), with(needed, pool)));
    std::vector<std::size_t> left(parts.size() - 1);
    std::iota(left.begin(), left.end(), std::size_t{1});
    while (!left.empty()) {
      const auto next = next_of(left, parts, joint, pool);
      const auto at = left[next];
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(next));
      const auto side = side_of(parts[at]);
      const auto place = parts[at].position == 1 ? position : parts[at].position;
      SLUICE_TRY(auto right, plan(std::move(parts[at]), std::move(own[at]), with(needed, pool)));
      SLUICE_TRY(auto keys, take_keys(pool, joint, side));
      joint.add(side);
      auto residual = take(pool, joint);
      SLUICE_TRY(out, join(Kind::inner, std::move(out), std::move(right), std::move(keys), std::move(residual), with(needed, pool), place));
    }
    return filtered(std::move(out), std::move(pool));
  }

  // Which of the parts that are left comes next: the first that an equality binds, else the first.
  std::size_t next_of(const std::vector<std::size_t>& left, const std::vector<FromPart>& parts, const Side& joint,
                      const std::vector<Scalar>& pool) const {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto side = side_of(parts[left[i]]);
      if (std::ranges::any_of(pool, [&](const Scalar& each) { return key_order(each, joint, side) != 0; })) return i;
    }
    return 0;
  }

  Result<Joined> outer(FromPart part, std::vector<Scalar> conditions, const std::vector<bool>& needed) {
    const bool full = part.kind == Kind::full;
    const auto left = side_of(part.sides[0]);
    const auto right = side_of(part.sides[1]);
    auto pool = std::move(part.conditions);
    std::vector<Scalar> above_left;
    if (!full) above_left = take(conditions, left);
    std::vector<Scalar> on_right = take(pool, right);
    SLUICE_TRY(auto keys, take_keys(pool, left, right));
    // What is left is about the left side, or constant: where it is false, nothing matches.
    for (const auto& each : pool) {
      if (columns_of(each).empty() || left.covers(each)) continue;
      return places_.unsupported(each.position, "a condition other than an equality on both sides of an outer join",
                                 "compare in a CASE of the SELECT list, or make it an inner join");
    }
    if (keys.empty()) {
      if (!cross_) return places_.unsupported(part.position, kNoEquality, kWriteEquality);
      keys.push_back(constant_key());
    }
    nullify(keys[0].left, std::move(pool));
    std::vector<Scalar> pushed;
    if (full) nullify(keys[0].right, std::move(on_right));
    else pushed = std::move(on_right);

    auto below = with(needed, conditions);
    for (const auto& key : keys) below = with(std::move(below), {key.left, key.right});
    SLUICE_TRY(auto one, plan(std::move(part.sides[0]), std::move(above_left), below));
    SLUICE_TRY(auto other, plan(std::move(part.sides[1]), std::move(pushed), below));
    SLUICE_TRY(auto out, join(part.kind, std::move(one), std::move(other), std::move(keys), {}, with(needed, conditions), part.position));
    return filtered(std::move(out), std::move(conditions));
  }

  // key becomes CASE WHEN all conditions THEN key END.
  static void nullify(Scalar& key, std::vector<Scalar> conditions) {
    if (conditions.empty()) return;
    Scalar out;
    out.kind = Scalar::Kind::case_;
    out.type = key.type;
    out.position = key.position;
    out.parts.push_back(conjunction(std::move(conditions)));
    out.parts.push_back(std::move(key));
    out.parts.push_back(constant_of(out.type, Value::none()));
    key = std::move(out);
  }

  static KeyPair constant_key() {
    const auto one = constant_of({TypeKind::int4}, Value::of_integer(1));
    return {one, one};
  }

  Result<Joined> join(Kind kind, Joined left, Joined right, std::vector<KeyPair> keys, std::vector<Scalar> residual,
                      const std::vector<bool>& needed, std::size_t position) {
    if (keys.empty()) {
      if (!cross_) return places_.unsupported(position, kNoEquality, kWriteEquality);
      keys.push_back(constant_key());
    }
    const auto both = with(needed, residual);
    Join form{.kind = kind == Kind::inner ? Join::Kind::inner : kind == Kind::left ? Join::Kind::left : Join::Kind::full};
    std::vector<Scalar> of_left;
    std::vector<Scalar> of_right;
    for (auto& key : keys) {
      of_left.push_back(std::move(key.left));
      of_right.push_back(std::move(key.right));
    }
    const bool left_timed = needs_time(*left.node, *right.node);
    const bool right_timed = needs_time(*right.node, *left.node);
    left = narrowed(std::move(left), both, std::move(of_left), left_timed, form.left_key);
    right = narrowed(std::move(right), both, std::move(of_right), right_timed, form.right_key);
    Joined out{nullptr, left.columns};
    out.columns.insert(out.columns.end(), right.columns.begin(), right.columns.end());
    if (!residual.empty()) form.residual = out.placed(conjunction(std::move(residual)));
    out.node = join_node(std::move(left.node), std::move(right.node), std::move(form));
    const auto& made = std::get<Join>(out.node->form);
    if (made.left_memory.keep_us == 0 && made.right_memory.keep_us == 0) {
      return places_.rejected(position, "neither side of the join is kept (keep = '0'): no two rows would ever meet",
                              "give one of the streams a longer keep");
    }
    return out;
  }

  // The event time, which says how long its rows are kept, or which of the other side's they find.
  static bool needs_time(const PlanNode& side, const PlanNode& other) {
    return side.time && (side.keep_us.value_or(0) > 0 || side.settled_us || (side.append_only && other.keep_us.value_or(0) > 0));
  }

  // Leaves the columns that are needed, the event time, and the keys, whose numbers are given.
  static Joined narrowed(Joined side, const std::vector<bool>& needed, std::vector<Scalar> keys, bool timed, std::vector<std::size_t>& numbers) {
    std::vector<Scalar> values;
    std::vector<std::string> names;
    std::vector<std::size_t> columns;
    const auto keep = [&](Scalar value, std::string name, std::size_t column) {
      values.push_back(std::move(value));
      names.push_back(std::move(name));
      columns.push_back(column);
      return values.size() - 1;
    };
    const auto& node = *side.node;
    for (std::size_t i = 0; i < side.columns.size(); ++i) {
      const bool wanted = side.columns[i] != Joined::kNone && needed[side.columns[i]];
      if (wanted || (timed && *node.time == i)) keep(column_of(node.columns[i].type, i), node.columns[i].name, side.columns[i]);
    }
    for (auto& key : keys) {
      auto placed = side.placed(std::move(key));
      const auto found = std::ranges::find_if(values, [&](const Scalar& value) { return same(value, placed); });
      if (found != values.end()) {
        numbers.push_back(static_cast<std::size_t>(found - values.begin()));
        continue;
      }
      const bool plain = placed.kind == Scalar::Kind::column;
      const auto name = plain ? node.columns[placed.column].name : "key";
      const auto column = plain ? side.columns[placed.column] : Joined::kNone;
      numbers.push_back(keep(std::move(placed), name, column));
    }
    const bool whole = columns == side.columns && std::ranges::find(columns, Joined::kNone) == columns.end();
    if (!whole) side = {project_node(std::move(side.node), std::move(values), names), std::move(columns)};
    return side;
  }

  [[nodiscard]] Side side_of(const FromPart& part) const { return {part.first, part.end, count_}; }

  // The needed columns, and those that the conditions read.
  static std::vector<bool> with(std::vector<bool> needed, const std::vector<Scalar>& conditions) {
    for (const auto& each : conditions) {
      for (const auto column : columns_of(each)) needed[column] = true;
    }
    return needed;
  }

  // Takes those conditions that are about the side only.
  static std::vector<Scalar> take(std::vector<Scalar>& pool, const Side& side) {
    std::vector<Scalar> out;
    std::erase_if(pool, [&](Scalar& each) {
      if (!side.covers(each)) return false;
      out.push_back(std::move(each));
      return true;
    });
    return out;
  }

  // 1: an equality of left and right; -1: of right and left; 0: none.
  static int key_order(const Scalar& condition, const Side& left, const Side& right) {
    if (condition.kind != Scalar::Kind::call || condition.function.name != "=" || condition.parts.size() != 2) return 0;
    const auto& [a, b] = std::pair<const Scalar&, const Scalar&>(condition.parts[0], condition.parts[1]);
    if (left.covers(a) && right.covers(b)) return 1;
    return left.covers(b) && right.covers(a) ? -1 : 0;
  }

  // Both sides of a key are of one type.
  Result<std::vector<KeyPair>> take_keys(std::vector<Scalar>& pool, const Side& left, const Side& right) const {
    std::vector<KeyPair> out;
    std::vector<Scalar> rest;
    for (auto& each : pool) {
      const auto order = key_order(each, left, right);
      if (order == 0) {
        rest.push_back(std::move(each));
        continue;
      }
      KeyPair pair{std::move(each.parts[order > 0 ? 0 : 1]), std::move(each.parts[order > 0 ? 1 : 0])};
      if (pair.left.type.kind != pair.right.type.kind) {
        SLUICE_RETURN_IF_ERROR(typing_.unify({&pair.left, &pair.right}, "JOIN", each.position));
      }
      out.push_back(std::move(pair));
    }
    pool = std::move(rest);
    return out;
  }

  std::size_t count_;
  bool cross_;
  const Typing& typing_;
  const Places& places_;
};

}  // namespace

Scalar Joined::placed(Scalar scalar) const {
  if (scalar.kind == Scalar::Kind::column) {
    scalar.column = static_cast<std::size_t>(std::ranges::find(columns, scalar.column) - columns.begin());
    SLUICE_CHECK(scalar.column < columns.size());
  }
  for (auto& part : scalar.parts) part = placed(std::move(part));
  return scalar;
}

Result<Joined> plan_joins(FromPart from, std::vector<Scalar> conditions, const std::vector<bool>& needed, bool cross,
                          const Typing& typing, const Places& places) {
  const auto count = from.end;
  return JoinPlanner(count, cross, typing, places).plan(std::move(from), std::move(conditions), needed);
}

}  // namespace sluice::flow
