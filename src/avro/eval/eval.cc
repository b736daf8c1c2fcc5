#include "avro/eval/eval.h"

#include <algorithm>
#include <array>
#include <exception>

#include "avro/eval/operations.h"
#include "avro/eval/request.h"

namespace sluice::avro::eval {
namespace {

struct Operation {
  std::string_view name;
  Result<void> (*run)(const Request&, std::string&);
};
constexpr auto kOperations = std::to_array<Operation>({
    {"parse", parse},
    {"canonical", canonical},
    {"compat", compat},
    {"encode", encode},
    {"decode", decode},
    {"resolve", resolve},
    {"read_file", read_file},
    {"write_file", write_file},
});
constexpr std::size_t kMaxMessageBytes = 2000;

Result<void> run(const Request& request, std::string& out) {
  SLUICE_TRY(const auto name, request.text("op"));
  const auto* found =
      std::find_if(kOperations.begin(), kOperations.end(), [&](const Operation& each) { return each.name == name; });
  if (found == kOperations.end())
    return refused(Code::bad_request, "there is no operation \"" + name.substr(0, 80) + "\"");
  return found->run(request, out);
}

// A library's exception, of memory most likely, ends no filter.
Result<void> guarded(const Request& request, std::string& out) {
  try {
    return run(request, out);
  } catch (const std::bad_alloc&) {
    return refused(Code::limit, "memory");
  } catch (const std::exception& error) {
    return refused(Code::internal, error.what());
  }
}

std::string begin(const Request& request, bool ok) {
  std::string out = "{";
  if (!request.id().empty()) out.append("\"id\":").append(request.id()).append(",");
  return out += ok ? "\"ok\":true" : "\"ok\":false";
}

std::string error_answer(const Request& request, const Error& error, std::string_view members) {
  auto out = begin(request, false) + ",\"error\":{\"code\":\"" +
             std::string(code_name(static_cast<Code>(error.reason))) + "\"";
  append_member(out, "message", std::string_view(error.message).substr(0, kMaxMessageBytes));
  return out.append("}").append(members).append("}");
}

}  // namespace

std::string answer(std::string_view line) {
  Request request;
  if (const auto read = request.read(line); !read.ok()) return error_answer(request, read.error(), "");
  std::string members;
  const auto done = guarded(request, members);
  if (!done.ok()) return error_answer(request, done.error(), members);
  return begin(request, true).append(members).append("}");
}

std::string answer_to_longer(std::string_view front) {
  Request request;
  static_cast<void>(request.read(front).ok());  // for the id
  return error_answer(request,
                      refused(Code::limit, "the line is longer than " + std::to_string(kMaxLineBytes) + " bytes"), "");
}

}  // namespace sluice::avro::eval
