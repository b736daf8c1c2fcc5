// How many small records a second go through a resolution: avro_resolution_bench [seconds]

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "avro/json.h"
#include "avro/program.h"
#include "avro/resolution.h"

namespace {

using namespace sluice;  // NOLINT: a program of one file

constexpr int kRecords = 10'000;

std::string record(const std::string& fields) { return R"({"type":"record","name":"Order","fields":[)" + fields + "]}"; }

Bytes records(const avro::Schema& schema) {
  Bytes out;
  for (int i = 0; i < kRecords; ++i) {
    const auto number = std::to_string(i * 7919 % 1'000'003);
    const auto json = R"({"id":)" + number + R"(,"customer":"customer )" + number + R"(","quantity":)" + std::to_string(i % 50) +
                      R"(,"price":)" + number + R"(.25,"note":)" + (i % 4 == 0 ? R"({"string":"urgent"})" : "null") + "}";
    avro::from_json(schema, json, out).value();
  }
  return out;
}

template <typename Pass>
void measure(const char* name, double seconds, const Bytes& in, const Pass& pass) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  double took = 0;
  double best = 1e9;
  long count = 0;
  while (took < seconds) {
    const auto before = Clock::now();
    if (!pass()) std::abort();
    const auto now = Clock::now();
    best = std::min(best, std::chrono::duration<double>(now - before).count());
    took = std::chrono::duration<double>(now - start).count();
    count += kRecords;
  }
  std::printf("%-28s %6.1f M records/s, best %6.1f, %5.2f GB/s in\n", name, static_cast<double>(count) / took / 1e6, kRecords / best / 1e6,
              static_cast<double>(in.size()) * static_cast<double>(count) / kRecords / took / 1e9);
}

void measure_to(const char* name, double seconds, const avro::Schema& writer, const Bytes& in, const std::string& reader) {
  const auto resolution = avro::Resolution::compile(writer, avro::Schema::parse(reader).value()).value();
  Bytes out;
  measure(name, seconds, in, [&] {
    out.clear();
    ByteView rest = in;
    bool ok = true;
    while (!rest.empty()) ok = resolution.resolve_front(rest, out).ok() && ok;
    return ok;
  });
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 1;
  const std::string id = R"({"name":"id","type":"long"},)";
  const std::string customer = R"({"name":"customer","type":"string"},)";
  const std::string quantity = R"({"name":"quantity","type":"int"},)";
  const std::string price = R"({"name":"price","type":"double"},)";
  const std::string note = R"({"name":"note","type":["null","string"],"default":null})";
  const auto writer = avro::Schema::parse(record(id + customer + quantity + price + note)).value();
  const auto in = records(writer);
  const avro::Program program(writer);
  measure("check only (program.h)", seconds, in, [&] {
    ByteView rest = in;
    avro::NoVisitor visitor;
    bool ok = true;
    while (!rest.empty()) ok = avro::decode_front(program, rest, visitor).ok() && ok;
    return ok;
  });
  const auto nullable = [](std::string field) {
    const auto type = field.find("\"type\":") + 7;
    return field.insert(field.size() - 2, "]").insert(type, "[\"null\",");
  };
  measure_to("identity", seconds, writer, in, record(id + customer + quantity + price + note));
  measure_to("a null field at the end", seconds, writer, in, record(id + customer + quantity + price + note + R"(,{"name":"n","type":["null","int"],"default":null})"));
  measure_to("all fields made nullable", seconds, writer, in, record(nullable(id) + nullable(customer) + nullable(quantity) + nullable(price) + note));
  measure_to("other order", seconds, writer, in, record(price + quantity + customer + id + note));
  measure_to("two fields left out", seconds, writer, in, record(id + price + note));
  measure_to("int and long to double", seconds, writer, in,
             record(R"({"name":"id","type":"double"},)" + customer + R"({"name":"quantity","type":"double"},)" + price + note));
}
