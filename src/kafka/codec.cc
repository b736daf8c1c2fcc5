#include "kafka/codec.h"

namespace sluice::kafka {

void Printer::quote(std::string_view raw) {
  static constexpr char kHex[] = "0123456789abcdef";
  out_ += '"';
  for (const char c : raw) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += "\\u00";
      out_ += kHex[static_cast<unsigned char>(c) >> 4];
      out_ += kHex[c & 15];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

Error unsupported_version(const char* what, Version version, VersionRange range) {
  return {ErrorCode::unsupported, std::string(what) + " of version " + std::to_string(version) + " is not known",
          "versions " + std::to_string(range.min) + " to " + std::to_string(range.max) + " are"};
}

Error undecodable(const char* what, Version version, const std::string& failure) {
  return {ErrorCode::corrupt, std::string(what) + " v" + std::to_string(version) + ": " + failure};
}

Error unencodable(const char* what, Version version, const char* field) {
  return {ErrorCode::rejected,
          std::string(what) + " v" + std::to_string(version) + ": field " + field + " is too long for the protocol"};
}

}  // namespace sluice::kafka
