#include "flow/draft.h"

#include <algorithm>
#include <utility>

#include "base/nearest.h"

namespace sluice::flow {

namespace {

constexpr std::size_t kLongestName = 200;  // of a topic are 249, and others of ours are made of it

Error rejected(const std::string& place, const std::string& why, std::string hint = {}) {
  return {.code = ErrorCode::rejected, .message = (place.empty() ? "" : place + ": ") + why, .hint = std::move(hint)};
}

bool reads_directly(const Form& form, const std::string& name) { return form.topics.contains(name) || form.tables.contains(name); }
bool reads_directly(const Definition& definition, const std::string& name) {
  if (!definition.is_view) return false;
  const bool serving = !definition.removed && reads_directly(definition.form, name);
  return serving || (definition.building && reads_directly(*definition.building, name));
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// Whether what `form` runs, which was bound to another shape of `topic`, goes on with `next`: its statement gives the same, the columns that are
// left are what they were, and the key is.
bool still_fits(const Form& form, const std::string& topic, const TopicShape& next) {
  const auto& old = form.topics.at(topic);
  const auto same = [&](const Column& column) {
    const auto found = std::ranges::find(next.columns, column.name, &Column::name);
    return found == next.columns.end() || found->type == column.type;
  };
  const auto key_of = [](const TopicShape& shape) {
    std::vector<std::string> names;
    for (const auto at : shape.key) names.push_back(shape.columns[at].name);
    return names;
  };
  if (!std::ranges::all_of(old.columns, same) || key_of(old) != key_of(next) || (next.null_keys && !old.null_keys)) return false;
  auto other = form;
  other.topics[topic] = next;
  const auto before = bind_form(form), after = bind_form(other);
  return before.ok() && after.ok() && shape_of_plan(before->plan) == shape_of_plan(after->plan);
}

}  // namespace

Result<void> Draft::apply(const sql::Statement& statement, std::string_view text) {
  if (const auto* table = std::get_if<sql::CreateTable>(&statement.form)) return create_table(*table, statement, text);
  if (const auto* view = std::get_if<sql::CreateView>(&statement.form)) return create_view(*view, statement, text);
  if (const auto* gone = std::get_if<sql::DropView>(&statement.form)) return drop(*gone, statement, text);
  return Error{ErrorCode::unsupported, sql::place_of(text, statement.position) + ": a SELECT defines nothing", "",
               "CREATE MATERIALIZED VIEW name AS SELECT …; or ask it once: sluice sql 'SELECT …'"};
}

Relations Draft::relations() {
  std::map<std::string, std::string> tables;
  for (const auto& [name, definition] : definitions_) {
    if (!definition.is_view && !definition.removed) tables[name] = definition.form.sql;
  }
  return {std::move(tables), [this](const std::string& topic) { return shape(topic); }};
}

Result<TopicShape> Draft::shape(const std::string& topic) {
  const auto found = definitions_.find(topic);
  if (found != definitions_.end() && found->second.is_view && (!found->second.removed || found->second.building)) {
    SLUICE_TRY(const auto bound, bind_form(found->second.removed ? *found->second.building : found->second.form));
    return shape_of_plan(bound.plan);
  }
  if (const auto stream = new_streams_.find(topic); stream != new_streams_.end()) return stream->second;
  auto known = shape_of_topic(log_, catalog_, topic);
  if (known.ok() || known.error().code != ErrorCode::not_found || !known.error().hint.empty()) return known;
  return Error{ErrorCode::not_found, "there is no relation " + topic, "", names_like(topic)};
}

std::string Draft::names_like(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, definition] : definitions_) {
    if (!definition.removed && known != name) names.push_back(known);
  }
  if (const auto topics = log_.topics(); topics.ok()) {
    for (const auto& topic : *topics) {
      if (!topic.name.starts_with("_")) names.push_back(topic.name);
    }
  }
  for (const auto& known : names) {
    if (known.ends_with("." + name)) return "did you mean " + known + "?";
  }
  for (const auto& known : names) {  // a part too many, or too few
    if (name.find('.') != name.npos && known.substr(known.rfind('.') + 1) == name.substr(name.rfind('.') + 1)) return "did you mean " + known + "?";
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto meant = nearest(name, views);
  if (!meant.empty()) return "did you mean " + std::string(meant) + "?";
  return names.empty() ? "there are no topics yet" : "there are: " + listed(names);
}

void Draft::tell(const std::string& name, Defined::What what, std::string told) {
  if (what != Defined::What::unchanged) changed_.insert(name);
  told_.push_back({.name = name, .what = what, .told = std::move(told)});
}

std::vector<std::string> Draft::readers(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& [reader, definition] : definitions_) {
    if (reader != name && reads_directly(definition, name)) out.push_back(reader);
  }
  return out;
}

