#pragma once
// What an answer of WebHDFS that is no success means: one table from Hadoop's exceptions to our codes.
//
// A NameNode, a DataNode and an HttpFS say why in the same JSON, {"RemoteException":{"exception":…,"message":…}}. The
// exception decides, not the status: HttpFS says 500 where a NameNode says 403. Rights and quotas are `back_off` and
// `out_of_space`, not `rejected`: when somebody mends them the same call succeeds.

#include <string>

#include "base/error.h"
#include "io/web_client.h"

namespace sluice::deliver::store::hdfs {

// What was asked, for the message.
struct Asked {
  std::string operation;  // "RENAME"
  std::string path;       // complete, in HDFS
  std::string node;       // "NameNode nn:9870"
};

// What we can do about it ourselves before the caller hears of it.
enum class Remedy : std::uint8_t { none, other_name_node, fresh_token };

struct Refusal {
  Error error;
  Remedy remedy = Remedy::none;
};

// Precondition: the answer's status is neither a success nor a redirect.
[[nodiscard]] Refusal refusal_of(const io::WebAnswer& answer, const Asked& asked);
// The same for a request that has no answer.
[[nodiscard]] Refusal refusal_of(const Error& unanswered, const Asked& asked);

}  // namespace sluice::deliver::store::hdfs
