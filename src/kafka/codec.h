#pragma once
// Decoder, encoder and printer: the three that walk a message's list of fields (field.h). Included by the .cc files
// that instantiate Codec<M> only; callers include message.h.
//
//   1. A struct's regular fields come first, in the list's order, each if the version has it.
//   2. A flexible version ends every struct with its tagged fields: how many, then tag, size and body of each, by
//      rising tag. An encoder leaves out those that have their default; a decoder skips those it does not know.
//   3. Lengths are 16 bits (strings) or 32 bits (bytes, arrays) with -1 for null; in flexible versions a varint of
//      length + 1, with 0 for null.

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/uuid.h"
#include "kafka/message.h"

namespace sluice::kafka {

namespace codec_detail {
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

struct AnyVisitor {
  void operator()(const char*, auto, Field = {}) {}
  void bytes(const char*, auto, Field = {}) {}
};
template <typename T>
concept Structure = requires(AnyVisitor& v) { T::fields(v); };
template <typename T>
concept Number = std::integral<T> || std::floating_point<T> || std::is_enum_v<T>;

// The integer of the same size, for reading and writing numbers of any kind.
template <typename T>
using Wire = std::conditional_t<
    sizeof(T) == 1, std::int8_t,
    std::conditional_t<sizeof(T) == 2, std::int16_t, std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>;

inline constexpr std::int32_t kRegular = -1;
}  // namespace codec_detail

class Decoder {
 public:
  Decoder(ByteReader& in, Version version, bool flexible) : in_(&in), version_(version), flexible_(flexible) {}

  [[nodiscard]] bool ok() const { return in_->ok(); }
  // What was being read when it failed, and why.
  [[nodiscard]] std::string failure() const {
    return std::string("field ") + field_ + ": " + (why_ == nullptr ? "the message ends before it" : why_);
  }

  template <codec_detail::Structure M>
  void read(M& message) {
    Fields<M> regular{*this, message, codec_detail::kRegular};
    M::fields(regular);
    if (flexible_) read_tagged(message);
  }

 private:
  template <typename M>
  struct Fields {
    Decoder& decoder;
    M& message;
    std::int32_t tag;  // kRegular, or the one tagged field to read

    template <typename T>
    void operator()(const char* name, T M::* member, Field field = {}) {
      if (wanted(name, field)) decoder.value(message.*member, field, false);
    }
    template <typename T>
    void bytes(const char* name, T M::* member, Field field = {}) {
      if (wanted(name, field)) decoder.value(message.*member, field, true);
    }
    [[nodiscard]] bool wanted(const char* name, const Field& field) {
      if (field.tag != tag || decoder.version_ < field.since || decoder.version_ > field.until) return false;
      if (!decoder.ok()) return false;
      decoder.field_ = name;
      return true;
    }
  };

  template <typename M>
  void read_tagged(M& message) {
    const auto count = in_->varint();
    for (std::uint64_t i = 0; i < count && ok(); ++i) {
      const auto tag = in_->varint();
      const auto size = in_->varint();
      ByteReader body{in_->view(size)};
      if (!ok() || tag > 1'000'000) continue;
      auto* outer = std::exchange(in_, &body);
      Fields<M> tagged{*this, message, static_cast<std::int32_t>(tag)};
      M::fields(tagged);
      in_ = outer;
      if (!body.ok()) fail("a tagged field ends before its value does");
    }
  }

  void fail(const char* why) {
    if (why_ == nullptr && in_->ok()) why_ = why;
    in_->fail();
  }

  // -1 for null.
  std::int64_t length(bool wide) {
    if (flexible_) {
      const auto raw = in_->varint();
      if (raw > std::uint64_t{1} << 32) fail("its length is out of range");
      return ok() ? static_cast<std::int64_t>(raw) - 1 : 0;
    }
    const std::int64_t raw = wide ? in_->i32() : in_->i16();
    if (raw < -1) fail("its length is negative");
    return ok() ? raw : 0;
  }

  [[nodiscard]] bool not_null(std::int64_t length) {
    if (length < 0) fail("null where there must be a value");
    return ok();
  }