bool Draft::reads(const std::string& view, const std::string& what, std::set<std::string>& met) const {
  if (view == what) return true;
  const auto found = definitions_.find(view);
  if (found == definitions_.end() || !met.insert(view).second) return false;
  const auto& definition = found->second;
  const auto& form = definition.building ? *definition.building : definition.form;
  return std::ranges::any_of(form.topics, [&](const auto& topic) { return reads(topic.first, what, met); });
}

Result<void> Draft::create_table(const sql::CreateTable& table, const sql::Statement& statement, std::string_view text) {
  const auto place = sql::place_of(text, statement.position);
  const auto found = definitions_.find(table.name);
  if (found != definitions_.end() && found->second.is_view && !found->second.removed) return rejected(place, table.name + " is a view");
  const bool known = found != definitions_.end() && !found->second.is_view && !found->second.removed;
  if (known && found->second.form.sql == statement.text) return tell(table.name, Defined::What::unchanged, "it is defined so already"), Result<void>();
  const auto topic = topic_of(table);
  auto its_shape = shape(topic);
  if (!its_shape.ok() && its_shape.error().code == ErrorCode::not_found && !table.columns.empty()) {
    SLUICE_RETURN_IF_ERROR(check_name(topic, place));
    SLUICE_TRY(its_shape, declared_shape(table, text));
    new_streams_[topic] = *its_shape;
  }
  if (!its_shape.ok()) return std::move(its_shape).error().in(place);
  SLUICE_RETURN_IF_ERROR(bind_relation(table, text, relation_of_shape(table.name, topic, *its_shape)));
  const auto newest = found == definitions_.end() ? 1 : found->second.newest;
  definitions_[table.name] = {.name = table.name, .is_view = false, .form = {.sql = statement.text}, .newest = newest};
  if (!known) {
    tell(table.name, Defined::What::created, new_streams_.contains(topic) ? "the topic " + topic + " has its columns as a schema now" : "");
    return {};
  }
  const auto behind = readers(table.name);
  tell(table.name, Defined::What::replaced, behind.empty() ? "" : "built anew: " + listed(behind));
  return rebuild_readers(table.name);
}

// The same statements over another stream.
Result<void> Draft::rebuild_readers(const std::string& table) {
  for (const auto& name : readers(table)) {
    const auto& definition = definitions_[name];
    Form form{.sql = definition.building ? definition.building->sql : definition.form.sql};
    SLUICE_TRY(const auto statements, sql::parse_statements(form.sql));
    auto catalog = relations();
    auto bound = bind_view(std::get<sql::CreateView>(statements.at(0).form), form.sql, catalog);
    if (!bound.ok()) return std::move(bound).error().in("view " + name + ", which reads " + table);
    catalog.remember(form);
    put_view(name, std::move(form));
    tell(name, Defined::What::building, "it is built anew beside the old one, and takes its place when it has caught up");
  }
  return {};
}

Result<void> Draft::check_name(const std::string& name, const std::string& place) const {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
  if (!std::ranges::all_of(name, plain) || name.starts_with("_") || name.starts_with(".") || name.size() > kLongestName) {
    return rejected(place, "\"" + name + "\" cannot be a topic's name", "letters, digits, _, - and dots, 200 at most, and no _ at its beginning");
  }
  return {};
}

Result<void> Draft::check_readers(const std::string& name, const TopicShape& next, const std::string& place) const {
  for (const auto& reader : readers(name)) {
    const auto& definition = definitions_.at(reader);
    for (const auto* form : {definition.removed ? nullptr : &definition.form, definition.building ? &*definition.building : nullptr}) {
      if (form == nullptr || !form->topics.contains(name) || still_fits(*form, name, next)) continue;
      return rejected(place, "view " + reader + " reads columns of " + name + " that would not be there any more, or has another key in it",
                      "keep these columns, or drop " + reader + " first");
    }
  }
  return {};
}

