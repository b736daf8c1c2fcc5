#include <boost/json.hpp>

#include "registry/rest/handlers.h"
#include "registry/subject_name.h"

namespace sluice::registry::handlers {
namespace json = boost::json;

namespace {

// "/config" is of all, or of the context of the path.
std::string scope_of(const Call& call) { return call.size() > 1 ? call.scope(1) : call.context(); }

Result<void> check_scope(const std::string& scope) {
  const auto name = SubjectName::parse(scope).subject;
  if (name.empty() || valid_subject(scope)) return {};
  return failed(Code::invalid_subject, "'" + scope + "' is no name for a subject");
}

// A request is answered with itself.
json::object echo(const Config& given) {
  json::object out;
  for (auto& member : given.json(false))
    out[member.key() == "compatibilityLevel" ? "compatibility" : member.key()] = member.value();
  return out;
}

}  // namespace

io::HttpResponse get_config(const Call& call) {
  const auto scope = scope_of(call);
  if (call.flag("defaultToGlobal")) return call.answer(call.registry().config_in_scope(scope).json(false));
  const auto config = call.registry().config(scope);
  return config.ok() ? call.answer(config->json(false)) : failure(config.error());
}

io::HttpResponse put_config(const Call& call) {
  const auto put = [&]() -> Result<json::object> {
    SLUICE_TRY(const auto body, call.body());
    SLUICE_RETURN_IF_ERROR(check_scope(scope_of(call)));
    SLUICE_TRY(const auto given, Config::parse(body));
    SLUICE_RETURN_IF_ERROR(
        call.registry().update_config(scope_of(call), [&](const Config& there) { return there.updated_by(body); }));
    return echo(given);
  };
  const auto done = put();
  return done.ok() ? call.answer(*done) : failure(done.error());
}

io::HttpResponse delete_config(const Call& call) {
  const auto dropped = call.registry().drop_config(scope_of(call));
  return dropped.ok() ? call.answer(dropped->json(false)) : failure(dropped.error());
}

io::HttpResponse get_mode(const Call& call) {
  const auto scope = scope_of(call);
  if (call.flag("defaultToGlobal")) return call.answer(json::object{{"mode", call.registry().mode_in_scope(scope)}});
  const auto mode = call.registry().mode(scope);
  return mode.ok() ? call.answer(json::object{{"mode", *mode}}) : failure(mode.error());
}

io::HttpResponse put_mode(const Call& call) {
  const auto put = [&]() -> Result<std::string> {
    SLUICE_TRY(const auto body, call.body());
    SLUICE_RETURN_IF_ERROR(check_scope(scope_of(call)));
    const auto* wanted = body.if_contains("mode");
    auto mode =
        wanted != nullptr && wanted->is_string() ? upper(std::string_view(wanted->get_string())) : std::string();
    if (!is_mode(mode)) {
      return failed(Code::invalid_mode,
                    "there is no such mode; one of READWRITE, READONLY, READONLY_OVERRIDE, IMPORT, FORWARD");
    }
    const Registry::ModeOptions options{.force = call.flag("force"), .recursive = call.flag("recursive")};
    SLUICE_RETURN_IF_ERROR(call.registry().set_mode(scope_of(call), mode, options));
    return mode;
  };
  const auto mode = put();
  return mode.ok() ? call.answer(json::object{{"mode", *mode}}) : failure(mode.error());
}

io::HttpResponse delete_mode(const Call& call) {
  const auto dropped = call.registry().drop_mode(scope_of(call), call.flag("recursive"));
  return dropped.ok() ? call.answer(json::object{{"mode", *dropped}}) : failure(dropped.error());
}

}  // namespace sluice::registry::handlers
