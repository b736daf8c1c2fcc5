#include "deliver/store/hdfs/refusal.h"

#include <array>
#include <boost/json.hpp>
#include <string_view>
#include <utility>

namespace sluice::deliver::store::hdfs {

namespace {

struct Meaning {
  std::string_view exception;
  std::string_view text;  // in the exception's message; "" for any
  ErrorCode code;
  Remedy remedy;
  std::string_view why;
  std::string_view hint;
};

constexpr std::string_view kTokenHint = "put a fresh delegation token into token_file: it is read anew";
constexpr std::string_view kRightsHint =
    "give the user the right (`hdfs dfs -chown` or -chmod on the folder), or set ?user= to one who has it; it goes on by "
    "itself";
constexpr std::string_view kQuotaHint =
    "raise the quota (`hdfs dfsadmin -setSpaceQuota`, -setQuota) or remove data; it goes on by itself";
constexpr std::string_view kDataNodesHint =
    "see `hdfs dfsadmin -report`: start the DataNodes that are missing, or give them space";
constexpr std::string_view kNameHint = "HDFS allows neither ':' nor empty parts in names, and folders only below folders";

// The first line that fits, from the top.
constexpr auto kMeanings = std::to_array<Meaning>({
    {"StandbyException", "", ErrorCode::back_off, Remedy::other_name_node, "this NameNode is a standby",
     "name the active one too: ?namenodes=HOST:PORT,…"},
    {"RetriableException", "", ErrorCode::back_off, Remedy::other_name_node, "the NameNode is not ready yet", ""},
    {"SafeModeException", "", ErrorCode::back_off, Remedy::none, "HDFS is in safe mode and takes no changes",
     "it ends by itself when enough DataNodes have reported, or by `hdfs dfsadmin -safemode leave`"},
    {"AccessControlException", "(is not a directory)", ErrorCode::not_found, Remedy::none, "a file stands where a folder must", ""},
    {"AccessControlException", "", ErrorCode::back_off, Remedy::none, "the right to do that is missing", kRightsHint},
    {"AuthorizationException", "", ErrorCode::back_off, Remedy::none, "the right to do that is missing", kRightsHint},
    {"InvalidToken", "", ErrorCode::back_off, Remedy::fresh_token, "the delegation token is not valid", kTokenHint},
    {"ExpiredTokenException", "", ErrorCode::back_off, Remedy::fresh_token, "the delegation token has expired", kTokenHint},
    {"SecurityException", "", ErrorCode::back_off, Remedy::fresh_token, "we are not known there", kTokenHint},
    {"AuthenticationException", "", ErrorCode::back_off, Remedy::fresh_token, "we are not known there", kTokenHint},
    {"NSQuotaExceededException", "", ErrorCode::out_of_space, Remedy::none, "the quota of names is used up", kQuotaHint},
    {"DSQuotaExceededException", "", ErrorCode::out_of_space, Remedy::none, "the space quota is used up", kQuotaHint},
    {"QuotaByStorageTypeExceededException", "", ErrorCode::out_of_space, Remedy::none, "the space quota is used up", kQuotaHint},
    {"QuotaExceededException", "", ErrorCode::out_of_space, Remedy::none, "a quota is used up", kQuotaHint},
    {"DiskOutOfSpaceException", "", ErrorCode::out_of_space, Remedy::none, "a DataNode's disks are full", kDataNodesHint},
    {"IOException", "No space left on device", ErrorCode::out_of_space, Remedy::none, "a disk is full", kDataNodesHint},
    {"IOException", "There are 0 datanode(s) running", ErrorCode::back_off, Remedy::none, "no DataNode is running", kDataNodesHint},
    {"IOException", "no node(s) are excluded", ErrorCode::out_of_space, Remedy::none, "the DataNodes are full", kDataNodesHint},
    {"IOException", "(=0)", ErrorCode::back_off, Remedy::none, "no DataNode is running", kDataNodesHint},
    {"IOException", "could only be written to", ErrorCode::back_off, Remedy::none, "no DataNode takes the block", kDataNodesHint},
    {"IOException", "Failed to find datanode", ErrorCode::back_off, Remedy::none, "no DataNode is there for it", kDataNodesHint},
    {"IOException", "Idle timeout expired", ErrorCode::back_off, Remedy::none, "the gateway does not wait for a body that pauses",
     "let its hadoop.http.idle_timeout.ms be longer than a file stays open, or name the NameNode instead of the gateway"},
    {"FileNotFoundException", "", ErrorCode::not_found, Remedy::none, "it is not there", ""},
    {"FileAlreadyExistsException", "", ErrorCode::already_exists, Remedy::none, "it is there already", ""},
    {"AlreadyBeingCreatedException", "", ErrorCode::already_exists, Remedy::none, "somebody is writing it", ""},
    {"PathIsNotEmptyDirectoryException", "", ErrorCode::rejected, Remedy::none, "a folder that is not empty", ""},
    {"InvalidPathException", "", ErrorCode::rejected, Remedy::none, "HDFS does not take the name", kNameHint},
    {"IllegalArgumentException", "", ErrorCode::rejected, Remedy::none, "HDFS does not take the request", kNameHint},
    {"ParentNotDirectoryException", "", ErrorCode::rejected, Remedy::none, "a file stands where a folder must", kNameHint},
    {"PathComponentTooLongException", "", ErrorCode::rejected, Remedy::none, "the name is too long", kNameHint},
    {"UnsupportedOperationException", "", ErrorCode::unsupported, Remedy::none, "this HDFS does not do that", ""},
});

struct Remote {
  std::string exception;
  std::string message;  // its first line: the rest is a stack trace
};

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min<std::size_t>({text.find('\n'), text.size(), 500})));
}

