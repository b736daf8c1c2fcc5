// WITH (…) of a stream and of a view.
#include <algorithm>
#include <array>
#include <utility>

#include "flow/plan/expressions.h"
#include "flow/plan/place.h"
#include "flow/plan/plan.h"
#include "flow/plan/typing.h"

namespace sluice::flow {

namespace {

Result<void> check_names(const std::vector<sql::Option>& options, const std::vector<std::string_view>& known, const Places& places) {
  for (const auto& option : options) {
    if (std::ranges::find(known, option.name) == known.end()) {
      std::string list;
      for (const auto name : known) list += (list.empty() ? "" : ", ") + std::string(name);
      auto hint = meant(option.name, known);
      return places.rejected(option.position, "unknown option \"" + option.name + "\"", hint.empty() ? "known are " + list : hint);
    }
    if (std::ranges::count(options, option.name, &sql::Option::name) > 1) {
      return places.rejected(option.position, "option \"" + option.name + "\" is given more than once");
    }
  }
  return {};
}

const sql::Option* find(const std::vector<sql::Option>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &sql::Option::name);
  return found == options.end() ? nullptr : &*found;
}

Result<std::optional<std::int64_t>> span(const std::vector<sql::Option>& options, std::string_view name, const Places& places) {
  const auto* option = find(options, name);
  if (option == nullptr) return std::optional<std::int64_t>();
  auto found = span_of_text(option->value);
  if (!found.ok()) return places.at(option->position, std::move(found).error().in(name));
  return std::optional<std::int64_t>(*found);
}

class RelationBinder {
 public:
  RelationBinder(const sql::CreateTable& table, const Relation& topic, const Places& places)
      : table_(table), topic_(topic), places_(places) {}

  Result<Relation> bind() {
    SLUICE_RETURN_IF_ERROR(check_names(table_.options, {"topic", "watermark", "key", "keep", "idle", "read"}, places_));
    out_.name = table_.name;
    const auto* topic = find(table_.options, "topic");
    out_.topic = topic != nullptr ? topic->value : table_.name;
    SLUICE_RETURN_IF_ERROR(columns());
    SLUICE_RETURN_IF_ERROR(key());
    SLUICE_RETURN_IF_ERROR(reading());
    SLUICE_RETURN_IF_ERROR(watermark());
    SLUICE_TRY(out_.keep_us, span(table_.options, "keep", places_));
    if (out_.keep_us && out_.is_table()) {
      return places_.rejected(find(table_.options, "keep")->position, "keep is of a stream: a table's rows stay until they are deleted");
    }
    if (out_.keep_us.value_or(0) > 0 && !out_.watermark) {
      return places_.rejected(find(table_.options, "keep")->position, "keep is by event time, and there is no watermark",
                              "give it one: watermark = 'ts - interval ''5 s''', or keep = '0 s'");
    }
    SLUICE_TRY(const auto idle, span(table_.options, "idle", places_));
    out_.idle_us = idle.value_or(out_.idle_us);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::size_t shown() const { return topic_.columns.size() - topic_.hidden; }

  Result<void> columns() {
    for (const auto& column : table_.columns) {
      SLUICE_TRY(auto bound, column_of_topic(column));
      if (std::ranges::find(out_.columns, bound.name, &Column::name) != out_.columns.end()) {
        return places_.rejected(column.position, "column \"" + bound.name + "\" specified more than once");
      }
      out_.columns.push_back(std::move(bound));
    }
    const auto hidden = topic_.columns.begin() + static_cast<std::ptrdiff_t>(shown());
    if (table_.columns.empty()) out_.columns.assign(topic_.columns.begin(), hidden);
    out_.columns.insert(out_.columns.end(), hidden, topic_.columns.end());
    out_.hidden = topic_.hidden;
    return {};
  }

  Result<Column> column_of_topic(const sql::TableColumn& column) const {
    auto type = type_named(column.type, column.modifiers);
    if (!type.ok()) return places_.at(column.position, std::move(type).error());
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < shown(); ++i) {
      const auto& there = topic_.columns[i];
      names.push_back(there.name);
      if (there.name != column.name) continue;
      if (gives(there.type, *type)) return Column{column.name, *type};
      return places_.rejected(column.position, "column \"" + column.name + "\" of topic " + out_.topic + " is " + type_text(there.type) +
                                                   ", which is not read as " + type_text(*type),
                              "declare it as " + type_text(there.type) + ", and cast it in the query");
    }
    return places_.rejected(column.position, "topic " + out_.topic + " has no column \"" + column.name + "\"", meant(column.name, names));
  }

