#include <algorithm>
#include <boost/json.hpp>

#include "registry/rest/handlers.h"
#include "registry/subject_name.h"

namespace sluice::registry::handlers {
namespace json = boost::json;

namespace {

io::HttpResponse verdict_answer(const Call& call, std::optional<std::int32_t> version) {
  const auto request = call.schema_body();
  if (!request.ok()) return failure(request.error());
  const bool verbose = call.flag("verbose");
  const auto verdict = call.registry().check(call.subject(2), *request, version);
  if (!verdict.ok()) {
    if (!verbose || code_of(verdict.error()) != Code::invalid_schema) return failure(verdict.error());
    return call.answer(json::object{{"is_compatible", false}, {"messages", json::array{verdict.error().message}}});
  }
  json::object out{{"is_compatible", verdict->compatible}};
  if (verbose) out["messages"] = json::array(verdict->messages.begin(), verdict->messages.end());
  return call.answer(out);
}

// The versions with an id, of the subject that is asked for, if one is: in whatever context it was found.
Result<std::vector<Version>> uses_asked(const Call& call) {
  SLUICE_TRY(const auto id, call.id(2));
  const auto asked = call.subject_asked();
  SLUICE_TRY(auto uses, call.registry().uses(id, asked, call.flag("deleted")));
  const auto subject = SubjectName::parse(asked).subject;
  std::erase_if(uses, [&](const Version& version) {
    return !subject.empty() && SubjectName::parse(version.subject).subject != subject;
  });
  return uses;
}

}  // namespace

io::HttpResponse list_schemas(const Call& call) {
  const bool aliases = call.flag("aliases");
  const auto types = call.texts("ruleType");
  json::array list;
  for (const auto& version : call.registry().all(call.prefix_asked(), call.which(), call.flag("latestOnly"))) {
    const auto has = [&](const std::string& type) {
      return version.content->rule_set && version.content->rule_set->has_type(type);
    };
    if (!types.empty() && std::ranges::none_of(types, has)) continue;
    auto shown = call.shown(version);
    if (aliases) {
      if (const auto names = call.registry().aliases_of(version.subject); !names.empty())
        shown["aliases"] = json::array(names.begin(), names.end());
    }
    list.push_back(std::move(shown));
  }
  return call.page(std::move(list));
}

io::HttpResponse list_types(const Call& call) {
  const auto types = call.registry().schema_types();
  return call.answer(json::array(types.begin(), types.end()));
}

io::HttpResponse get_by_id(const Call& call) {
  const auto id = call.id(2);
  if (!id.ok()) return failure(id.error());
  const auto subject = call.subject_asked();
  const auto content = call.registry().content(*id, subject);
  if (!content.ok()) return failure(content.error());
  auto out = call.shown(**content, subject);
  if (call.flag("fetchMaxId")) out["maxId"] = call.registry().greatest_id(subject);
  return call.answer(out);
}

io::HttpResponse get_text_by_id(const Call& call) {
  const auto id = call.id(2);
  if (!id.ok()) return failure(id.error());
  const auto subject = call.subject_asked();
  const auto content = call.registry().content(*id, subject);
  return content.ok() ? call.raw(call.registry().formatted(subject, **content, call.text("format")))
                      : failure(content.error());
}

io::HttpResponse list_subjects_of_id(const Call& call) {
  const auto uses = uses_asked(call);
  if (!uses.ok()) return failure(uses.error());
  std::set<std::string> names;
  for (const auto& version : *uses) names.insert(version.subject);
  return call.page(json::array(names.begin(), names.end()));
}

io::HttpResponse list_versions_of_id(const Call& call) {
  const auto uses = uses_asked(call);
  if (!uses.ok()) return failure(uses.error());
  json::array list;
  for (const auto& version : *uses)
    list.push_back(json::object{{"subject", version.subject}, {"version", version.version}});
  return call.page(std::move(list));
}

io::HttpResponse get_by_guid(const Call& call) {
  const auto guid = parse_guid(call.piece(2));
  const auto ids = guid ? call.registry().ids_of(*guid) : std::vector<Registry::ContextId>();
  if (ids.empty()) return failure(failed(Code::schema_not_found, "Schema " + call.piece(2) + " not found"));
  return call.answer(call.shown(*ids.front().content, ""));
}

io::HttpResponse list_ids_of_guid(const Call& call) {
  json::array list;
  if (const auto guid = parse_guid(call.piece(2))) {
    for (const auto& one : call.registry().ids_of(*guid))
      list.push_back(json::object{{"context", one.context}, {"id", one.id.value}});
  }
  if (list.empty()) return failure(failed(Code::schema_not_found, "Schema " + call.piece(2) + " not found"));
  return call.page(std::move(list));
}

io::HttpResponse check_all(const Call& call) { return verdict_answer(call, std::nullopt); }

io::HttpResponse check_one(const Call& call) {
  const auto version = call.version(4);
  return version.ok() ? verdict_answer(call, *version) : failure(version.error());
}

}  // namespace sluice::registry::handlers