Remote remote_of(ByteView body) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  const auto* whole = error ? nullptr : value.if_object();
  const auto* remote = whole == nullptr ? nullptr : whole->if_contains("RemoteException");
  if (remote == nullptr || !remote->is_object()) return {};
  const auto text = [&](std::string_view name) {
    const auto* field = remote->get_object().if_contains(name);
    return field != nullptr && field->is_string() ? std::string(field->get_string()) : std::string();
  };
  auto exception = text("exception");
  if (const auto nested = exception.rfind('$'); nested != std::string::npos) exception.erase(0, nested + 1);
  return {std::move(exception), first_line(text("message"))};
}

std::string place(const Asked& asked) { return asked.operation + " of " + asked.path + " at " + asked.node + ": "; }

// An answer that is not Hadoop's own: of a proxy, of the wrong port, of a filter before it.
Refusal of_status(const io::WebAnswer& answer, const Asked& asked) {
  Error error{ErrorCode::back_off, place(asked) + "HTTP " + std::to_string(answer.status), first_line(answer.body)};
  if (answer.body.find("Hadoop IPC port") != Bytes::npos) {
    error = {ErrorCode::rejected, place(asked) + "this is the RPC port", "",
             "give the NameNode's web address, dfs.namenode.http-address: port 9870, if nobody changed it"};
  } else if (answer.status == 401) {
    const auto scheme = answer.header("www-authenticate").value_or("");
    error.message += ": we are not known there";
    error.detail = scheme.empty() ? "" : "it asks for " + std::string(scheme);
    error.hint = std::string(kTokenHint) +
                 "; where Kerberos is wanted, get one by `curl --negotiate -u : …?op=GETDELEGATIONTOKEN`";
    return {std::move(error), Remedy::fresh_token};
  } else if (answer.status == 404) {
    error.hint = "is WebHDFS on (dfs.webhdfs.enabled), and is that the NameNode's web address?";
  }
  return {std::move(error), Remedy::none};
}

bool means(const Meaning& line, const Remote& remote) {
  return line.exception == remote.exception && remote.message.find(line.text) != std::string::npos;
}

}  // namespace

Refusal refusal_of(const io::WebAnswer& answer, const Asked& asked) {
  const auto remote = remote_of(answer.body);
  if (remote.exception.empty()) return of_status(answer, asked);
  const auto said = remote.exception + ": " + remote.message;
  for (const auto& line : kMeanings) {
    if (!means(line, remote)) continue;
    return {{line.code, place(asked) + std::string(line.why), said, std::string(line.hint)}, line.remedy};
  }
  return {{ErrorCode::back_off, place(asked) + said, "HTTP " + std::to_string(answer.status)}, Remedy::none};
}

Refusal refusal_of(const Error& unanswered, const Asked& asked) {
  Error error{unanswered.code, place(asked) + unanswered.message, unanswered.detail, unanswered.hint};
  if (error.code == ErrorCode::corrupt && error.hint.empty()) {
    error.hint = "is that the NameNode's web address (dfs.namenode.http-address)?";
  } else if (error.code == ErrorCode::back_off && error.hint.empty()) {
    error.hint = "is it running, and can it be reached by that name from here?";
  }
  const auto remedy = unanswered.code == ErrorCode::back_off ? Remedy::other_name_node : Remedy::none;
  return {std::move(error), remedy};
}

}  // namespace sluice::deliver::store::hdfs
