// How many rows a second are decoded, encoded, decoded by another schema (resolve), and written anew by the same schema or
// another without being looked at (copy, rewrite): avro_codec_bench FOLDER [SECONDS]
//
// Writes the rows and their schemas into FOLDER, for other implementations to run on (bench/avro_rows.py): <row>.avsc,
// <row>.reader.avsc (a promotion, a new field), <row>.bin (the data, one after the other). Prints a line a
// measurement: "<row> <operation> <records a second>", of the best pass: neighbours on the machine make the others slow; and
// "<row> rows <their number>".

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "avro/encoder.h"
#include "avro/program.h"
#include "avro/resolution.h"
#include "avro/resolved_program.h"

namespace {

using namespace sluice;  // NOLINT: a program of one file
using avro::Node;

constexpr std::size_t kColumns = 70;
constexpr int kLeastPasses = 20;

// A row in memory, as views: what the fields are is known by their place.
struct Slot {
  bool is_null = false;
  union {
    std::int64_t number = 0;
    double floating;
  };
  ByteView text;
};
using Slots = std::array<Slot, kColumns + 2>;

class Filler : public avro::NoVisitor {
 public:
  explicit Filler(Slots& slots) : slots_(slots), at_(slots.data()) {}
  void field(const Node&, std::size_t i) { at_ = &slots_[i]; }
  void begin_branch(const Node&, std::size_t i) { at_->is_null = i == 0; }
  void boolean(bool value) { at_->number = value ? 1 : 0; }
  void integer(const Node&, std::int64_t value) { at_->number = value; }
  void double_number(double value) { at_->floating = value; }
  void string(ByteView value) { at_->text = value; }
  void bytes(const Node&, ByteView value) { at_->text = value; }
  void symbol(const Node&, std::size_t index) { at_->number = static_cast<std::int64_t>(index); }

 private:
  Slots& slots_;
  Slot* at_;
};

struct Row {
  std::string name;
  std::string schema;
  std::string reader;  // what it is resolved to
  std::size_t count;
  std::vector<avro::Type> types = {};  // of the wide row's columns
};

std::string record(const std::string& fields) { return R"({"type":"record","name":"Row","namespace":"bench","fields":[)" + fields + "]}"; }
std::string field(const std::string& name, const std::string& type) { return R"({"name":")" + name + R"(","type":)" + type + "}"; }
std::string nullable(const std::string& type) { return "[\"null\"," + type + "]"; }

// As captured from a table of orders: 84 bytes in the mean.
Row small_row() {
  const auto id = field("id", R"("long")");
  const auto customer = field("customer", R"("long")");
  const auto created = field("created", R"("long")");
  const auto status = field("status", R"({"type":"enum","name":"Status","symbols":["NEW","PAID","SENT","BACK"]})");
  const auto email = field("email", R"("string")");
  const auto name = field("name", R"("string")");
  const auto note = field("note", nullable(R"("string")"));
  const auto discount = field("discount", nullable(R"("double")"));
  const auto amount = field("amount", R"({"type":"bytes","logicalType":"decimal","precision":12,"scale":2})");
  const auto shipped = field("shipped", nullable(R"("long")"));
  const auto list = [](std::initializer_list<std::string> fields) {
    std::string out;
    for (const auto& one : fields) out += (out.empty() ? "" : ",") + one;
    return record(out);
  };
  return {"small", list({id, customer, created, status, email, name, note, discount, amount, shipped}),
          list({id, customer, created, status, email, name, note, discount, amount, field("shipped", nullable(R"("double")")),
                R"({"name":"channel","type":["null","string"],"default":null})"}),
          20'000};
}

Row wide_row() {
  Row row{"wide", "", "", 3'000};
  constexpr std::array<const char*, 5> kTypes = {"long", "string", "int", "double", "boolean"};
  constexpr std::array<avro::Type, 5> kKinds = {avro::Type::long_, avro::Type::string, avro::Type::int_, avro::Type::double_, avro::Type::boolean};
  std::string fields;
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto kind = i % 11 % kTypes.size();
    row.types.push_back(kKinds[kind]);
    fields += (i > 0 ? "," : "") + field("column" + std::to_string(i), nullable("\"" + std::string(kTypes[kind]) + "\""));
  }
  row.schema = record(fields);
  row.reader = record(fields + R"(,{"name":"added","type":["null","string"],"default":null})");
  return row;
}

void push_small(avro::Encoder& to, const Slots& from) {
  to.begin_record();
  to.integer(from[0].number);
  to.integer(from[1].number);
  to.integer(from[2].number);
  to.symbol(static_cast<std::size_t>(from[3].number));
  to.string(from[4].text);
  to.string(from[5].text);
  from[6].is_null ? (to.branch(0), to.null()) : (to.branch(1), to.string(from[6].text));
  from[7].is_null ? (to.branch(0), to.null()) : (to.branch(1), to.double_number(from[7].floating));
  to.bytes(from[8].text);
  from[9].is_null ? (to.branch(0), to.null()) : (to.branch(1), to.integer(from[9].number));
  to.end_record();
}

void push_wide(avro::Encoder& to, const Slots& from, const std::vector<avro::Type>& types) {
  to.begin_record();
  const auto* slot = from.data();
  for (const auto type : types) {
    to.branch(slot->is_null ? 0 : 1);
    if (slot->is_null) {
      to.null();
    } else if (type == avro::Type::string) {
      to.string(slot->text);
    } else if (type == avro::Type::double_) {
      to.double_number(slot->floating);
    } else if (type == avro::Type::boolean) {
      to.boolean(slot->number != 0);
    } else {
      to.integer(slot->number);
    }
    ++slot;
  }
  to.end_record();
}

class Maker {
 public:
  std::int64_t below(std::int64_t limit) { return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random_); }
  ByteView text(std::size_t least, std::size_t most) {
    auto& out = texts_[next_++ % texts_.size()];
    out.assign(least + static_cast<std::size_t>(below(static_cast<std::int64_t>(most - least + 1))), 'a');
    for (auto& c : out) c = static_cast<char>('a' + below(26));
    return out;
  }

  void small(Slots& row, std::int64_t i) {
    row[0].number = 1'000'000 + i;
    row[1].number = below(5'000'000);
    row[2].number = 1'700'000'000'000'000 + i * 1'000'003;
    row[3].number = below(4);
    row[4].text = text(18, 28);
    row[5].text = text(12, 22);
    row[6].is_null = below(4) != 0;
    row[6].text = text(20, 60);
    row[7].is_null = below(5) != 0;
    row[7].floating = static_cast<double>(below(1000)) / 8;
    row[8].text = text(3, 5);
    row[9].is_null = row[3].number < 2;  // not sent yet
    row[9].number = 1'700'000'000'000'000 + below(1'000'000'000'000);
  }

  void wide(Slots& row, const std::vector<avro::Type>& types) {
    for (std::size_t i = 0; i < types.size(); ++i) {
      row[i].is_null = below(10) == 0;
      if (types[i] == avro::Type::string) row[i].text = text(4, 20);
      else if (types[i] == avro::Type::double_) row[i].floating = static_cast<double>(below(1 << 30)) / 16;
      else row[i].number = types[i] == avro::Type::boolean ? below(2) : types[i] == avro::Type::int_ ? below(100'000) : below(std::int64_t{1} << 40);
    }
  }

 private:
  std::mt19937_64 random_{7};
  std::array<std::string, kColumns> texts_;
  std::size_t next_ = 0;
};

void push(avro::Encoder& to, const Row& row, const Slots& slots) { row.types.empty() ? push_small(to, slots) : push_wide(to, slots, row.types); }

Bytes make(const Row& row, const avro::Program& program) {
  Bytes out;
  Maker maker;
  Slots slots{};
  avro::Encoder encoder(program, out);
  for (std::size_t i = 0; i < row.count; ++i) {
    row.types.empty() ? maker.small(slots, static_cast<std::int64_t>(i)) : maker.wide(slots, row.types);
    push(encoder, row, slots);
    encoder.finish().value();
  }
  return out;
}

template <typename Pass>
void measure(const Row& row, const char* operation, double seconds, const Pass& pass) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  double best = 1e9;
  for (int passes = 0; passes < kLeastPasses || Clock::now() < until; ++passes) {
    const auto before = Clock::now();
    if (!pass()) std::abort();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - before).count());
  }
  std::printf("%s %s %.0f\n", row.name.c_str(), operation, static_cast<double>(row.count) / best);
  std::fflush(stdout);
}

