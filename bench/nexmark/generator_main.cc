// Writes Nexmark's topics, which are there and empty, for the phase `flow` of bench.py:
//
//   nexmark BROKER EVENTS KEYS SEED BASE_MS ID...
//
// EVENTS events into nexmark.person, .auction and .bid (0: none), the side input's rows into nexmark.side, and KEYS rows of as
// many keys into nexmark.key. The ids are the registry's, of each topic's key (0: none) and value, in the order of these names.
// Prints how many rows and bytes went where.

#include <array>
#include <iostream>
#include <map>

#include "client/client.h"
#include "generator.h"
#include "record/batch.h"

namespace {

using namespace sluice;

constexpr std::size_t kBatchBytes = 900'000;  // below max.message.bytes

// One topic's rows, in batches of Confluent's framing.
class Topic {
 public:
  Topic(client::Client& client, std::string name, std::int32_t key_id, std::int32_t value_id)
      : client_(client), name_(std::move(name)), key_id_(key_id), value_id_(value_id) {}

  // To write a row behind its frame; add() takes it.
  Bytes& row() { return framed(value_, value_id_); }
  Result<void> add(std::int64_t timestamp_ms) { return add(timestamp_ms, std::nullopt); }
  Result<void> add_keyed(std::int64_t timestamp_ms, std::int64_t key) {
    ByteWriter(framed(key_, key_id_)).zigzag(key);
    return add(timestamp_ms, key_);
  }
  Result<void> finish() {
    if (!batch_.empty()) SLUICE_RETURN_IF_ERROR(client_.produce(name_, 0, batch_.finish()));
    std::cout << name_ << " " << rows_ << " " << bytes_ << "\n";
    return {};
  }

 private:
  static Bytes& framed(Bytes& out, std::int32_t id) {
    out.clear();
    ByteWriter writer(out);
    writer.i8(0);
    writer.i32(id);
    return out;
  }
  Result<void> add(std::int64_t timestamp_ms, std::optional<ByteView> key) {
    batch_.add(timestamp_ms, key, value_);
    ++rows_;
    bytes_ += value_.size();
    if (batch_.size() >= kBatchBytes) SLUICE_RETURN_IF_ERROR(client_.produce(name_, 0, batch_.finish()));
    return {};
  }

  client::Client& client_;
  std::string name_;
  std::int32_t key_id_, value_id_;
  record::BatchBuilder batch_{{.compression = record::Compression::lz4}};
  Bytes key_, value_;
  std::size_t rows_ = 0, bytes_ = 0;
};

Result<void> write_events(Topic& person, Topic& auction, Topic& bid, nexmark::Generator& generator, std::int64_t count) {
  for (; count > 0; --count) {
    const auto kind = generator.kind();
    auto& topic = kind == nexmark::Kind::person ? person : kind == nexmark::Kind::auction ? auction : bid;
    const auto event = generator.next(topic.row());
    SLUICE_RETURN_IF_ERROR(kind == nexmark::Kind::bid ? topic.add(event.date_time_ms) : topic.add_keyed(event.date_time_ms, event.id));
  }
  return {};
}

Result<void> write_side(Topic& topic, std::int64_t base_ms) {
  for (std::int64_t key = 0; key < nexmark::kSideRows; ++key) {
    ByteWriter row(topic.row());
    const auto value = "side value " + std::to_string(key);
    row.zigzag(key);
    row.zigzag(static_cast<std::int64_t>(value.size()));
    row.raw(value);
    SLUICE_RETURN_IF_ERROR(topic.add_keyed(base_ms, key));
  }
  return {};
}

Result<void> write_keys(Topic& topic, std::int64_t base_ms, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto key = static_cast<std::int64_t>(static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15);  // odd: no key twice
    ByteWriter row(topic.row());
    row.zigzag(key);
    row.zigzag(i);
    SLUICE_RETURN_IF_ERROR(topic.add_keyed(base_ms + i / 10, key));
  }
  return {};
}

Result<void> write(char** argument) {
  SLUICE_TRY(const auto client, client::Client::connect(argument[0]));
  std::array<std::int64_t, 4> number{};
  for (std::size_t i = 0; i < number.size(); ++i) number[i] = std::atoll(argument[i + 1]);
  const auto [events, keys, seed, base_ms] = number;
  const auto id = [&](int i) { return std::atoi(argument[5 + i]); };
  Topic person(*client, "nexmark.person", id(0), id(1)), auction(*client, "nexmark.auction", id(2), id(3)),
      bid(*client, "nexmark.bid", id(4), id(5)), side(*client, "nexmark.side", id(6), id(7)), key(*client, "nexmark.key", id(8), id(9));
  nexmark::Generator generator(static_cast<std::uint64_t>(seed), base_ms);
  SLUICE_RETURN_IF_ERROR(write_side(side, base_ms));
  SLUICE_RETURN_IF_ERROR(write_events(person, auction, bid, generator, events));
  SLUICE_RETURN_IF_ERROR(write_keys(key, base_ms, keys));
  for (auto* topic : {&person, &auction, &bid, &side, &key}) SLUICE_RETURN_IF_ERROR(topic->finish());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 16) {
    std::cerr << "nexmark BROKER EVENTS KEYS SEED BASE_MS and ten ids: see generator_main.cc\n";
    return 2;
  }
  if (const auto done = write(argv + 1); !done.ok()) {
    std::cerr << done.error().text() << "\n";
    return 1;
  }
}
