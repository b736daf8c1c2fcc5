#pragma once
// The messages of PostgreSQL's plugin pgoutput, protocol version 1, text: bytes in, values out. Views point into the
// message. PostgreSQL's documentation, "Logical Replication Message Formats".

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "capture/postgres/encode.h"
#include "capture/postgres/table.h"

namespace sluice::capture::postgres {

struct Begin {
  Lsn commit_lsn;
  std::int64_t commit_time_us = 0;  // since 1970-01-01 UTC
  std::uint32_t xid = 0;
};
struct Commit {
  Lsn commit_lsn;
  Lsn end_lsn;
  std::int64_t commit_time_us = 0;
};
struct RelationColumn {
  bool in_key = false;  // of the replica identity
  std::string_view name;
  Oid type_oid = 0;
  std::int32_t typmod = -1;
};
struct Relation {
  Oid oid = 0;
  std::string_view schema, name;
  char replica_identity = 'd';
  std::vector<RelationColumn> columns;
};
using Tuple = std::vector<Cell>;
struct Insert {
  Oid oid = 0;
  Tuple row;
};
struct Update {
  Oid oid = 0;
  Tuple old;               // empty when the key is as before; the key's columns, or with identity FULL all
  bool old_is_key = false;
  Tuple row;
};
struct Delete {
  Oid oid = 0;
  Tuple old;
};
struct Truncate {
  std::vector<Oid> oids;
};
struct Ignored {};  // Origin, Type, Message

using Message = std::variant<Ignored, Begin, Commit, Relation, Insert, Update, Delete, Truncate>;

// Errors: corrupt (what, and at which byte); unsupported (a message of a later protocol).
[[nodiscard]] Result<Message> parse_message(ByteView bytes);

}  // namespace sluice::capture::postgres
