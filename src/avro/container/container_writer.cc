#include "avro/container/container_writer.h"

#include <algorithm>

#include "base/uuid.h"

namespace sluice::avro {
namespace {

constexpr std::size_t kSyncBytes = 16;

void append_entry(ByteWriter& out, std::string_view key, ByteView value) {
  for (const auto part : {key, value}) {
    out.zigzag(static_cast<std::int64_t>(part.size()));
    out.raw(part);
  }
}

Bytes random_sync() {
  const auto random = Uuid::random();
  return {reinterpret_cast<const char*>(random.bytes.data()), random.bytes.size()};
}

Result<void> check(const ContainerWriterOptions& options) {
  if (!options.sync.empty() && options.sync.size() != kSyncBytes) {
    return Error{.code = ErrorCode::rejected, .message = "a sync marker has 16 bytes, not " + std::to_string(options.sync.size())};
  }
  for (const auto& [key, value] : options.metadata) {
    if (key.starts_with("avro.")) return Error{.code = ErrorCode::rejected, .message = "the metadata's key \"" + key + "\" is Avro's own"};
  }
  return {};
}

}  // namespace

ContainerWriter::ContainerWriter(ByteSink& sink, std::unique_ptr<Codec> codec, const ContainerWriterOptions& options)
    : sink_(&sink),
      codec_(std::move(codec)),
      block_bytes_(options.block_bytes),
      block_rows_(options.block_rows),
      sync_(options.sync.empty() ? random_sync() : options.sync) {}

Result<ContainerWriter> ContainerWriter::begin(ByteSink& sink, std::string_view schema, const ContainerWriterOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(options));
  SLUICE_TRY(auto codec, Codec::create(options.codec));
  ContainerWriter writer(sink, std::move(codec), options);
  Bytes header("Obj\x01");
  ByteWriter out(header);
  out.zigzag(static_cast<std::int64_t>(options.metadata.size() + 2));  // one block of a map
  append_entry(out, "avro.schema", schema);
  append_entry(out, "avro.codec", options.codec);
  for (const auto& [key, value] : options.metadata) append_entry(out, key, value);
  out.zigzag(0);
  out.raw(writer.sync_);
  SLUICE_RETURN_IF_ERROR(sink.write(header));
  return writer;
}

Result<void> ContainerWriter::append(ByteView row) {
  block_.append(row);
  ++rows_;
  return block_.size() >= block_bytes_ || rows_ >= block_rows_ ? flush() : Result<void>{};
}

Result<void> ContainerWriter::flush() {
  if (rows_ == 0) return {};
  compressed_.clear();
  SLUICE_RETURN_IF_ERROR(codec_->compress(block_, compressed_));
  framed_.clear();
  ByteWriter out(framed_);
  out.zigzag(rows_);
  out.zigzag(static_cast<std::int64_t>(compressed_.size()));
  out.raw(compressed_);
  out.raw(sync_);
  block_.clear();
  rows_ = 0;
  const bool huge = block_.capacity() > 4 * std::max<std::size_t>(block_bytes_, 4096);  // after a huge row
  const auto written = sink_->write(framed_);
  if (huge) {
    block_.shrink_to_fit();
    compressed_ = Bytes();
    framed_ = Bytes();
  }
  return written;
}

}  // namespace sluice::avro
