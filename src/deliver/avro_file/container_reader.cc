#include "deliver/avro_file/container_reader.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace sluice::deliver::avro_file {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxHeaderBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxBlockBytes = std::size_t{512} << 20;  // as stored, and inflated
constexpr std::size_t kSyncBytes = 16;

// Raw deflate of one block. False: damaged, or over the limit.
bool inflate_block(ByteView data, Bytes& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  out.resize(std::max<std::size_t>(data.size() * 4, 4096));
  int status = Z_OK;
  while (status == Z_OK) {
    if (stream.total_out == out.size()) {
      if (out.size() >= kMaxBlockBytes) break;
      out.resize(out.size() * 2);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
    stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
    const auto room = stream.avail_out;
    status = ::inflate(&stream, Z_NO_FLUSH);
    if (status == Z_OK && stream.avail_in == 0 && stream.avail_out == room) break;  // it stops short of its end
    if (status == Z_BUF_ERROR && stream.avail_out == 0) status = Z_OK;
  }
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return status == Z_STREAM_END;
}

bool inflate_zstd(ByteView data, Bytes& out) {
  out.clear();
  auto* stream = ZSTD_createDStream();
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  std::size_t status = 1;
  Bytes piece(ZSTD_DStreamOutSize(), '\0');
  while (status != 0 && ZSTD_isError(status) == 0 && out.size() <= kMaxBlockBytes) {
    ZSTD_outBuffer to{piece.data(), piece.size(), 0};
    status = ZSTD_decompressStream(stream, &to, &in);
    out.append(piece.data(), to.pos);
    if (to.pos == 0 && in.pos == in.size && status != 0) break;  // it stops short of its end
  }
  ZSTD_freeDStream(stream);
  return status == 0 && in.pos == in.size;
}

}  // namespace

Error ContainerReader::corrupt(const std::string& why) const {
  return {.code = ErrorCode::corrupt, .message = name_ + ", byte " + std::to_string(position_) + ": " + why};
}

Result<ContainerReader> ContainerReader::open(pipeline::Store& store, std::string name) {
  ContainerReader reader(store, std::move(name));
  SLUICE_RETURN_IF_ERROR(reader.read_header());
  return reader;
}

Result<void> ContainerReader::fill(std::size_t size) {
  while (buffer_.size() - at_ < size && !at_end_) {
    if (at_ > 0) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    const auto want = std::max(kReadBytes, size - buffer_.size());
    SLUICE_TRY(const auto more, store_->read(name_, position_ + buffer_.size(), want));
    at_end_ = more.size() < want;
    buffer_.append(more);
  }
  return {};
}

void ContainerReader::take(std::size_t size) {
  at_ += size;
  position_ += size;
}

Result<void> ContainerReader::set_codec(std::string_view codec) {
  if (codec.empty() || codec == "null") {
    codec_ = Codec::null;
  } else if (codec == "deflate") {
    codec_ = Codec::deflate;
  } else if (codec == "zstandard") {
    codec_ = Codec::zstandard;
  } else {
    return Error{.code = ErrorCode::unsupported, .message = name_ + " has codec " + std::string(codec)};
  }
  return {};
}

Result<void> ContainerReader::read_header() {
  SLUICE_RETURN_IF_ERROR(fill(kMaxHeaderBytes));
  ByteReader in(unread());
  if (in.view(4) != ByteView("Obj\x01")) return corrupt("it is no Avro container file");
  std::string codec;
  while (true) {
    auto count = in.zigzag();
    if (!in.ok()) return corrupt("its header is cut off");
    if (count == 0) break;
    if (count < 0) {
      count = count == INT64_MIN ? 0 : -count;
      static_cast<void>(in.zigzag());
    }
    for (; count > 0 && in.ok(); --count) {
      const auto key = in.view(static_cast<std::size_t>(in.zigzag()));
      const auto value = in.view(static_cast<std::size_t>(in.zigzag()));
      if (key == "avro.schema") schema_ = value;
      if (key == "avro.codec") codec = value;
    }
  }
  sync_ = in.view(kSyncBytes);
  if (!in.ok()) return corrupt("its header is cut off");
  SLUICE_RETURN_IF_ERROR(set_codec(codec));
  take(unread().size() - in.remaining());
  return {};
}

Result<ByteView> ContainerReader::inflate(ByteView data) {
  if (codec_ == Codec::null) return data;
  const bool whole = codec_ == Codec::deflate ? inflate_block(data, inflated_) : inflate_zstd(data, inflated_);
  if (!whole) return corrupt("a block does not inflate");
  return ByteView(inflated_);
}

Result<pipeline::RowFileReader::Rows> ContainerReader::next() {
  SLUICE_RETURN_IF_ERROR(fill(20));
  if (unread().empty()) return Rows{};
  ByteReader in(unread());
  const auto rows = in.zigzag();
  const auto size = in.zigzag();
  if (!in.ok() || rows <= 0 || size < 0 || static_cast<std::size_t>(size) > kMaxBlockBytes) {
    return corrupt("no block begins here");
  }
  const auto head = unread().size() - in.remaining();
  const auto total = head + static_cast<std::size_t>(size) + kSyncBytes;
  SLUICE_RETURN_IF_ERROR(fill(total));
  if (unread().size() < total) return corrupt("a block is cut off");
  if (unread().substr(total - kSyncBytes, kSyncBytes) != sync_) return corrupt("a block does not end in the sync marker");
  const auto data = unread().substr(head, static_cast<std::size_t>(size));
  take(total);  // moves no byte
  SLUICE_TRY(const auto bytes, inflate(data));
  return Rows{rows, bytes};
}

}  // namespace sluice::deliver::avro_file
