#include "deliver/store/hdfs/hdfs_url.h"

#include <algorithm>

#include "base/nearest.h"
#include "io/http.h"
#include "io/tcp_server.h"

namespace sluice::deliver::store::hdfs {

namespace {

constexpr std::string_view kForm = "write hdfs://NAMENODE:9870/FOLDER?user=NAME, or hdfs+https:// for TLS";

Error refused(std::string_view url, std::string why, std::string hint) {
  return {ErrorCode::rejected, "'" + std::string(url) + "': " + std::move(why), "", std::move(hint)};
}

// Cuts what stands before the first of `marks`; the mark stays.
std::string_view cut(std::string_view& rest, std::string_view marks) {
  const auto end = std::min(rest.find_first_of(marks), rest.size());
  const auto piece = rest.substr(0, end);
  rest.remove_prefix(end);
  return piece;
}

Result<std::string> with_port(std::string_view text, const HdfsUrl& url) {
  const auto bracket = text.rfind(']');  // of "[::1]": the colons before it are the address's
  const auto colon = text.rfind(':');
  auto address = std::string(text);
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    address += url.gateway ? ":14000" : url.tls ? ":9871" : ":9870";
  }
  if (!io::parse_address(address).ok() || address.starts_with(':')) {
    return Error{ErrorCode::rejected, "'" + std::string(text) + "' is no HOST:PORT"};
  }
  return address;
}

Result<void> add_name_nodes(HdfsUrl& url, std::string_view list) {
  while (true) {
    SLUICE_TRY(auto address, with_port(cut(list, ","), url));
    if (std::ranges::find(url.name_nodes, address) == url.name_nodes.end()) url.name_nodes.push_back(std::move(address));
    if (list.empty()) return {};
    list.remove_prefix(1);
  }
}

Result<void> set_parameter(HdfsUrl& url, std::string& name_nodes, std::string_view name, std::string value) {
  static const std::vector<std::string_view> known = {"user", "token_file", "namenodes", "gateway", "ca_file"};
  if (value.empty()) return Error{ErrorCode::rejected, "'" + std::string(name) + "' has no value"};
  if (name == "user") {
    url.user = std::move(value);
  } else if (name == "token_file") {
    url.token_file = std::move(value);
  } else if (name == "ca_file") {
    url.ca_file = std::move(value);
  } else if (name == "namenodes") {
    name_nodes = std::move(value);
  } else if (name == "gateway" && value == "httpfs") {
    url.gateway = true;
  } else if (name == "gateway") {
    return Error{ErrorCode::rejected, "there is no gateway '" + value + "'", "", "the one that is known is httpfs"};
  } else {
    const auto meant = nearest(name, known);
    std::string hint = "known are user, token_file, namenodes, gateway, ca_file";
    if (!meant.empty()) hint = "did you mean '" + std::string(meant) + "'?";
    return Error{ErrorCode::rejected, "unknown parameter '" + std::string(name) + "'", "", std::move(hint)};
  }
  return {};
}

Result<void> set_parameters(HdfsUrl& url, std::string& name_nodes, std::string_view query) {
  while (!query.empty()) {
    auto pair = cut(query, "&");
    if (!query.empty()) query.remove_prefix(1);
    const auto name = cut(pair, "=");
    if (!pair.empty()) pair.remove_prefix(1);
    SLUICE_RETURN_IF_ERROR(set_parameter(url, name_nodes, io::percent_decode(name), io::percent_decode(pair)));
  }
  if (!url.user.empty() && !url.token_file.empty()) {
    return Error{ErrorCode::rejected, "user and token_file exclude each other", "",
                 "leave user out: a token names its user"};
  }
  if (!url.ca_file.empty() && !url.tls) {
    return Error{ErrorCode::rejected, "ca_file is for hdfs+https:// only", "", "write hdfs+https://, or leave it out"};
  }
  if (url.gateway && !name_nodes.empty()) {
    return Error{ErrorCode::rejected, "namenodes and gateway exclude each other", "",
                 "leave namenodes out: the gateway itself knows them"};
  }
  return {};
}

Result<std::string> root_of(std::string_view path) {
  auto root = io::percent_decode(path);
  while (root.ends_with('/')) root.pop_back();
  if (root.find("//") != std::string::npos || (root + "/").find("/./") != std::string::npos ||
      (root + "/").find("/../") != std::string::npos || root.find('\0') != std::string::npos) {
    return Error{ErrorCode::rejected, "'" + root + "' is no folder's path", "",
                 "write it without empty parts, '.' and '..'"};
  }
  return root;
}

Result<HdfsUrl> parse(std::string_view rest) {
  HdfsUrl url;
  url.tls = rest.starts_with("hdfs+https://");
  if (!url.tls && !rest.starts_with("hdfs://")) return Error{ErrorCode::rejected, "no hdfs:// or hdfs+https:// URL"};
  rest.remove_prefix(rest.find("://") + 3);
  const auto host = cut(rest, "/?#");
  const auto path = cut(rest, "?#");
  if (rest.find('#') != std::string_view::npos) {
    return Error{ErrorCode::rejected, "'#' has no meaning here", "", "in a name write %23"};
  }
  if (!rest.empty()) rest.remove_prefix(1);
  if (host.find('@') != std::string_view::npos) {
    return Error{ErrorCode::rejected, "a user before the host has no meaning here", "", "write ?user=NAME behind the path"};
  }
  std::string others;
  SLUICE_RETURN_IF_ERROR(set_parameters(url, others, rest));
  SLUICE_RETURN_IF_ERROR(add_name_nodes(url, host));
  if (!others.empty()) SLUICE_RETURN_IF_ERROR(add_name_nodes(url, others));
  SLUICE_TRY(url.root, root_of(path));
  return url;
}

}  // namespace

std::string HdfsUrl::where() const { return (tls ? "hdfs+https://" : "hdfs://") + name_nodes.front() + root; }

Result<HdfsUrl> parse_hdfs_url(std::string_view text) {
  auto url = parse(text);
  if (url.ok()) return url;
  const auto& error = url.error();
  return refused(text, error.message, error.hint.empty() ? std::string(kForm) : error.hint);
}

}  // namespace sluice::deliver::store::hdfs
