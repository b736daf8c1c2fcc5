#include "avro/resolution.h"

#include <algorithm>

#include "avro/resolution_code.h"
#include "avro/resolution_plan.h"
#include "avro/resolution_run.h"

namespace sluice::avro {
namespace resolution {
namespace {

constexpr std::size_t kFirstRoom = 4096;

// Its bytes are not set: they will be.
void resize(Bytes& out, std::size_t size) {
  out.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

}  // namespace

Output::Output(Bytes& out, std::size_t room, std::size_t limit) : out_(out), before_(out.size()), limit_(limit) {
  resize(out, before_ + std::min({room, kFirstRoom, limit}) + kPadding);
  at_ = out.data() + before_;
  end_ = out.data() + out.size();
}

void Output::copy(const char* from, std::size_t size) {
  if (size > left() && !grow(size)) return;
  std::memcpy(at_, from, size);
  at_ += size;
}

bool Output::grow(std::size_t size) {
  const auto used = static_cast<std::size_t>(at_ - out_.data());
  const auto needed = used - before_ + size;
  if (needed > limit_) {
    full_ = true;
    return false;
  }
  const auto twice = 2 * (out_.size() - before_);
  resize(out_, before_ + std::max(needed, std::min(twice, limit_)) + kPadding);
  at_ = out_.data() + used;
  end_ = out_.data() + out_.size();
  return true;
}

void Output::finish() { resize(out_, static_cast<std::size_t>(at_ - out_.data())); }
void Output::drop() { resize(out_, before_); }

}  // namespace resolution

Result<Resolution> Resolution::compile(const Schema& writer, const Schema& reader, Misfits misfits) {
  SLUICE_TRY(const auto plan, resolution::make_plan(writer.root(), reader.root(), misfits));
  return Resolution(std::make_shared<const resolution::Code>(resolution::make_code(plan)));
}

bool Resolution::is_identity() const { return code_->identity; }

Result<void> Resolution::resolve_front(ByteView& bytes, Bytes& out, const ResolveLimits& limits) const {
  resolution::Output output(out, bytes.size(), limits.output_bytes);
  resolution::Run run(*code_, bytes, output, limits);
  if (!run.datum()) {
    output.drop();
    return run.error();
  }
  output.finish();
  bytes = run.rest();
  return {};
}

Result<void> Resolution::resolve(ByteView datum, Bytes& out, const ResolveLimits& limits) const {
  const auto before = out.size();
  SLUICE_RETURN_IF_ERROR(resolve_front(datum, out, limits));
  if (datum.empty()) return {};
  out.resize(before);
  return Error{ErrorCode::corrupt, "the bytes are no datum of the writer's schema: it has " + std::to_string(datum.size()) + " bytes too many"};
}

}  // namespace sluice::avro
