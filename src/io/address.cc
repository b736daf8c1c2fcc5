#include <dirent.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "io/tcp_server.h"

namespace sluice::io {
namespace {

// The inode of the socket that listens on `port`, from one of /proc/net/tcp and tcp6; 0 if none.
unsigned long listening_inode(const char* table, std::uint16_t port) {
  std::ifstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout;
    unsigned long inode = 0;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const auto colon = local.rfind(':');
    if (state == "0A" && colon != std::string::npos && std::stoul(local.substr(colon + 1), nullptr, 16) == port) return inode;
  }
  return 0;
}

bool holds_socket(const std::string& pid, const std::string& target) {
  const auto folder = "/proc/" + pid + "/fd";
  DIR* listing = ::opendir(folder.c_str());
  if (listing == nullptr) return false;
  bool found = false;
  while (const auto* entry = ::readdir(listing)) {
    char link[64] = {};
    const auto path = folder + "/" + entry->d_name;
    if (::readlink(path.c_str(), link, sizeof link - 1) > 0 && target == link) found = true;
  }
  ::closedir(listing);
  return found;
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  auto inode = listening_inode("/proc/net/tcp", port);
  if (inode == 0) inode = listening_inode("/proc/net/tcp6", port);
  if (inode == 0) return {};
  const auto target = "socket:[" + std::to_string(inode) + "]";
  DIR* listing = ::opendir("/proc");
  if (listing == nullptr) return {};
  std::string holder;
  while (const auto* entry = ::readdir(listing)) {
    const std::string pid = entry->d_name;
    if (pid.find_first_not_of("0123456789") != std::string::npos || !holds_socket(pid, target)) continue;
    std::string name;
    std::ifstream comm("/proc/" + pid + "/comm");
    std::getline(comm, name);
    holder = name + " (pid " + pid + ")";
    break;
  }
  ::closedir(listing);
  return holder;
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const Error refused{ErrorCode::rejected, "'" + std::string(text) + "' is not an address", "", "write HOST:PORT, as 127.0.0.1:9092"};
  if (colon == std::string_view::npos) return refused;
  Address address;
  const auto digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return refused;
  auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  address.host = host.empty() ? "0.0.0.0" : std::string(host);
  return address;
}

}  // namespace sluice::io