  template <typename T>
  void value(T& out, const Field& field, bool as_bytes) {
    if constexpr (codec_detail::IsOptional<T>::value) {
      optional(out, field, as_bytes);
    } else if constexpr (codec_detail::Structure<T>) {
      read(out);
    } else if constexpr (codec_detail::Number<T>) {
      number(out);
    } else if constexpr (std::same_as<T, Uuid>) {
      const auto raw = in_->view(out.bytes.size());
      if (ok()) std::copy(raw.begin(), raw.end(), out.bytes.begin());
    } else {
      const auto size = length(as_bytes || !std::same_as<T, std::string>);
      if (not_null(size)) sized(out, static_cast<std::size_t>(size));
    }
  }

  template <typename T>
  void optional(std::optional<T>& out, const Field& field, bool as_bytes) {
    bool null = false;
    std::int64_t size = 0;
    if constexpr (codec_detail::Structure<T>) {
      null = in_->i8() < 0;
    } else {
      size = length(as_bytes || !std::same_as<T, std::string>);
      null = size < 0;
    }
    if (null && version_ < field.null_since) fail("null is not allowed in this version");
    if (!ok()) return;
    if (null) {
      out.reset();
      return;
    }
    out.emplace();
    if constexpr (codec_detail::Structure<T>) {
      read(*out);
    } else {
      sized(*out, static_cast<std::size_t>(size));
    }
  }

  template <typename T>
  void number(T& out) {
    using Wire = codec_detail::Wire<T>;
    Wire raw{};
    if constexpr (sizeof(T) == 1) raw = in_->i8();
    if constexpr (sizeof(T) == 2) raw = in_->i16();
    if constexpr (sizeof(T) == 4) raw = in_->i32();
    if constexpr (sizeof(T) == 8) raw = in_->i64();
    if constexpr (std::floating_point<T>) {
      std::memcpy(&out, &raw, sizeof out);
    } else if constexpr (std::same_as<T, bool>) {
      out = raw != 0;
    } else {
      out = static_cast<T>(raw);
    }
  }

  void sized(std::string& out, std::size_t size) { out.assign(in_->view(size)); }
  void sized(Records& out, std::size_t size) { out.bytes = in_->view(size); }
  template <typename T>
  void sized(std::vector<T>& out, std::size_t count) {
    // Every element takes a byte or more; numbers take their size.
    constexpr std::size_t kWireBytes = codec_detail::Number<T> ? sizeof(T) : 1;
    if (count > in_->remaining() / kWireBytes) return fail("it claims more elements than there are bytes");
    if (count > (kMaxDecodedBytes - claimed_) / sizeof(T)) return fail("it claims too much memory");
    claimed_ += count * sizeof(T);
    out.clear();
    out.reserve(codec_detail::Number<T> ? count : std::min<std::size_t>(count, 64));
    for (std::size_t i = 0; i < count && ok(); ++i) value(out.emplace_back(), Field{}, false);
  }

  ByteReader* in_;
  Version version_;
  bool flexible_;
  std::size_t claimed_ = 0;
  const char* field_ = "";
  const char* why_ = nullptr;
};

class Encoder {
 public:
  Encoder(Bytes& out, Version version, bool flexible, std::vector<Cut>* cuts)
      : out_(out), version_(version), flexible_(flexible), cuts_(cuts) {}

  // The field that does not fit, or null.
  [[nodiscard]] const char* too_long() const { return too_long_; }

  template <codec_detail::Structure M>
  void write(const M& message) {
    Fields<M> regular{*this, message, codec_detail::kRegular};
    M::fields(regular);
    if (!flexible_) return;
    out_.varint(static_cast<std::uint64_t>(regular.tagged));
    int left = regular.tagged;
    for (std::int32_t tag = 0; left > 0; ++tag) {
      Fields<M> tagged{*this, message, tag};
      M::fields(tagged);
      left -= tagged.tagged;
    }
  }

 private:
  template <typename M>
  struct Fields {
    Encoder& encoder;
    const M& message;
    std::int32_t tag;  // kRegular, or the one tagged field to write
    int tagged = 0;    // kRegular: tagged fields there are to write; otherwise: that were written

