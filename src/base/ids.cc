#include "base/ids.h"

#include <cstdio>

namespace sluice {

std::string lsn_text(Lsn lsn) {
  char text[32];
  std::snprintf(text, sizeof text, "%X/%X", static_cast<unsigned>(lsn.value >> 32),
                static_cast<unsigned>(lsn.value & 0xffffffffU));
  return text;
}

}  // namespace sluice
