#include "cli/avro/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/report.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;

}  // namespace

Result<Input> Input::open(const std::string& path) {
  if (path == "-") return Input(STDIN_FILENO, "standard input");
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return wrong_usage(path + ": " + std::strerror(errno));
  struct stat found{};
  if (::fstat(descriptor, &found) == 0 && S_ISDIR(found.st_mode)) {
    ::close(descriptor);
    return wrong_usage(path + ": is a folder");
  }
  return Input(descriptor, path);
}

Input::Input(Input&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      source_(std::move(other.source_)) {}

Input::~Input() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

bool Input::waiting() const {
  pollfd asked{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) != 0;
}

Result<std::string> read_text(const std::string& path) {
  SLUICE_TRY(auto input, Input::open(path));
  std::string text;
  while (text.size() <= kMaxTextBytes) {
    SLUICE_TRY(const auto count, input.source().read(kPieceBytes, text));
    if (count == 0) return text;
  }
  return wrong_usage(input.name() + ": over 64 MiB");
}

Result<bool> LineReader::read_more() {
  if (!input_.waiting()) idle_();
  SLUICE_TRY(const auto count, input_.source().read(kPieceBytes, buffer_));
  return count > 0;
}

// Bytes that are done with go when they are the larger half, and a buffer that a long line made large goes with them.
void LineReader::take(std::size_t size) {
  at_ += size;
  searched_ = at_;
  if (at_ < buffer_.size() - at_) return;
  buffer_.erase(0, at_);
  at_ = searched_ = 0;
  if (buffer_.capacity() > 64 * kPieceBytes && buffer_.size() < kPieceBytes) buffer_.shrink_to_fit();
}

Result<void> LineReader::drop_rest() {
  while (true) {
    if (const auto end = buffer_.find('\n', at_ + max_); end != Bytes::npos) {
      taken_ = end + 1 - at_;
      return {};
    }
    buffer_.resize(at_ + max_);
    SLUICE_TRY(const auto more, read_more());
    if (!more) return {};
  }
}

Result<std::optional<Line>> LineReader::next() {
  take(std::exchange(taken_, 0));
  while (true) {
    const auto end = buffer_.find('\n', searched_);
    if (end != Bytes::npos && end - at_ <= max_) {
      taken_ = end + 1 - at_;
      return std::optional(Line{std::string_view(buffer_).substr(at_, end - at_)});
    }
    searched_ = buffer_.size();
    if (buffer_.size() - at_ > max_) {
      taken_ = max_;
      SLUICE_RETURN_IF_ERROR(drop_rest());
      return std::optional(Line{std::string_view(buffer_).substr(at_, max_), true});
    }
    SLUICE_TRY(const auto more, read_more());
    if (more) continue;
    taken_ = buffer_.size() - at_;
    if (taken_ == 0) return std::optional<Line>();
    return std::optional(Line{std::string_view(buffer_).substr(at_)});
  }
}

}  // namespace sluice::cli