  // As records are read by another type than their own: wider numbers, a time without its zone, a text that holds JSON.
  static bool gives(const Type& from, const Type& to) {
    if (from.kind == to.kind) return from == to || to.precision < 0;
    if (is_time(from.kind) && is_time(to.kind)) return true;
    if (from.kind == TypeKind::text) return to.kind == TypeKind::json || to.kind == TypeKind::uuid;
    if (from.kind == TypeKind::json) return to.kind == TypeKind::text;
    return is_number(from.kind) && is_number(to.kind) && find_cast(from, to, CastContext::implicit).ok();
  }

  // PRIMARY KEY, or the option; without either it is a stream, whatever key the topic's records have.
  Result<void> key() {
    const auto* option = find(table_.options, "key");
    if (option != nullptr && !table_.primary_key.empty()) {
      return places_.rejected(option->position, "key is given twice: PRIMARY KEY names it already");
    }
    auto names = table_.primary_key;
    if (option != nullptr) names = split(option->value);
    const auto position = option != nullptr ? option->position : table_.columns.empty() ? 1 : table_.columns[0].position;
    for (const auto& name : names) {
      const auto end = out_.columns.end() - static_cast<std::ptrdiff_t>(out_.hidden);
      const auto found = std::find_if(out_.columns.begin(), end, [&](const Column& column) { return column.name == name; });
      if (found == end) return places_.rejected(position, "column \"" + name + "\" named in key does not exist");
      out_.key.push_back(static_cast<std::size_t>(found - out_.columns.begin()));
    }
    if (option != nullptr && names.empty()) return places_.rejected(position, "key names no column", "write key = 'a, b'");
    return {};
  }

  Result<void> reading() {
    const auto* option = find(table_.options, "read");
    if (option == nullptr || option->value == "rows") return {};
    if (option->value != "changes") return places_.rejected(option->position, "read is '" + option->value + "'", "write 'rows' or 'changes'");
    if (!out_.key.empty()) return places_.rejected(option->position, "changes have no key: each is a row of its own", "leave out the key");
    out_.changes = true;
    return {};
  }

  static std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
      const auto comma = std::min(list.find(','), list.size());
      auto name = list.substr(0, comma);
      list.remove_prefix(std::min(comma + 1, list.size()));
      name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
      name = name.substr(0, name.find_last_not_of(' ') + 1);
      if (!name.empty()) out.emplace_back(name);
    }
    return out;
  }

  // Positions within its text are told beside the option's own.
  Result<void> watermark() {
    const auto* option = find(table_.options, "watermark");
    if (option == nullptr) return {};
    auto bound = watermark_of(option->value);
    if (!bound.ok()) return places_.at(option->position, std::move(bound).error().in("watermark"));
    out_.watermark = std::move(*bound);
    return {};
  }

  Result<Scalar> watermark_of(std::string_view text) {
    SLUICE_TRY(const auto expression, sql::parse_expression(text));
    Scope scope;
    for (std::size_t i = 0; i < out_.columns.size(); ++i) {
      scope.add({.qualifier = table_.name, .full = {}, .name = out_.columns[i].name, .value = column_of(out_.columns[i].type, i)});
    }
    const Places inner(text);
    Expressions expressions(inner, scope);
    SLUICE_TRY(auto out, expressions.plain(expression, "a watermark"));
    if (!is_time(out.type.kind)) return inner.rejected(out.position, "it is a timestamp, not " + type_text(out.type));
    std::vector<std::size_t> times;
    for (const auto column : columns_of(out)) {
      if (is_time(out_.columns[column].type.kind)) times.push_back(column);
    }
    if (times.size() != 1) return inner.rejected(out.position, "it is made of one column that is a timestamp", "write ts - interval '5 s'");
    out_.time = times[0];
    return out;
  }

  const sql::CreateTable& table_;
  const Relation& topic_;
  const Places& places_;
  Relation out_;
};

}  // namespace

Result<Relation> bind_relation(const sql::CreateTable& table, std::string_view text, const Relation& topic) {
  const Places places(text);
  return RelationBinder(table, topic, places).bind();
}

Result<BindOptions> bind_options(const sql::CreateView& view, std::string_view text) {
  const Places places(text);
  SLUICE_RETURN_IF_ERROR(check_names(view.options, {"emit", "grace", "within"}, places));
  BindOptions out{.columns = view.columns};
  if (const auto* emit = find(view.options, "emit")) {
    if (emit->value != "changes" && emit->value != "final") {
      return places.rejected(emit->position, "emit is 'changes' or 'final', not '" + emit->value + "'");
    }
    out.emit = emit->value == "final" ? Emit::final : Emit::changes;
  }
  SLUICE_TRY(const auto grace, span(view.options, "grace", places));
  out.grace_us = grace.value_or(0);
  SLUICE_TRY(out.within_us, span(view.options, "within", places));
  return out;
}

}  // namespace sluice::flow
