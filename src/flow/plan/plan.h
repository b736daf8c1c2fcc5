#pragma once
// What a query does, as a tree of operators over rows: made by bind() from a statement and run by flow/operators.
//
// Meaning: the result is, at every moment, what PostgreSQL would answer to the SELECT over the relations as they are then. So
// operators take and give changes of rows (Delta), and a join corrects what it gave when either side changes. Two things
// bound what is kept for that, both by event time: a window that has closed is forgotten, and a stream's rows leave the joins'
// memory after Relation::keep.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "flow/plan/scalar.h"
#include "flow/value/type.h"
#include "sql/statement.h"

namespace sluice::flow {

struct Column {
  std::string name;
  Type type;
};

// What FROM may name: a topic whose records are rows.
struct Relation {
  std::string name;   // as in SQL, with its dots
  std::string topic;
  std::vector<Column> columns;            // the value's; then the pseudo columns, which * leaves out:
  std::size_t hidden = 0;                 // how many those are, at the end: _timestamp (timestamptz), _partition (int4), _offset (int8),
                                          // _op (text: r c u d; what a record's header __op says, or d of a tombstone; else null)
  std::vector<std::size_t> key;           // columns of the primary key. Empty: a stream, whose rows are only ever added
  bool null_keys = false;                 // a key's column may be null, as of a view that groups by it
  bool changes = false;                   // read = 'changes': a row a record of the topic, as it came; a tombstone's has its key's
                                          // columns alone. Without a key, then: a stream
  std::optional<Scalar> watermark = {};   // over columns; of time type: no row's event time is expected to be older than it gives
  std::optional<std::size_t> time = {};   // the column that the watermark is made of: the event time
  std::optional<std::int64_t> keep_us = {};  // a stream's rows take part in joins until the watermark is so much past their event
                                          // time; 0: they are not kept at all, they only look up the other side. None: for ever
  std::int64_t idle_us = 60'000'000;      // a partition without anything more to read, and so far behind the newest event time, does
                                          // not hold the watermark back

  [[nodiscard]] bool is_table() const { return !key.empty(); }
};

// Who knows the relations.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Errors: not_found, with what there is (a did-you-mean); others of the registry.
  [[nodiscard]] virtual Result<Relation> relation(const std::string& name) = 0;
};

struct PlanNode;
using PlanPointer = std::unique_ptr<PlanNode>;

struct Scan {
  std::size_t relation = 0;  // of Plan::relations. A relation may be scanned more than once
  bool null_keys = false;    // the relation's
};
struct Filter {
  Scalar condition;
};
struct Project {
  std::vector<Scalar> values;  // a column each
};
// Its columns: the left's, then the right's (or nulls).
struct Join {
  enum class Kind : std::uint8_t { inner, left, full };  // RIGHT is LEFT with the sides changed, below a Project
  Kind kind = Kind::inner;
  std::vector<std::size_t> left_key = {};   // equal pairwise (null never is); at least one. Types are the same on both sides
  std::vector<std::size_t> right_key = {};
  std::optional<Scalar> residual = {};  // over the joint columns; inner only
  // Rows of a side are kept until the watermark is so much past their `time`; as Relation::keep_us, of streams and what is made of them.
  struct Memory {
    std::optional<std::int64_t> keep_us = {};
    std::optional<std::size_t> time = {};
    // The other side's time, where its rows have one and are never taken back: only those find a row that are less than bound_us younger,
    // whether it is still remembered or not.
    std::optional<std::size_t> other_time = {};
    std::int64_t bound_us = 0;
  };
  Memory left_memory = {};
  Memory right_memory = {};
};

