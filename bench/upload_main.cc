// Uploads a file to a place of archives, as a sink does, and tells in JSON how long that took: upload FILE URL
// For bench/archive.py, beside curl.

#include <time.h>

#include <fstream>
#include <iostream>
#include <vector>

#include "server/places.h"

namespace {

using namespace sluice;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Result<void> upload(std::ifstream& in, pipeline::Store& store) {
  const auto name = "upload-" + std::to_string(time(nullptr)) + "-" + std::to_string(clock());
  SLUICE_TRY(const auto writer, store.create("_sluice/tmp/" + name, name));
  std::vector<char> piece(64 << 10);  // about a block of an Avro file
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    SLUICE_RETURN_IF_ERROR(writer->append({piece.data(), static_cast<std::size_t>(in.gcount())}));
  }
  SLUICE_TRY(const auto id, writer->finish());
  SLUICE_TRY(const auto published, store.publish(id, name));
  static_cast<void>(published);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream in(argv[1], std::ios::binary);
  const auto begin = seconds(CLOCK_MONOTONIC);
  const auto cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  auto done = server::open_place(argv[2]).and_then([&](const auto& store) { return upload(in, *store); });
  if (!done.ok()) {
    std::cerr << done.error().text() << "\n";
    return 1;
  }
  std::cout << "{\"seconds\":" << seconds(CLOCK_MONOTONIC) - begin
            << ",\"cpu_seconds\":" << seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu << "}\n";
}