    template <typename T>
    void operator()(const char* name, T M::* member, Field field = {}) {
      visit(name, member, field, false);
    }
    template <typename T>
    void bytes(const char* name, T M::* member, Field field = {}) {
      visit(name, member, field, true);
    }
    template <typename T>
    void visit(const char* name, T M::* member, const Field& field, bool as_bytes) {
      if (encoder.version_ < field.since || encoder.version_ > field.until) return;
      if (field.tag < 0) {
        if (tag == codec_detail::kRegular) encoder.value(name, message.*member, field, as_bytes);
        return;
      }
      static const M kDefault{};
      if ((tag != codec_detail::kRegular && tag != field.tag) || message.*member == kDefault.*member) return;
      ++tagged;
      if (tag != codec_detail::kRegular) encoder.tagged_value(name, message.*member, field, as_bytes);
    }
  };

  template <typename T>
  void tagged_value(const char* name, const T& in, const Field& field, bool as_bytes) {
    Bytes body;
    Encoder inner{body, version_, flexible_, nullptr};
    inner.value(name, in, field, as_bytes);
    if (inner.too_long_ != nullptr) too_long_ = inner.too_long_;
    out_.varint(static_cast<std::uint64_t>(field.tag));
    out_.varint(body.size());
    out_.raw(body);
  }

  void length(const char* name, std::uint64_t size, bool wide) {
    const std::uint64_t limit =
        flexible_ || wide ? std::numeric_limits<std::int32_t>::max() - 1 : std::numeric_limits<std::int16_t>::max();
    if (size > limit) too_long_ = name;
    if (flexible_) {
      out_.varint(size + 1);
    } else if (wide) {
      out_.i32(static_cast<std::int32_t>(size));
    } else {
      out_.i16(static_cast<std::int16_t>(size));
    }
  }
  void null(bool wide) {
    if (flexible_) {
      out_.varint(0);
    } else if (wide) {
      out_.i32(-1);
    } else {
      out_.i16(-1);
    }
  }

  template <typename T>
  void value(const char* name, const T& in, const Field& field, bool as_bytes) {
    constexpr bool kString = std::same_as<T, std::string> || std::same_as<T, std::optional<std::string>>;
    const bool wide = as_bytes || !kString;
    if constexpr (codec_detail::IsOptional<T>::value) {
      optional(name, in, field, wide);
    } else if constexpr (codec_detail::Structure<T>) {
      write(in);
    } else if constexpr (codec_detail::Number<T>) {
      number(in);
    } else if constexpr (std::same_as<T, Uuid>) {
      out_.raw({reinterpret_cast<const char*>(in.bytes.data()), in.bytes.size()});
    } else {
      sized(name, in, wide);
    }
  }

  template <typename T>
  void optional(const char* name, const std::optional<T>& in, const Field& field, bool wide) {
    if constexpr (codec_detail::Structure<T>) {
      out_.i8(in.has_value() ? 1 : -1);
      if (in.has_value()) write(*in);
    } else if (in.has_value()) {
      sized(name, *in, wide);
    } else if (version_ >= field.null_since) {
      null(wide);
    } else {
      length(name, 0, wide);
    }
  }

  template <typename T>
  void number(T in) {
    codec_detail::Wire<T> raw{};
    if constexpr (std::floating_point<T>) {
      std::memcpy(&raw, &in, sizeof raw);
    } else {
      raw = static_cast<codec_detail::Wire<T>>(in);
    }
    if constexpr (sizeof(T) == 1) out_.i8(raw);
    if constexpr (sizeof(T) == 2) out_.i16(raw);
    if constexpr (sizeof(T) == 4) out_.i32(raw);
    if constexpr (sizeof(T) == 8) out_.i64(raw);
  }

  void sized(const char* name, const std::string& in, bool wide) {
    length(name, in.size(), wide);
    out_.raw(in);
  }
  void sized(const char* name, const Records& in, bool wide) {
    if (in.external_bytes == 0) {
      length(name, in.bytes.size(), wide);
      out_.raw(in.bytes);
      return;
    }
    SLUICE_CHECK(cuts_ != nullptr && in.bytes.empty());
    length(name, in.external_bytes, wide);
    cuts_->push_back({out_.size(), in.external_bytes});
  }
  template <typename T>
  void sized(const char* name, const std::vector<T>& in, bool wide) {
    length(name, in.size(), wide);
    for (const auto& element : in) value(name, element, Field{}, false);
  }

