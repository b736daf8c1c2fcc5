#include "capture/postgres/pgoutput.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kPostgresEpochUs = 946'684'800'000'000;  // 2000-01-01

std::string_view c_string(ByteReader& in) {
  const auto rest = in.rest();
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) return in.fail(), std::string_view{};
  in.skip(end + 1);
  return rest.substr(0, end);
}

bool read_tuple(ByteReader& in, Tuple& tuple) {
  const auto count = in.u16();
  if (count > in.remaining()) return false;
  tuple.resize(count);
  for (auto& cell : tuple) {
    switch (in.i8()) {
      case 'n': cell.is = Cell::Is::null; break;
      case 'u': cell.is = Cell::Is::unchanged; break;
      case 't': {
        const auto size = in.i32();
        if (size < 0) return false;
        cell.is = Cell::Is::text;
        cell.text = in.view(static_cast<std::size_t>(size));
        break;
      }
      default: return false;
    }
    if (!in.ok()) return false;
  }
  return true;
}

// Since 1970 instead of 2000.
bool read_time(ByteReader& in, std::int64_t& out) { return !__builtin_add_overflow(in.i64(), kPostgresEpochUs, &out); }

bool read(ByteReader& in, Begin& out) {
  out.commit_lsn = Lsn{in.u64()};
  const bool timely = read_time(in, out.commit_time_us);
  out.xid = in.u32();
  return timely;
}

bool read(ByteReader& in, Commit& out) {
  in.skip(1);  // flags, unused
  out.commit_lsn = Lsn{in.u64()};
  out.end_lsn = Lsn{in.u64()};
  return read_time(in, out.commit_time_us);
}

bool read(ByteReader& in, Relation& out) {
  out.oid = in.u32();
  out.schema = c_string(in);
  out.name = c_string(in);
  out.replica_identity = static_cast<char>(in.i8());
  const auto count = in.u16();
  if (count > in.remaining()) return false;
  for (int i = 0; i < count && in.ok(); ++i) {
    RelationColumn column;
    column.in_key = (in.i8() & 1) != 0;
    column.name = c_string(in);
    column.type_oid = in.u32();
    column.typmod = in.i32();
    out.columns.push_back(column);
  }
  return true;
}

bool read(ByteReader& in, Insert& out) {
  out.oid = in.u32();
  return in.i8() == 'N' && read_tuple(in, out.row);
}

bool read(ByteReader& in, Update& out) {
  out.oid = in.u32();
  auto part = in.i8();
  if (part == 'K' || part == 'O') {
    out.old_is_key = part == 'K';
    if (!read_tuple(in, out.old)) return false;
    part = in.i8();
  }
  return part == 'N' && read_tuple(in, out.row);
}

bool read(ByteReader& in, Delete& out) {
  out.oid = in.u32();
  const auto part = in.i8();
  return (part == 'K' || part == 'O') && read_tuple(in, out.old);
}

bool read(ByteReader& in, Truncate& out) {
  const auto count = in.u32();
  in.skip(1);  // options: CASCADE, RESTART IDENTITY
  if (count > in.remaining() / 4) return false;
  for (std::uint32_t i = 0; i < count; ++i) out.oids.push_back(in.u32());
  return true;
}

template <typename M>
Result<Message> parse(ByteReader in, ByteView bytes) {
  M message;
  if (!read(in, message) || !in.ok() || !in.at_end()) {
    return Error{ErrorCode::corrupt, "pgoutput message '" + std::string(bytes.substr(0, 1)) + "' of " + std::to_string(bytes.size()) + " bytes is damaged"};
  }
  return Message(std::move(message));
}

}  // namespace

Result<Message> parse_message(ByteView bytes) {
  ByteReader in(bytes);
  switch (in.i8()) {
    case 'B': return parse<Begin>(in, bytes);
    case 'C': return parse<Commit>(in, bytes);
    case 'R': return parse<Relation>(in, bytes);
    case 'I': return parse<Insert>(in, bytes);
    case 'U': return parse<Update>(in, bytes);
    case 'D': return parse<Delete>(in, bytes);
    case 'T': return parse<Truncate>(in, bytes);
    case 'O':
    case 'Y':
    case 'M': return Message(Ignored{});
    default: break;
  }
  return Error{ErrorCode::unsupported, "pgoutput message '" + std::string(bytes.substr(0, 1)) + "' is not of protocol version 1"};
}

}  // namespace sluice::capture::postgres
