// 1. The rows of views are taken as they are, and the ends of all other topics at one instant.
// 2. Everything up to there is fed to the plan, over a state in memory: tables first, so that streams that only look up find all
//    of them. What comes out is a bag of rows with weights.
// 3. What has a weight left is ordered, cut, and told as text.
#include "flow/ask.h"

#include <algorithm>
#include <map>
#include <utility>

#include "flow/decoder.h"
#include "flow/operators/execution.h"
#include "flow/value/row_code.h"

namespace sluice::flow {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kChangesAtOnce = 1'024;
constexpr std::uint64_t kMostRows = 10'000'000;  // that are ordered
constexpr std::size_t kMostTold = 1'000'000;
constexpr std::int64_t kWaitMs = 1'000;

Error too_many(std::uint64_t rows) {
  return {.code = ErrorCode::rejected, .message = "there are more than " + std::to_string(rows) + " rows", .hint = "ask for less: WHERE, GROUP BY, LIMIT"};
}

// A state that knows how much it holds.
class Measured final : public State {
 public:
  Result<std::optional<ByteView>> find(ByteView key) override { return inner_->find(key); }
  void put(ByteView key, ByteView value) override {
    forget(key);
    held_ += key.size() + value.size();
    inner_->put(key, value);
  }
  void erase(ByteView key) override {
    forget(key);
    inner_->erase(key);
  }
  Result<void> scan(ByteView prefix, ByteView from, const Visit& visit) override { return inner_->scan(prefix, from, visit); }
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  void forget(ByteView key) {
    if (const auto old = inner_->find(key); old.ok() && *old) held_ -= key.size() + (*old)->size();
  }
  std::unique_ptr<State> inner_ = memory_state();
  std::size_t held_ = 0;
};

// Rows as encoded bytes, each with its weight.
class Bag final : public Results {
 public:
  explicit Bag(const std::vector<Column>& columns) {
    for (const auto& column : columns) types_.push_back(column.type);
  }
  Result<void> row(const Delta& delta) override {
    Bytes bytes;
    encode_row(types_, delta.row, bytes);
    const auto [at, added] = rows_.try_emplace(std::move(bytes), 0);
    if (added) held_ += at->first.size();
    at->second += delta.weight;
    if (at->second == 0) {
      held_ -= at->first.size();
      rows_.erase(at);
    }
    return {};
  }
  Result<void> late(std::uint32_t) override { return {}; }  // no window closes here
  Result<void> failed(std::uint32_t, const Error& why) override { return Error(why); }

  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] const std::vector<Type>& types() const { return types_; }
  [[nodiscard]] const std::map<Bytes, std::int64_t>& rows() const { return rows_; }

 private:
  std::vector<Type> types_;
  std::map<Bytes, std::int64_t> rows_;
  std::size_t held_ = 0;
};

class Asking {
 public:
  Asking(const Question& question, pipeline::Log& log, pipeline::SchemaCatalog& catalog, const FindRows& rows, const AskLimits& limits)
      : question_(question), log_(log), catalog_(catalog), find_rows_(rows), limits_(limits), bag_(question.plan.root->columns) {}

  Result<Answer> run() {
    SLUICE_TRY(execution_, Execution::open(question_.plan, state_, "q"));
    SLUICE_RETURN_IF_ERROR(execution_->begin(arena_, bag_));
    SLUICE_RETURN_IF_ERROR(choose_ends());
    for (const bool tables : {true, false}) {
      for (std::size_t i = 0; i < question_.plan.relations.size(); ++i) {
        if (question_.plan.relations[i].is_table() == tables) SLUICE_RETURN_IF_ERROR(feed_relation(i));
      }
    }
    return told();
  }

 private:
  Result<void> choose_ends() {
    for (const auto& relation : question_.plan.relations) {
      SLUICE_TRY(auto rows, find_rows_(relation.topic));
      snapshots_.push_back(relation.changes ? nullptr : std::move(rows));
      if (snapshots_.back()) continue;
      SLUICE_TRY(const auto described, log_.describe(relation.topic));
      for (std::int32_t p = 0; p < described.partitions; ++p) partitions_.push_back({relation.topic, p});
    }
    if (partitions_.empty()) return {};
    SLUICE_TRY(ends_, log_.stable_ends(partitions_));
    return {};
  }