void measure_rewriting(const Row& row, const char* operation, double seconds, const Bytes& in, const std::string& reader) {
  const auto from = avro::Schema::parse(row.schema).value();
  const auto resolution = avro::Resolution::compile(from, avro::Schema::parse(reader).value()).value();
  Bytes out;
  measure(row, operation, seconds, [&] {
    out.clear();
    ByteView rest = in;
    bool ok = true;
    while (!rest.empty()) ok = resolution.resolve_front(rest, out).ok() && ok;
    return ok;
  });
}

void measure_resolving(const Row& row, double seconds, const Bytes& in, Slots& slots) {
  const auto from = avro::Schema::parse(row.schema).value();
  const auto program = avro::ResolvedProgram::compile(from, avro::Schema::parse(row.reader).value()).value();
  measure(row, "resolve", seconds, [&] {
    ByteView rest = in;
    bool ok = true;
    Filler filler(slots);
    while (!rest.empty()) ok = avro::decode_front(program, rest, filler).ok() && ok;
    return ok;
  });
}

void run(const Row& row, const std::string& folder, double seconds) {
  const avro::Program program(avro::Schema::parse(row.schema).value());
  const auto in = make(row, program);
  const auto write = [&](const std::string& suffix, const std::string& bytes) { std::ofstream(folder + "/" + row.name + suffix, std::ios::binary) << bytes; };
  write(".avsc", row.schema);
  write(".reader.avsc", row.reader);
  write(".bin", in);
  std::printf("%s rows %zu\n", row.name.c_str(), row.count);
  std::vector<Slots> rows(row.count);
  measure(row, "decode", seconds, [&] {
    ByteView rest = in;
    bool ok = true;
    Slots& slots = rows.front();
    Filler filler(slots);
    while (!rest.empty()) ok = avro::decode_front(program, rest, filler).ok() && ok;
    return ok;
  });
  ByteView rest = in;
  for (auto& slots : rows) {
    Filler filler(slots);
    avro::decode_front(program, rest, filler).value();
  }
  Bytes out;
  measure(row, "encode", seconds, [&] {
    avro::Encoder encoder(program, out);
    encoder.rewind();
    bool ok = true;
    for (const auto& slots : rows) {
      push(encoder, row, slots);
      ok = encoder.finish().ok() && ok;
    }
    return ok;
  });
  if (out != in) std::abort();
  measure_resolving(row, seconds, in, rows.front());
  measure_rewriting(row, "copy", seconds, in, row.schema);
  measure_rewriting(row, "rewrite", seconds, in, row.reader);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "avro_codec_bench FOLDER [SECONDS]\n");
    return 2;
  }
  const double seconds = count > 2 ? std::atof(arguments[2]) : 1;
  for (const auto& row : {small_row(), wide_row()}) run(row, arguments[1], seconds);
}
