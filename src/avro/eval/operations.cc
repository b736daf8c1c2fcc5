#include "avro/eval/operations.h"

#include "avro/compatibility.h"
#include "avro/eval/eval.h"
#include "avro/json.h"
#include "avro/limit.h"
#include "avro/program.h"
#include "avro/resolution.h"

namespace sluice::avro::eval {
namespace {

std::string hex_of(std::uint64_t number) {
  Bytes bytes;
  ByteWriter(bytes).u64(number);
  return hex(bytes);
}

Result<Schema> asked_schema(const Request& request) {
  SLUICE_TRY(const auto lenient, request.flag("lenient"));
  return request.schema("schema", lenient);
}

// The error of a datum's bytes: malformed, over a limit, or what the reader cannot take.
Error of_data(Error error) {
  return as(error.code == ErrorCode::corrupt ? Code::bad_data : Code::no_match, std::move(error));
}

Result<void> append_datum(const Program& program, ByteView bytes, std::string& out) {
  const DecodeLimits limits{.depth = kMaxDepth, .items_of_no_bytes = kMaxItemsOfNoBytes};
  std::string json;
  if (auto done = to_json(program, bytes, json, limits, kMaxAnswerBytes); !done.ok())
    return of_data(std::move(done).error());
  append_member(out, "json", json);
  out += ",\"rest\":" + std::to_string(bytes.size());
  return {};
}

}  // namespace

Result<void> parse(const Request& request, std::string& out) {
  SLUICE_TRY(const auto schema, asked_schema(request));
  append_member(out, "text", schema.text());
  return {};
}

Result<void> canonical(const Request& request, std::string& out) {
  SLUICE_TRY(const auto schema, asked_schema(request));
  const auto form = schema.canonical();
  const auto number = rabin_fingerprint(form);
  append_member(out, "text", schema.text());
  append_member(out, "pcf", form);
  append_member(out, "rabin64", hex_of(number));
  append_member(out, "rabin64_le", hex_of(__builtin_bswap64(number)));
  append_member(out, "md5", hex(md5(form)));
  append_member(out, "sha256", hex(sha256(form)));
  return {};
}

Result<void> compat(const Request& request, std::string& out) {
  SLUICE_TRY(const auto reader, request.schema("reader", true));
  SLUICE_TRY(const auto writer, request.schema("writer", true));
  const auto found = check_compatibility(reader, writer);
  if (!found.ok() && is_over_limit(found.error())) return as(Code::limit, found.error());
  append_member(out, "result", !found.ok() ? "EXCEPTION" : found->empty() ? "COMPATIBLE" : "INCOMPATIBLE");
  out += ",\"incompatibilities\":[";
  if (found.ok()) {
    for (const auto& each : *found) {
      out += out.back() == '[' ? "{\"type\":" : ",{\"type\":";
      append_string(out, each.type);
      append_member(out, "location", each.location);
      append_member(out, "message", each.message);
      out += '}';
    }
  }
  out += ']';
  if (!found.ok()) append_member(out, "message", found.error().message);
  return {};
}

Result<void> encode(const Request& request, std::string& out) {
  SLUICE_TRY(auto schema, asked_schema(request));
  SLUICE_TRY(const auto json, request.text("json"));
  Bytes bytes;
  SLUICE_RETURN_IF_ERROR(as(Code::bad_json, JsonEncoder(std::move(schema), kMaxDepth).encode(json, bytes)));
  append_member(out, "hex", hex(bytes));
  return {};
}

Result<void> decode(const Request& request, std::string& out) {
  SLUICE_TRY(auto schema, asked_schema(request));
  SLUICE_TRY(const auto bytes, request.binary("hex"));
  return append_datum(Program(std::move(schema)), bytes, out);
}

Result<void> resolve(const Request& request, std::string& out) {
  SLUICE_TRY(const auto writer, request.schema("writer", true));
  SLUICE_TRY(auto reader, request.schema("reader", true));
  SLUICE_TRY(const auto bytes, request.binary("hex"));
  auto resolution = Resolution::compile(writer, reader, Resolution::Misfits::in_data);
  if (!resolution.ok()) return of_data(std::move(resolution).error());
  Bytes resolved;
  ByteView rest = bytes;
  const ResolveLimits limits{
      .depth = kMaxDepth, .items_of_no_bytes = kMaxItemsOfNoBytes, .output_bytes = kMaxAnswerBytes};
  if (auto done = resolution->resolve_front(rest, resolved, limits); !done.ok())
    return of_data(std::move(done).error());
  const DecodeLimits decode_limits{
      .depth = 2 * kMaxDepth,
      .items_of_no_bytes = kMaxItemsOfNoBytes};  // the reader may have unions where the writer has none
  std::string json;
  ByteView left = resolved;
  SLUICE_RETURN_IF_ERROR(
      as(Code::internal, to_json(Program(std::move(reader)), left, json, decode_limits, kMaxAnswerBytes)));
  append_member(out, "json", json);
  out += ",\"rest\":" + std::to_string(rest.size());
  return {};
}

}  // namespace sluice::avro::eval