  ByteWriter out_;
  Version version_;
  bool flexible_;
  std::vector<Cut>* cuts_;
  const char* too_long_ = nullptr;
};

// Writes a message as JSON, for `sluice dump` and for test failures.
class Printer {
 public:
  explicit Printer(Version version) : version_(version) {}
  [[nodiscard]] std::string take() { return std::move(out_); }

  template <codec_detail::Structure M>
  void print(const M& message) {
    out_ += '{';
    Fields<M> fields{*this, message};
    M::fields(fields);
    out_ += '}';
  }

 private:
  template <typename M>
  struct Fields {
    Printer& printer;
    const M& message;
    bool first = true;

    template <typename T>
    void operator()(const char* name, T M::* member, Field field = {}) {
      if (!starts(name, field)) return;
      printer.value(message.*member);
    }
    template <typename T>
    void bytes(const char* name, T M::* member, Field field = {}) {
      if (!starts(name, field)) return;
      if constexpr (codec_detail::IsOptional<T>::value) {
        (message.*member).has_value() ? printer.size_of((message.*member)->size()) : printer.text("null");
      } else {
        printer.size_of((message.*member).size());
      }
    }
    bool starts(const char* name, const Field& field) {
      if (printer.version_ < field.since || printer.version_ > field.until) return false;
      if (!std::exchange(first, false)) printer.text(",");
      printer.quote(name);
      printer.text(":");
      return true;
    }
  };

  void text(std::string_view raw) { out_ += raw; }
  void quote(std::string_view raw);
  void size_of(std::uint64_t size) { out_ += "\"" + std::to_string(size) + " bytes\""; }

  template <typename T>
  void value(const T& in) {
    if constexpr (codec_detail::IsOptional<T>::value) {
      in.has_value() ? value(*in) : text("null");
    } else if constexpr (codec_detail::IsVector<T>::value) {
      out_ += '[';
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (i > 0) out_ += ',';
        value(in[i]);
      }
      out_ += ']';
    } else if constexpr (codec_detail::Structure<T>) {
      print(in);
    } else if constexpr (std::same_as<T, bool>) {
      text(in ? "true" : "false");
    } else if constexpr (std::is_enum_v<T>) {
      out_ += std::to_string(static_cast<std::int64_t>(in));
    } else if constexpr (codec_detail::Number<T>) {
      out_ += std::to_string(in);
    } else if constexpr (std::same_as<T, Uuid>) {
      quote(in.text());
    } else if constexpr (std::same_as<T, Records>) {
      size_of(in.bytes.size() + in.external_bytes);
    } else {
      quote(in);
    }
  }

  std::string out_;
  Version version_;
};

[[nodiscard]] Error unsupported_version(const char* what, Version version, VersionRange range);
[[nodiscard]] Error undecodable(const char* what, Version version, const std::string& failure);
[[nodiscard]] Error unencodable(const char* what, Version version, const char* field);

template <typename M>
Result<M> Codec<M>::decode(ByteReader& in, Version version) {
  if (!M::kVersions.contains(version)) return unsupported_version(M::kName, version, M::kVersions);
  Decoder decoder{in, version, version >= M::kFlexible};
  M message;
  decoder.read(message);
  if (!decoder.ok()) return undecodable(M::kName, version, decoder.failure());
  return message;
}

template <typename M>
Result<void> Codec<M>::encode(const M& message, Version version, Bytes& out, std::vector<Cut>* cuts) {
  if (!M::kVersions.contains(version)) return unsupported_version(M::kName, version, M::kVersions);
  const auto before = out.size();
  Encoder encoder{out, version, version >= M::kFlexible, cuts};
  encoder.write(message);
  if (encoder.too_long() == nullptr) return {};
  out.resize(before);
  return unencodable(M::kName, version, encoder.too_long());
}

template <typename M>
std::string Codec<M>::json(const M& message, Version version) {
  Printer printer{version};
  printer.print(message);
  return printer.take();
}

}  // namespace sluice::kafka
