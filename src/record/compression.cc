#include "record/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace sluice::record {
namespace {

// snappy-java's stream framing: this magic, version 1 and compatible version 1, then blocks of (int32 length, raw snappy).
constexpr ByteView kXerialMagic{"\x82SNAPPY\0", 8};
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::size_t kXerialBlockBytes = 32 * 1024;

Error damaged(std::string_view codec) { return {ErrorCode::corrupt, std::string(codec) + " data in a record batch is damaged"}; }

Error too_large(std::size_t max_bytes) {
  return {ErrorCode::corrupt, "a compressed record batch inflates past " + std::to_string(max_bytes) + " bytes"};
}

void gzip(ByteView plain, Bytes& out) {
  z_stream stream{};
  SLUICE_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  const auto start = out.size();
  out.resize(start + deflateBound(&stream, plain.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + start);
  stream.avail_out = static_cast<uInt>(out.size() - start);
  SLUICE_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(start + stream.total_out);
  deflateEnd(&stream);
}

Result<Bytes> gunzip(ByteView packed, std::size_t max_bytes) {
  z_stream stream{};
  SLUICE_CHECK(inflateInit2(&stream, 15 + 32) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes out;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (out.size() >= max_bytes) return too_large(max_bytes);
    const auto have = out.size();
    out.resize(std::min(max_bytes, std::max<std::size_t>(have * 2, 4 * packed.size() + 256)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<uInt>(out.size() - have);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (status != Z_OK && status != Z_STREAM_END) return damaged("gzip");
    if (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) return damaged("gzip");
  }
  return out;
}

void snappy_frame(ByteView plain, Bytes& out) {
  ByteWriter writer(out);
  writer.raw(kXerialMagic);
  writer.i32(1);
  writer.i32(1);
  std::string block;
  for (std::size_t at = 0; at < plain.size(); at += kXerialBlockBytes) {
    const auto piece = plain.substr(at, kXerialBlockBytes);
    snappy::Compress(piece.data(), piece.size(), &block);
    writer.i32(static_cast<std::int32_t>(block.size()));
    writer.raw(block);
  }
}

Result<void> unsnappy_block(ByteView block, std::size_t max_bytes, Bytes& out) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) return damaged("snappy");
  if (size > max_bytes - out.size()) return too_large(max_bytes);
  const auto start = out.size();
  out.resize(start + size);
  if (!snappy::RawUncompress(block.data(), block.size(), out.data() + start)) return damaged("snappy");
  return {};
}

Result<Bytes> unsnappy(ByteView packed, std::size_t max_bytes) {
  Bytes out;
  if (!packed.starts_with(kXerialMagic)) {
    SLUICE_RETURN_IF_ERROR(unsnappy_block(packed, max_bytes, out));
    return out;
  }
  if (packed.size() < kXerialHeaderBytes) return damaged("snappy");
  ByteReader reader(packed.substr(kXerialHeaderBytes));
  while (!reader.at_end()) {
    const auto length = reader.i32();
    const auto block = reader.view(length < 0 ? std::size_t(-1) : static_cast<std::size_t>(length));
    if (!reader.ok()) return damaged("snappy");
    SLUICE_RETURN_IF_ERROR(unsnappy_block(block, max_bytes, out));
  }
  return out;
}

void lz4_frame(ByteView plain, Bytes& out) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // what Kafka's Java reader asks for
  const auto start = out.size();
  out.resize(start + LZ4F_compressFrameBound(plain.size(), &preferences));
  const auto size =
      LZ4F_compressFrame(out.data() + start, out.size() - start, plain.data(), plain.size(), &preferences);
  SLUICE_CHECK(LZ4F_isError(size) == 0U);
  out.resize(start + size);
}

Result<Bytes> unlz4(ByteView packed, std::size_t max_bytes) {
  LZ4F_dctx* raw = nullptr;
  SLUICE_CHECK(LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) == 0U);
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(raw, LZ4F_freeDecompressionContext);
  Bytes out;
  std::size_t hint = 1;
  while (hint != 0) {
    if (out.size() >= max_bytes) return too_large(max_bytes);
    const auto have = out.size();
    out.resize(std::min(max_bytes, std::max<std::size_t>(have * 2, 4 * packed.size() + 256)));
    std::size_t written = out.size() - have;
    std::size_t taken = packed.size();
    hint = LZ4F_decompress(context.get(), out.data() + have, &written, packed.data(), &taken, nullptr);
    out.resize(have + written);
    if (LZ4F_isError(hint) != 0U) return damaged("lz4");
    packed.remove_prefix(taken);
    if (hint != 0 && written == 0 && taken == 0) return damaged("lz4");
  }
  return out;
}

void zstd_frame(ByteView plain, Bytes& out) {
  const auto start = out.size();
  out.resize(start + ZSTD_compressBound(plain.size()));
  const auto size = ZSTD_compress(out.data() + start, out.size() - start, plain.data(), plain.size(), 3);
  SLUICE_CHECK(ZSTD_isError(size) == 0U);
  out.resize(start + size);
}

Result<Bytes> unzstd(ByteView packed, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  Bytes out;
  std::size_t left = 1;
  while (left != 0) {
    if (out.size() >= max_bytes) return too_large(max_bytes);
    const auto have = out.size();
    out.resize(std::min(max_bytes, std::max<std::size_t>(have * 2, 4 * packed.size() + 256)));
    ZSTD_outBuffer buffer{out.data() + have, out.size() - have, 0};
    left = ZSTD_decompressStream(context.get(), &buffer, &in);
    out.resize(have + buffer.pos);
    if (ZSTD_isError(left) != 0U) return damaged("zstd");
    if (left != 0 && in.pos == in.size && buffer.pos < buffer.size) return damaged("zstd");
  }
  return out;
}

}  // namespace

void compress(Compression codec, ByteView plain, Bytes& out) {
  switch (codec) {
    case Compression::none: break;
    case Compression::gzip: return gzip(plain, out);
    case Compression::snappy: return snappy_frame(plain, out);
    case Compression::lz4: return lz4_frame(plain, out);
    case Compression::zstd: return zstd_frame(plain, out);
  }
  SLUICE_CHECK(codec != Compression::none);
}

Result<Bytes> decompress(Compression codec, ByteView packed, std::size_t max_bytes) {
  switch (codec) {
    case Compression::none: return Bytes(packed);
    case Compression::gzip: return gunzip(packed, max_bytes);
    case Compression::snappy: return unsnappy(packed, max_bytes);
    case Compression::lz4: return unlz4(packed, max_bytes);
    case Compression::zstd: return unzstd(packed, max_bytes);
  }
  return Error{ErrorCode::unsupported, "unknown compression codec " + std::to_string(static_cast<int>(codec))};
}

}  // namespace sluice::record
