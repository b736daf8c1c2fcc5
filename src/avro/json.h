#pragma once
// Values in Avro's own JSON encoding, and back (Avro 1.12, "JSON Encoding"): unions as {"branch": value}, bytes and
// fixed as text of a character a byte, logical types as what is below them. NaN and the infinities are "NaN",
// "Infinity",
// "-Infinity"; "INF" and "-INF" are read as well.

#include <memory>
#include <string>
#include <string_view>

#include "avro/program.h"
#include "base/bytes.h"
#include "base/result.h"

namespace sluice::avro {

// Appends the JSON of the value at the front of `bytes`, and takes it off. Bytes of a string that are no UTF-8 become
// U+FFFD. Errors: corrupt; over a limit (limit.h), `room` bytes of JSON among them. Then `out` holds a part.
[[nodiscard]] Result<void> to_json(const Program& program, ByteView& bytes, std::string& out, DecodeLimits limits = {},
                                   std::size_t room = std::size_t{1} << 30);

// For many values of one schema: what it has to look up by name is looked up once. Not to be shared between threads.
class JsonEncoder {
 public:
  explicit JsonEncoder(Schema schema, int depth = 200);
  ~JsonEncoder();

  // Appends the bytes of a value: a collection that is not empty as one block, map entries in the order of the text.
  // Fields of a record may come in any order, and with others. Errors: rejected, with the path of what does not fit; or
  // over the limit of depth. Then `out` is as it was.
  [[nodiscard]] Result<void> encode(std::string_view json, Bytes& out);

 private:
  class State;
  std::unique_ptr<State> state_;
};

// One value, once.
[[nodiscard]] Result<void> from_json(const Schema& schema, std::string_view json, Bytes& out);

}  // namespace sluice::avro
