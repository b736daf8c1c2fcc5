#pragma once
// Where an HDFS is, as a person writes it:
//
//   hdfs://namenode:9870/archive?user=etl&namenodes=nn2:9870,nn3:9870
//   hdfs+https://namenode/archive?token_file=/run/secrets/token&ca_file=/etc/ssl/hadoop.pem
//   hdfs://gateway:14000/archive?gateway=httpfs&user=etl
//
// The host and port are those of the NameNode's web address (dfs.namenode.http-address), not of its RPC address. Without
// a port it is 9870, over TLS 9871, of an HttpFS gateway 14000.
//
//   user        whom the server takes us for (`user.name`); without it and without a token HDFS calls us "dr.who"
//   token_file  a file that holds a delegation token as text ("urlString" of op=GETDELEGATIONTOKEN); it is read anew
//               when the server does not accept the token any more, so renewing the file is enough. The token names its
//               user: not together with `user`
//   namenodes   the other NameNodes of a highly available HDFS, HOST:PORT with commas between
//   gateway     httpfs: the address is an HttpFS, which carries the data itself. It gives up a file to which nothing is
//               written for its hadoop.http.idle_timeout.ms, 60 s; a DataNode waits
//   ca_file     authorities that signed the server's certificate, when the system does not know them; hdfs+https only

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::deliver::store::hdfs {

struct HdfsUrl {
  bool tls = false;
  bool gateway = false;
  std::vector<std::string> name_nodes;  // "host:port", at least one; the first is the one the URL begins with
  std::string root;                     // "/archive", without a slash at its end; "" for the root itself
  std::string user;
  std::string token_file;
  std::string ca_file;

  [[nodiscard]] std::string where() const;  // "hdfs://namenode:9870/archive"
};

// Errors: rejected.
[[nodiscard]] Result<HdfsUrl> parse_hdfs_url(std::string_view text);

}  // namespace sluice::deliver::store::hdfs
