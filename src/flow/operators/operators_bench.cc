// How many rows a second of one core's time go through running plans, with their state on disk: flow_operators_bench [FOLDER]
//
// Prints a line a measurement: "<what> <thousands of rows a second> k/s", of the best pass. A pass feeds 100,000 rows in pieces of
// 10,000 and commits the state.

#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "flow/operators/naive_testing.h"

namespace {

using namespace sluice;        // NOLINT: a program of one file
using namespace sluice::flow;  // NOLINT

constexpr std::size_t kPiece = 10'000;
constexpr std::size_t kPass = 100'000;
constexpr int kPasses = 6;

class Count : public Results {
 public:
  Result<void> row(const Delta& delta) override {
    rows += static_cast<std::uint64_t>(delta.weight > 0);
    return {};
  }
  Result<void> late(std::uint32_t) override { return {}; }
  Result<void> failed(std::uint32_t, const Error&) override { return {}; }
  std::uint64_t rows = 0;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void check(const Result<void>& done) {
  if (!done.ok()) std::fprintf(stderr, "%s\n", done.error().text().c_str()), std::exit(1);
}

// Sets a row's integers, of which `n` is its number.
using Make = std::function<void(std::uint64_t n, std::span<Value> row)>;

class Bench {
 public:
  Bench(const std::string& folder, const std::string& query) : plan_(plan_of(query)) {
    std::filesystem::remove_all(folder);
    state_ = DiskState::open(folder, std::size_t{64} << 20).value();
    execution_ = Execution::open(plan_, *state_, "p").value();
    check(execution_->begin(arena_, count_));
  }
  void feed(const std::string& relation, std::uint64_t first, std::size_t rows, const Make& make) {
    const auto at = std::ranges::find(plan_.relations, relation, &Relation::name);
    std::vector<Change> changes(kPiece);
    for (std::size_t n = 0; n < rows; n += kPiece) {
      arena_.reset();
      for (std::size_t i = 0; i < kPiece; ++i) {
        const auto row = arena_.row(at->columns.size());
        make(first + n + i, row);
        changes[i] = {.row = row, .deleted = false, .origin = static_cast<std::uint32_t>(i)};
      }
      check(execution_->feed(static_cast<std::size_t>(at - plan_.relations.begin()), changes, arena_, count_));
    }
    check(state_->commit("x"));
  }
  void measure(const char* what, const std::string& relation, const Make& make) {
    double best = 1e9;
    for (int pass = 0; pass < kPasses; ++pass) {
      const double begin = cpu_seconds();
      feed(relation, static_cast<std::uint64_t>(pass) * kPass, kPass, make);
      best = std::min(best, cpu_seconds() - begin);
    }
    std::printf("%-40s %8.0f k/s (%llu rows out)\n", what, kPass / best / 1000, static_cast<unsigned long long>(count_.rows));
    std::fflush(stdout);
  }

 private:
  Plan plan_;
  std::unique_ptr<DiskState> state_;
  std::unique_ptr<Execution> execution_;
  Arena arena_;
  Count count_;
};

std::uint64_t mixed(std::uint64_t n) { return (n * 0x9E3779B97F4A7C15) >> 20; }

void event(std::uint64_t n, std::span<Value> row, std::uint64_t keys) {
  row[0] = Value::of_integer(static_cast<std::int64_t>(mixed(n) % keys));
  row[1] = Value::of_integer(static_cast<std::int64_t>(mixed(n * 31) % 1000));
  if (row.size() > 2) row[2] = Value::of_integer(static_cast<std::int64_t>(n * 100));
}

void table_row(std::uint64_t n, std::span<Value> row) {
  row[0] = Value::of_integer(static_cast<std::int64_t>(n));
  row[1] = Value::of_integer(static_cast<std::int64_t>(n / 4));
  row[2] = Value::of_integer(static_cast<std::int64_t>(mixed(n) % 1000));
  row[3] = Value::of_text("a text of some length");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/tmp/sluice-operators-bench";
  const auto events = [](std::uint64_t keys) { return [keys](std::uint64_t n, std::span<Value> row) { event(n, row, keys); }; };
  Bench(folder, "SELECT k, v * 2 AS w, ts FROM s WHERE v % 2 = 0").measure("filter and project", "s", events(1000));
  {
    Bench lookup(folder, "SELECT q.k, q.v, a.t FROM q JOIN a ON q.k = a.id");
    lookup.feed("a", 0, 100'000, table_row);
    lookup.measure("lookup of one of 100 k rows by key", "q", events(100'000));
  }
  {
    Bench lookup(folder, "SELECT q.k, q.v, a.id, a.t FROM q JOIN a ON q.k = a.k");
    lookup.feed("a", 0, 100'000, table_row);
    lookup.measure("lookup of 4 of 100 k rows, no key", "q", events(25'000));
  }
  Bench(folder, "SELECT k, window_start, count(*) FROM s GROUP BY k, tumble(ts, interval '10 s')")
      .measure("windowed count, 10 k groups", "s", events(10'000));
  Bench(folder, "SELECT k, min(v), max(v) FROM w GROUP BY k").measure("min and max, rows that stay", "w", events(10'000));
  Bench(folder, "SELECT k, min(v), max(v), sum(v) FROM a GROUP BY k").measure("min, max, sum of a table", "a", table_row);
  Bench(folder, "SELECT k, count(*) FROM s GROUP BY k, session(ts, interval '10 s')").measure("session count, 10 k groups", "s", events(10'000));
  Bench(folder, "SELECT DISTINCT ON (k) k, v FROM s ORDER BY k, v").measure("distinct on, 10 k keys", "s", events(10'000));
  std::filesystem::remove_all(folder);
}
