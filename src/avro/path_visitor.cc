#include "avro/path_visitor.h"

namespace sluice::avro {
namespace {

constexpr std::size_t kKeyBytes = 40;  // of a map's key

std::string printable(ByteView key) {
  std::string out(key);
  for (auto& c : out) c = c < ' ' || c == 0x7f ? '?' : c;  // above 0x7f too: they may be no UTF-8
  return out;
}

}  // namespace

std::string PathVisitor::text() const {
  std::string out;
  for (const auto& level : levels_) {
    if (level.field != nullptr) out += "/" + level.field->name;
    if (level.items == 0) continue;
    out += "/" + (level.key.data() == nullptr ? std::to_string(level.items - 1) : printable(level.key.substr(0, kKeyBytes)));
  }
  return out.empty() ? "/" : out;
}

}  // namespace sluice::avro
