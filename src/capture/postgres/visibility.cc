#include "capture/postgres/visibility.h"

#include <algorithm>
#include <charconv>

namespace sluice::capture::postgres {
namespace {

bool take_number(std::string_view& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool Snapshot::sees(std::uint64_t xid) const {
  if (xid < xmin) return true;
  if (xid >= xmax) return false;
  return !std::binary_search(in_progress.begin(), in_progress.end(), xid);
}

std::string Snapshot::text() const {
  auto text = std::to_string(xmin) + ":" + std::to_string(xmax) + ":";
  for (std::size_t i = 0; i < in_progress.size(); ++i) text += (i > 0 ? "," : "") + std::to_string(in_progress[i]);
  return text;
}

Result<Snapshot> Snapshot::parse(std::string_view text) {
  const Error refused{ErrorCode::corrupt, "'" + std::string(text) + "' is no snapshot (xmin:xmax:xip,…)"};
  Snapshot snapshot;
  if (!take_number(text, snapshot.xmin) || !take(text, ':') || !take_number(text, snapshot.xmax) || !take(text, ':')) return refused;
  while (!text.empty()) {
    std::uint64_t xid = 0;
    if (!take_number(text, xid)) return refused;
    snapshot.in_progress.push_back(xid);
    if (!text.empty() && !take(text, ',')) return refused;
  }
  std::sort(snapshot.in_progress.begin(), snapshot.in_progress.end());
  return snapshot;
}

std::uint64_t widen_xid(std::uint32_t xid, std::uint64_t near) {
  constexpr std::uint64_t kEpoch = std::uint64_t{1} << 32;
  const auto wide = (near & ~(kEpoch - 1)) | xid;
  if (wide > near && wide - near > kEpoch / 2 && wide >= kEpoch) return wide - kEpoch;
  if (wide < near && near - wide > kEpoch / 2) return wide + kEpoch;
  return wide;
}

}  // namespace sluice::capture::postgres
