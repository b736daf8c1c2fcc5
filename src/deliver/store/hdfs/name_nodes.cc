#include "deliver/store/hdfs/name_nodes.h"

#include <fstream>
#include <sstream>

#include "io/http.h"

namespace sluice::deliver::store::hdfs {

namespace {

constexpr std::size_t kTokenBytesMax = 16 << 10;

Error bad_token(const std::string& file, std::string why) {
  return {ErrorCode::back_off, "the delegation token in " + file + " " + std::move(why), "",
          "put the token there as text: \"urlString\" of the answer to op=GETDELEGATIONTOKEN"};
}

Result<std::string> read_token(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return bad_token(file, "cannot be read");
  auto token = text.str();
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.starts_with("HDTS")) return bad_token(file, "is in Hadoop's binary form");
  if (token.empty() || token.size() > kTokenBytesMax || token.find_first_of(" \t\r\n") != std::string::npos) {
    return bad_token(file, "is no token");
  }
  return token;
}

std::string encoded_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    out += "/" + io::percent_encode(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out.empty() ? "/" : out;
}

}  // namespace

NameNodes::NameNodes(io::WebClient& client, HdfsUrl url) : client_(client), url_(std::move(url)) {}

std::string NameNodes::name_of(std::size_t node) const {
  return (url_.gateway ? "HttpFS " : "NameNode ") + url_.name_nodes[node];
}

Result<std::string> NameNodes::token() {
  const std::lock_guard lock(mutex_);
  if (token_.empty()) {
    SLUICE_TRY(token_, read_token(url_.token_file));
  }
  return token_;
}

bool NameNodes::read_token_again() {
  if (url_.token_file.empty()) return false;
  const std::lock_guard lock(mutex_);
  auto fresh = read_token(url_.token_file);
  if (!fresh.ok() || *fresh == token_) return false;
  token_ = *std::move(fresh);
  return true;
}

Result<std::string> NameNodes::url_at(std::size_t node, const Operation& operation) {
  auto url = (url_.tls ? "https://" : "http://") + url_.name_nodes[node] + "/webhdfs/v1" + encoded_path(operation.path) +
             "?op=" + operation.name;
  if (!url_.token_file.empty()) {
    SLUICE_TRY(const auto token, token());
    url += "&delegation=" + io::percent_encode(token);
  } else if (!url_.user.empty()) {
    url += "&user.name=" + io::percent_encode(url_.user);
  }
  for (const auto& [name, value] : operation.parameters) url += "&" + name + "=" + io::percent_encode(value);
  return url;
}

NameNodes::Outcome NameNodes::ask_once(std::size_t node, const Operation& operation) {
  const Asked asked{operation.name, operation.path, name_of(node)};
  auto url = url_at(node, operation);
  if (!url.ok()) return {{}, Refusal{std::move(url).error().in(asked.operation + " of " + asked.path), Remedy::none}};
  auto answer = client_.send({operation.method, *url, {{kNoForgery.first, kNoForgery.second}}});
  if (!answer.ok()) return {{}, refusal_of(answer.error(), asked)};
  if (answer->status >= 200 && answer->status < 400) return {*std::move(answer), std::nullopt};
  return {{}, refusal_of(*answer, asked)};
}

NameNodes::Outcome NameNodes::ask_at(std::size_t node, const Operation& operation) {
  auto outcome = ask_once(node, operation);
  if (outcome.refusal && outcome.refusal->remedy == Remedy::fresh_token && read_token_again()) {
    return ask_once(node, operation);
  }
  return outcome;
}

Result<io::WebAnswer> NameNodes::ask(const Operation& operation) {
  const std::size_t first = current_;
  const auto count = url_.name_nodes.size();
  std::optional<Error> told;  // of the first that was asked; what the others said is its detail
  for (std::size_t i = 0; i < count; ++i) {
    const auto node = (first + i) % count;
    auto outcome = ask_at(node, operation);
    if (!outcome.refusal || outcome.refusal->remedy != Remedy::other_name_node) {
      current_ = node;
      if (outcome.refusal) return std::move(outcome.refusal->error);
      return std::move(outcome.answer);
    }
    if (!told) {
      told = std::move(outcome.refusal->error);
    } else {
      told->detail += (told->detail.empty() ? "" : "\n") + outcome.refusal->error.message;
    }
  }
  if (count > 1) told->message += "; no other NameNode serves either";
  return *std::move(told);
}

}  // namespace sluice::deliver::store::hdfs
