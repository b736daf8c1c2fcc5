#include "avro/encoder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::avro {
namespace {

constexpr std::size_t kFirstRoom = 4096;

void resize(Bytes& out, std::size_t size) {
  out.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

}  // namespace

// NOLINTNEXTLINE: frames_ are set when they are pushed.
Encoder::Encoder(const Program& program, Bytes& out) : program_(program), out_(out), start_(out.size()) {
  to_ = limit_ = out_.data() + start_;
  start();
}

void Encoder::start() {
  depth_ = 0;
  at_ = &program_.root();
  next_ = at_ + 1;
}

void Encoder::grow(std::size_t size) {
  const auto used = written();
  resize(out_, used + size <= out_.capacity() ? out_.capacity() : std::max({used + size, 2 * out_.capacity(), kFirstRoom}));
  to_ = out_.data() + used;
  limit_ = out_.data() + out_.size();
}

void Encoder::cut(std::size_t size) {
  resize(out_, size);
  to_ = limit_ = out_.data() + size;
}

void Encoder::rewind() {
  SLUICE_CHECK(written() == start_);  // not within a datum
  start_ = 0;
  to_ = out_.data();
}

Result<ByteView> Encoder::finish() {
  if (refused_ == nullptr && at_ != &program_.root() + 1) refuse("the end of the datum");
  start();
  if (refused_ == nullptr) {
    const auto begin = std::exchange(start_, written());
    return ByteView(out_.data() + begin, start_ - begin);
  }
  auto error = this->error();
  to_ = out_.data() + start_;
  refused_ = nullptr;
  return error;
}

// The count is known at the end: there is room for one of one byte, which is what most take.
void Encoder::begin_items(Type type, const char* what) {
  if (!expect(type, what) || !push()) return;
  auto& frame = frames_[depth_ - 1];
  static_cast<void>(room(1));
  frame.count_at = written();
  ++to_;
  at_ = program_.child(*frame.of, 0) + 1;
}

bool Encoder::begin_item(Type type, const char* what) {
  if (!at_end_of(type)) {
    refuse(what);
    return false;
  }
  auto& frame = frames_[depth_ - 1];
  ++frame.count;
  at_ = program_.child(*frame.of, 0);
  next_ = at_ + 1;
  return true;
}

void Encoder::end_items(Type type, const char* what) {
  if (!at_end_of(type)) return refuse(what);
  const auto& frame = frames_[depth_ - 1];
  if (frame.count == 0) {
    out_[frame.count_at] = 0;
    return pop();
  }
  const auto count = frame.count << 1;
  const auto size = static_cast<std::size_t>(varint_size(count));
  static_cast<void>(room(size));  // one more in all: the 0 that ends the block
  char* place = out_.data() + frame.count_at;
  if (size > 1) std::memmove(place + size, place + 1, static_cast<std::size_t>(to_ - place) - 1);
  put_varint(place, count);
  to_ += size - 1;
  *to_++ = 0;
  pop();
}

void Encoder::refuse(const char* what) {
  if (refused_ != nullptr) return;
  refused_ = what;
  refused_at_ = path();
  depth_ = 0;
  at_ = &program_.root() + 1;  // nothing is expected any more
}

std::string Encoder::path() const {
  std::string out;
  for (std::size_t i = 0; i < depth_; ++i) {
    const auto& frame = frames_[i];
    if (frame.of->type == Type::record) {
      // What is at hand there: before the one that comes next.
      const auto* next = i + 1 < depth_ ? frames_[i + 1].next : next_;
      const auto field = static_cast<std::size_t>(next - program_.child(*frame.of, 0)) - 1;
      out += field < frame.of->children ? "/" + frame.of->node->fields[field].name : "";
    } else {
      out += "/" + std::to_string(frame.count == 0 ? 0 : frame.count - 1);
    }
  }
  return out.empty() ? "/" : out;
}

Error Encoder::error() const {
  return {ErrorCode::rejected, "a value does not fit the schema, at " + refused_at_ + ": " + refused_ + " does not go here"};
}

}  // namespace sluice::avro