  Result<void> feed_relation(std::size_t number) {
    Decoder decoder(question_.plan.relations[number], catalog_);
    if (snapshots_[number]) return feed_snapshot(number, decoder);
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      if (partitions_[i].topic == question_.plan.relations[number].topic) SLUICE_RETURN_IF_ERROR(feed_partition(number, i, decoder));
    }
    return {};
  }

  Result<void> feed_snapshot(std::size_t number, Decoder& decoder) {
    Result<void> fed;
    const auto visit = [&](ByteView, ByteView value) {
      fed = feed_row(number, value, decoder);
      return fed.ok();
    };
    SLUICE_RETURN_IF_ERROR(snapshots_[number]->scan(View::kRowsPrefix, {}, visit));
    SLUICE_RETURN_IF_ERROR(fed);
    return flush(number);
  }
  Result<void> feed_row(std::size_t number, ByteView value, Decoder& decoder) {
    const auto row = arena_.row(question_.plan.relations[number].columns.size());
    SLUICE_RETURN_IF_ERROR(decoder.decode_value(arena_.copy(value), row, arena_));
    changes_.push_back({.row = row});
    return changes_.size() < kChangesAtOnce ? Result<void>() : flush(number);
  }

  Result<void> feed_partition(std::size_t number, std::size_t at, Decoder& decoder) {
    const auto& where = partitions_[at];
    SLUICE_TRY(const auto range, log_.range(where.topic, where.partition));
    SLUICE_TRY(const auto records, log_.reader(where.topic, where.partition, range.start));
    while (records->next_offset() < ends_[at]) {
      SLUICE_TRY(const auto batch, records->poll(kWaitMs, kReadBytes));
      for (const auto& record : batch) {
        if (record.offset >= ends_[at]) break;
        SLUICE_RETURN_IF_ERROR(feed_record(number, record, where.partition, decoder));
      }
      SLUICE_RETURN_IF_ERROR(flush(number));  // views of the batch end here
    }
    return {};
  }
  Result<void> feed_record(std::size_t number, const pipeline::ReadRecord& record, std::int32_t partition, Decoder& decoder) {
    const auto row = arena_.row(question_.plan.relations[number].columns.size());
    SLUICE_TRY(const auto decoded, decoder.decode(record, partition, row, arena_));
    switch (decoded.what) {
      case Decoded::What::nothing: return {};
      case Decoded::What::bad: ++unreadable_; return {};
      case Decoded::What::row:
      case Decoded::What::deleted: break;
    }
    changes_.push_back({.row = row, .deleted = decoded.what == Decoded::What::deleted});
    return changes_.size() < kChangesAtOnce ? Result<void>() : flush(number);
  }

  Result<void> flush(std::size_t number) {
    if (!changes_.empty()) SLUICE_RETURN_IF_ERROR(execution_->feed(number, changes_, arena_, bag_));
    changes_.clear();
    arena_.reset();
    if (state_.held() > limits_.memory_bytes || bag_.held() > limits_.memory_bytes) {
      return Error{ErrorCode::rejected, "the question needs more than " + std::to_string(limits_.memory_bytes >> 20) + " MiB of memory", "",
                   "ask for less (WHERE, GROUP BY), or make it a materialized view and ask that"};
    }
    if (Clock::now() - began_ > limits_.time) {
      return Error{ErrorCode::rejected, "the question takes longer than " + std::to_string(limits_.time.count()) + " s", "",
                   "make it a materialized view, and ask that"};
    }
    return {};
  }

  // Rows that are shown, in their order; a row that is there twice, twice.
  Result<std::vector<Row>> ordered() {
    std::vector<Row> rows;
    for (const auto& [bytes, weight] : bag_.rows()) {
      if (weight <= 0) continue;
      if (rows.size() + static_cast<std::uint64_t>(weight) > kMostRows) return too_many(kMostRows);
      SLUICE_TRY(const auto row, decode_row(bag_.types(), bytes, arena_));
      rows.insert(rows.end(), static_cast<std::size_t>(weight), row);
    }
    std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) { return before(a, b); });
    const auto& ordering = question_.ordering;
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(ordering.offset, rows.size())));
    if (ordering.limit && *ordering.limit < rows.size()) rows.resize(*ordering.limit);
    if (rows.size() > kMostTold) return too_many(kMostTold);
    return rows;
  }
  [[nodiscard]] bool before(const Row& a, const Row& b) const {
    for (const auto& by : question_.ordering.order) {
      const auto& x = a[by.column];
      const auto& y = b[by.column];
      if (x.null != y.null) return x.null == by.nulls_first;
      if (x.null) continue;
      const int order = compare_values(bag_.types()[by.column], x, y);
      if (order != 0) return by.descending ? order > 0 : order < 0;
    }
    return false;
  }

  Result<Answer> told() {
    Answer out;
    const auto& columns = question_.plan.root->columns;
    out.columns.assign(columns.begin(), columns.end() - static_cast<std::ptrdiff_t>(question_.ordering.extra));
    out.unreadable = unreadable_;
    SLUICE_TRY(const auto rows, ordered());
    for (const auto& row : rows) out.rows.push_back(cells_of(out.columns, row));
    return out;
  }

  const Question& question_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  const FindRows& find_rows_;
  AskLimits limits_;
  Clock::time_point began_ = Clock::now();
  Measured state_;
  Bag bag_;
  Arena arena_;
  std::unique_ptr<Execution> execution_;
  std::vector<std::shared_ptr<const Snapshot>> snapshots_;  // a relation each; null: its topic is read
  std::vector<pipeline::LogPartition> partitions_;
  std::vector<Offset> ends_;  // of partitions_
  std::vector<Change> changes_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace

std::vector<Answer::Cell> cells_of(std::span<const Column> columns, Row row) {
  std::vector<Answer::Cell> cells;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    cells.push_back({.null = row[i].null, .text = row[i].null ? std::string() : value_text(columns[i].type, row[i])});
  }
  return cells;
}

Result<Answer> answer_question(const Question& question, pipeline::Log& log, pipeline::SchemaCatalog& catalog, const FindRows& rows,
                               const AskLimits& limits) {
  return Asking(question, log, catalog, rows, limits).run();
}

}  // namespace sluice::flow