struct Aggregation {
  enum class Kind : std::uint8_t { count_all, count, sum, min, max, avg, bool_and, bool_or };
  Kind kind = Kind::count_all;
  bool distinct = false;                  // count, sum, avg (DISTINCT x)
  std::optional<Scalar> argument = {};    // over the input's columns
  std::optional<Scalar> filter = {};
  Type result = {};
};
struct Window {
  enum class Kind : std::uint8_t { tumble, hop, session };
  Kind kind = Kind::tumble;
  Scalar time = {};             // over the input's columns; of time type
  std::int64_t size_us = 0;     // session: the gap
  std::int64_t slide_us = 0;    // hop
  std::int64_t grace_us = 0;    // a window closes when the watermark reaches its end and this; not before all its rows can have come
};
// GROUP BY. Its columns: the groups', then, with a window, window_start and window_end (of the time's type), then the aggregates.
// Without groups and window there is one row always, as in PostgreSQL.
struct Aggregate {
  std::vector<Scalar> groups = {};
  std::optional<Window> window = {};
  std::vector<Aggregation> aggregations = {};
  bool emit_final = false;  // rows of a window come out when it closes, and not before
};
// SELECT DISTINCT ON (keys) … ORDER BY keys, sort: the first row of each. Within a span, and of rows that stay, its rows make runs: each
// begins with the oldest row that is in none, and has those that are less than the span younger. Of each run the first, then.
struct DistinctOn {
  std::vector<std::size_t> keys = {};
  struct Order {
    std::size_t column;
    bool descending = false;
    bool nulls_first = false;
  };
  std::vector<Order> order = {};             // rows that are equal by it: the least by all columns comes first (PostgreSQL: any)
  std::optional<std::int64_t> within_us = {};  // a run is forgotten when the watermark is so much past its oldest `time`
  std::optional<std::size_t> time = {};
};
struct UnionAll {};  // of inputs with the same types

struct PlanNode {
  std::variant<Scan, Filter, Project, Join, Aggregate, DistinctOn, UnionAll> form;
  std::vector<PlanPointer> inputs;
  std::vector<Column> columns;
  std::vector<std::size_t> key = {};  // columns that no two rows share; empty: none is known
  bool single_row = false;            // an aggregate without groups: there is exactly one row
  bool append_only = false;           // rows are added and never taken back
  std::optional<std::size_t> time = {};     // the column that carries the event time of a stream through
  std::optional<std::int64_t> keep_us = {};  // of the stream that it is made of
  std::optional<std::int64_t> settled_us = {};  // windows: no row comes or goes once the watermark is so much past its `time`
  std::optional<std::int64_t> delay_us = {};  // the same of all, where it is known: an event comes before the watermark is past it
  std::int64_t step_us = 0;                   // `time` is a multiple of it; 0: it may be anything
};

struct Plan {
  std::vector<Relation> relations;  // each once
  PlanPointer root;
  bool has_watermark = false;       // of some relation
};

enum class Emit : std::uint8_t { changes, final };

struct BindOptions {
  Emit emit = Emit::changes;
  std::int64_t grace_us = 0;
  std::optional<std::int64_t> within_us = {};  // of DISTINCT ON
  std::vector<std::string> columns = {};       // CREATE MATERIALIZED VIEW v (a, b): the first results' names
};

// A query to be kept up to date. Errors, each with line and column in `text` and, where there is something, what to write
// instead: rejected: a name that is not there or is ambiguous, types that do not fit, a column neither grouped nor
// aggregated; unsupported: ORDER BY and LIMIT in a view, a join without an equality, FILTER on what cannot, a session window over rows
// that may be taken back, emit 'final' without a window or a watermark …
[[nodiscard]] Result<Plan> bind(const sql::Select& query, std::string_view text, Catalog& catalog, const BindOptions& options);

// The final ordering and limits of a query that is asked once.
struct Ordering {
  std::vector<DistinctOn::Order> order;  // over Plan::root's columns, of which the last `extra` are not shown
  std::size_t extra = 0;
  std::optional<std::uint64_t> limit = {};
  std::uint64_t offset = 0;
};
struct Question {
  Plan plan;
  Ordering ordering;
};
// A query to be asked once: ORDER BY, LIMIT and OFFSET are allowed, and any cross join.
[[nodiscard]] Result<Question> bind_question(const sql::Select& query, std::string_view text, Catalog& catalog);

// The relation that CREATE TABLE means, of a topic with these columns (its value's, from the registry) and key. The options are checked:
// topic (default: the name), watermark, key ('a, b'), keep, idle, read ('rows', or 'changes'). An empty list of columns takes them all. Errors: rejected, with
// line and column: a column that the topic lacks, a type that its Avro type does not give, an unknown option (did-you-mean).
[[nodiscard]] Result<Relation> bind_relation(const sql::CreateTable& table, std::string_view text, const Relation& topic);
// WITH (emit, grace, within …) of a view. The interval's text is PostgreSQL's: '5 s', '1 hour'.
[[nodiscard]] Result<BindOptions> bind_options(const sql::CreateView& view, std::string_view text);

// As a tree, a line a node, for EXPLAIN and tests: "Aggregate group by country: count(*)".
[[nodiscard]] std::string plan_text(const Plan& plan);

}  // namespace sluice::flow