void Draft::put_view(const std::string& name, Form form) {
  auto& definition = definitions_[name];
  if (definition.name.empty() || !definition.is_view) {
    definition = {.name = name, .form = std::move(form)};
    return;
  }
  form.generation = ++definition.newest;
  definition.building = std::move(form);
}

// The view whose late rows would go to this one's topic, or this one's to its.
std::string Draft::shares_late_rows(const std::string& view) const {
  constexpr std::string_view kLate = ".late";
  for (const auto& [name, definition] : definitions_) {
    if (definition.is_view && !definition.removed && (name + std::string(kLate) == view || view + std::string(kLate) == name)) return name;
  }
  return {};
}

Result<void> Draft::create_view(const sql::CreateView& view, const sql::Statement& statement, std::string_view text) {
  const auto place = sql::place_of(text, statement.position);
  SLUICE_RETURN_IF_ERROR(check_name(view.name, place));
  const auto found = definitions_.find(view.name);
  if (found != definitions_.end() && !found->second.is_view && !found->second.removed) return rejected(place, view.name + " is a stream, by CREATE TABLE");
  const bool known = found != definitions_.end() && found->second.is_view;
  if (const auto other = shares_late_rows(view.name); !other.empty()) {
    return rejected(place, "the late rows of one of " + view.name + " and " + other + " would go to the topic of the other", "take another name");
  }
  if (!known && log_.describe(view.name).ok()) {
    return rejected(place, "there is a topic " + view.name + " already", "take another name, or delete it: sluice topic delete " + view.name);
  }
  if (known && found->second.switching) {
    return Error{ErrorCode::back_off, place + ": " + view.name + " is changing to its new definition at this moment", "", "try again in a moment"};
  }
  if (known && found->second.building && found->second.building->sql == statement.text) {
    return tell(view.name, Defined::What::unchanged, "it is being built already"), Result<void>();
  }
  if (known && !found->second.removed && found->second.form.sql == statement.text) {
    const bool other = std::exchange(found->second.building, std::nullopt).has_value();
    if (other) changed_.insert(view.name);
    return tell(view.name, Defined::What::unchanged, other ? "what was built beside it is given up" : "it is defined so already"), Result<void>();
  }
  auto catalog = relations();
  SLUICE_TRY(const auto bound, bind_view(view, text, catalog));
  Form form{.sql = statement.text};
  catalog.remember(form);
  for (const auto& [topic, shape] : form.topics) {
    std::set<std::string> met;
    if (reads(topic, view.name, met)) return rejected(place, view.name + " would read itself" + (topic == view.name ? "" : ", through " + topic));
  }
  SLUICE_RETURN_IF_ERROR(check_readers(view.name, shape_of_plan(bound.plan), place));
  const bool again = known && found->second.removed;
  put_view(view.name, std::move(form));
  if (!known) return tell(view.name, Defined::What::created, ""), Result<void>();
  tell(view.name, again ? Defined::What::created : Defined::What::building,
       again ? "its topic is there from before: what differs is written when the view has caught up"
             : "it is built beside the old one, and takes its place when it has caught up");
  return {};
}

Result<void> Draft::drop(const sql::DropView& drop, const sql::Statement& statement, std::string_view text) {
  const auto place = text.empty() ? std::string() : sql::place_of(text, statement.position);
  const auto found = definitions_.find(drop.name);
  const bool there = found != definitions_.end() && (!found->second.removed || found->second.building);
  if (!there && drop.if_exists) return tell(drop.name, Defined::What::unchanged, "it is not there"), Result<void>();
  if (!there) {
    return Error{ErrorCode::not_found, (place.empty() ? "" : place + ": ") + "there is no view " + drop.name, "", "sluice view list shows what is there"};
  }
  if (const auto behind = readers(drop.name); !behind.empty()) {
    return rejected(place, drop.name + " is read by " + listed(behind), "drop what reads it first");
  }
  auto& definition = found->second;
  definition.removed = true;
  definition.switching = false;
  definition.building.reset();
  tell(drop.name, Defined::What::dropped, definition.is_view ? "its topic stays: sluice topic delete " + drop.name : "");
  return {};
}

}  // namespace sluice::flow
