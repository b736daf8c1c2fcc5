// Definitions are changed under `changing_`, one text at a time; what runs follows them step by step, taken by whoever changed something
// and by the keeper, a stage of its own.
#include "flow/views.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "base/trace.h"
#include "flow/ask.h"
#include "flow/decoder.h"
#include "flow/definition.h"
#include "flow/draft.h"
#include "flow/lifecycle.h"
#include "flow/relations.h"
#include "flow/rows/rows.h"
#include "sql/statement.h"

namespace sluice::flow {

namespace {

constexpr std::chrono::milliseconds kStepEvery{50};
constexpr std::chrono::milliseconds kTryEvery{500};  // what the configuration says and cannot be yet

Error no_such_view(const std::string& name) {
  return {ErrorCode::not_found, "there is no view " + name, "", "sluice view list shows what is there"};
}

// As a name in Avro.
std::string record_name(const std::string& topic) {
  std::string out;
  for (const char c : topic) out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return out.empty() || (out[0] >= '0' && out[0] <= '9') ? "_" + out : out;
}

class Keeper;

class AllViews final : public Views {
 public:
  AllViews(ViewsOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Supervisor& supervisor);
  Result<void> begin();

  Result<std::vector<Defined>> define(std::string_view text) override;
  void configure(std::vector<Configured> files) override;
  std::vector<pipeline::StageStatus> waiting() const override;
  Result<void> remove(const std::string& name) override;
  std::vector<ViewDescription> list() const override;
  Result<ViewDescription> describe(const std::string& name) const override;
  Result<Answer> ask(std::string_view query) override;
  Result<Answer> row(const std::string& view, const std::map<std::string, std::string>& key) override;

  // Takes what steps can be taken.
  void go_on();
  void try_configured();

 private:
  struct Wanted {
    Configured file;
    bool done = false;
    std::optional<Error> error = {};
  };

  [[nodiscard]] Definitions definitions() const;
  [[nodiscard]] std::shared_ptr<Lifecycle> running(const std::string& name) const;
  Result<std::vector<Defined>> carry_out(std::string_view text, std::vector<sql::Statement> statements);
  Result<void> make_streams(const std::map<std::string, TopicShape>& streams);
  void put(const std::string& name, const Definition& definition);
  Result<ViewDescription> describe(const std::string& name, const std::vector<pipeline::StageStatus>& stages) const;
  Result<std::shared_ptr<const Snapshot>> rows_of(const std::string& topic) const;
  Result<std::shared_ptr<TrackedView>> view_of(const std::string& name) const;
  Result<Bytes> key_bytes(const View& view, const std::vector<Column>& columns, const std::map<std::string, std::string>& key) const;

  mutable Surroundings around_;
  std::mutex changing_;  // before mutex_
  std::map<std::string, std::string> trouble_;  // what was told last; guarded by changing_
  mutable std::mutex mutex_;
  Definitions definitions_;                                        // these are guarded by mutex_
  std::map<std::string, std::shared_ptr<Lifecycle>> running_;
  std::vector<Wanted> wanted_;
  std::unique_ptr<Keeper> keeper_;
};

class Keeper final : public pipeline::Stage {
 public:
  explicit Keeper(AllViews& views) : views_(views) {}

  Result<void> run(std::stop_token stop) override {
    auto tried = std::chrono::steady_clock::time_point{};
    std::mutex mutex;
    std::condition_variable_any waiting;
    while (!stop.stop_requested()) {
      views_.go_on();
      if (const auto now = std::chrono::steady_clock::now(); now - tried >= kTryEvery) {
        views_.try_configured();
        tried = now;
      }
      std::unique_lock lock(mutex);
      waiting.wait_for(lock, stop, kStepEvery, [] { return false; });
    }
    return {};
  }
  pipeline::StageStatus status() const override {
    pipeline::StageStatus out;
    out.kind = kKeeperKind;
    out.state = "streaming";
    return out;
  }

 private:
  AllViews& views_;
};

AllViews::AllViews(ViewsOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Supervisor& supervisor)
    : around_{std::move(options), log, catalog, supervisor} {}

Result<void> AllViews::begin() {
  SLUICE_TRY(definitions_, read_definitions(around_.log));
  for (const auto& [name, definition] : definitions_) {
    if (definition.is_view) running_[name] = std::make_shared<Lifecycle>(around_, name);
  }
  keeper_ = std::make_unique<Keeper>(*this);
  around_.supervisor.start(*keeper_, "views");
  return {};
}

Definitions AllViews::definitions() const {
  const std::lock_guard lock(mutex_);
  return definitions_;
}

std::shared_ptr<Lifecycle> AllViews::running(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(name);
  return found == running_.end() ? nullptr : found->second;
}

void AllViews::put(const std::string& name, const Definition& definition) {
  const std::lock_guard lock(mutex_);
  if (!definition.is_view && definition.removed) {
    definitions_.erase(name);
    return;
  }
  definitions_[name] = definition;
  if (definition.is_view && !running_.contains(name)) running_[name] = std::make_shared<Lifecycle>(around_, name);
}

void AllViews::go_on() {
  const std::lock_guard lock(changing_);
  std::map<std::string, Definition> open;
  {
    const std::lock_guard all(mutex_);
    for (const auto& [name, view] : running_) {
      const auto found = definitions_.find(name);
      const Definition none{.name = name, .removed = true};
      const auto& definition = found != definitions_.end() ? found->second : none;
      if (!view->settled(definition)) open[name] = definition;
    }
  }
  for (auto& [name, definition] : open) {
    const auto view = running(name);
    const auto stepped = view->step(definition);
    if (!stepped.ok()) {
      const auto text = "view " + name + ": " + stepped.error().text();
      if (std::exchange(trouble_[name], text) != text) trace::warn("flow", text);
    } else if (*stepped) {
      put(name, definition);
    }
  }
}

Result<void> AllViews::make_streams(const std::map<std::string, TopicShape>& streams) {
  for (const auto& [topic, shape] : streams) {
    SLUICE_TRY(const auto schema, RowWriter::schema_of(shape.columns, "", record_name(topic), false));
    SLUICE_RETURN_IF_ERROR(around_.log.ensure_topic({.name = topic}));
    SLUICE_RETURN_IF_ERROR(around_.catalog.add(topic + "-value", schema.text()));
  }
  return {};
}

Result<std::vector<Defined>> AllViews::carry_out(std::string_view text, std::vector<sql::Statement> statements) {
  const std::lock_guard lock(changing_);
  Draft draft(definitions(), around_.log, around_.catalog);
  for (const auto& statement : statements) SLUICE_RETURN_IF_ERROR(draft.apply(statement, text));
  SLUICE_RETURN_IF_ERROR(make_streams(draft.new_streams()));
  std::vector<const Definition*> changed;
  for (const auto& name : draft.changed()) changed.push_back(&draft.definitions().at(name));
  SLUICE_RETURN_IF_ERROR(write_definitions(around_.log, changed));
  for (const auto* definition : changed) put(definition->name, *definition);
  return draft.told();
}

Result<std::vector<Defined>> AllViews::define(std::string_view text) {
  SLUICE_TRY(auto statements, sql::parse_statements(text));
  auto told = carry_out(text, std::move(statements));
  if (told.ok()) go_on();
  return told;
}

void AllViews::configure(std::vector<Configured> files) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.clear();
    for (auto& file : files) wanted_.push_back({.file = std::move(file)});
  }
  try_configured();
}

void AllViews::try_configured() {
  for (std::size_t i = 0;; ++i) {
    Configured file;
    {
      const std::lock_guard lock(mutex_);
      if (i >= wanted_.size()) return;
      if (wanted_[i].done) continue;
      file = wanted_[i].file;
    }
    auto told = define(file.text);
    if (told.ok()) {
      for (const auto& defined : *told) {
        if (defined.what != Defined::What::unchanged) trace::info("flow", defined.name + " is defined" + (defined.told.empty() ? "" : ": " + defined.told));
      }
    }
    const std::lock_guard lock(mutex_);
    if (i >= wanted_.size() || wanted_[i].file.text != file.text) return;  // configured anew meanwhile
    wanted_[i].done = told.ok();
    wanted_[i].error = told.ok() ? std::nullopt : std::optional(std::move(told).error());
  }
}

std::vector<pipeline::StageStatus> AllViews::waiting() const {
  const std::lock_guard lock(mutex_);
  std::vector<pipeline::StageStatus> out;
  for (const auto& wanted : wanted_) {
    if (wanted.done || !wanted.error) continue;
    auto& stage = out.emplace_back();
    stage.kind = "view";
    stage.name = wanted.file.name;
    stage.state = wanted.error->code == ErrorCode::not_found || wanted.error->code == ErrorCode::back_off ? "waiting" : "failed";
    stage.error = wanted.file.file + ": " + wanted.error->message;
    stage.hint = wanted.error->hint;
  }
  for (const auto& [name, view] : running_) {
    const auto error = view->error();
    if (!error) continue;
    auto& stage = out.emplace_back();
    stage.kind = "view";
    stage.name = name;
    stage.state = "failed";
    stage.error = error->message;
    stage.hint = error->hint;
  }
  return out;
}

Result<void> AllViews::remove(const std::string& name) {
  std::vector<sql::Statement> one;
  one.push_back({.form = sql::DropView{.name = name}, .text = {}, .position = 1});
  SLUICE_RETURN_IF_ERROR(carry_out({}, std::move(one)));
  go_on();
  return {};
}

std::vector<ViewDescription> AllViews::list() const {
  std::vector<ViewDescription> out;
  const auto stages = around_.supervisor.status();
  for (const auto& [name, definition] : definitions()) {
    if (definition.removed && !definition.building) continue;
    if (auto described = describe(name, stages); described.ok()) out.push_back(*std::move(described));
  }
  return out;
}

Result<ViewDescription> AllViews::describe(const std::string& name) const { return describe(name, around_.supervisor.status()); }

Result<ViewDescription> AllViews::describe(const std::string& name, const std::vector<pipeline::StageStatus>& stages) const {
  const auto all = definitions();
  const auto found = all.find(name);
  if (found == all.end() || (found->second.removed && !found->second.building)) return no_such_view(name);
  const auto& definition = found->second;
  const auto& form = definition.removed ? *definition.building : definition.form;
  ViewDescription out;
  out.name = name;
  out.sql = form.sql;
  out.is_view = definition.is_view;
  out.generation = form.generation;
  for (const auto& [topic, shape] : form.topics) out.reads.push_back(topic);
  if (!definition.is_view) {
    Draft draft(all, around_.log, around_.catalog);
    const auto relation = draft.relations().relation(name);
    if (!relation.ok()) return out.error = relation.error().text(), std::move(out);
    out.columns.assign(relation->columns.begin(), relation->columns.end() - static_cast<std::ptrdiff_t>(relation->hidden));
    for (const auto at : relation->key) out.key.push_back(relation->columns[at].name);
    out.reads = {relation->topic};
    return out;
  }
  const auto bound = bind_form(form);
  if (!bound.ok()) return out.error = bound.error().text(), std::move(out);
  out.columns = bound->plan.root->columns;
  for (const auto at : bound->plan.root->key) out.key.push_back(out.columns[at].name);
  out.plan = plan_text(bound->plan);
  if (const auto view = running(name)) view->describe(out);
  const auto stage = std::ranges::find_if(stages, [&](const auto& each) { return each.kind == "view" && each.name == name && each.state == "failed"; });
  if (out.error.empty() && stage != stages.end()) out.error = stage->error;
  return out;
}

Result<std::shared_ptr<TrackedView>> AllViews::view_of(const std::string& name) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = definitions_.find(name);
    if (found == definitions_.end() || !found->second.is_view || found->second.removed) return no_such_view(name);
  }
  const auto view = running(name);
  auto serving = view ? view->serving() : nullptr;
  if (serving) return serving;
  return Error{ErrorCode::back_off, "view " + name + " does not run", "", "sluice view show " + name + " tells why"};
}

// Null: the topic is read.
Result<std::shared_ptr<const Snapshot>> AllViews::rows_of(const std::string& topic) const {
  const auto view = view_of(topic);
  if (!view.ok()) {
    if (view.error().code == ErrorCode::not_found) return std::shared_ptr<const Snapshot>();
    return view.error();
  }
  if ((*view)->view().plan().root->key.empty() && !(*view)->view().plan().root->single_row) return std::shared_ptr<const Snapshot>();
  if (auto rows = (*view)->view().rows()) return rows;
  return Error{ErrorCode::back_off, "view " + topic + " is being restored", "", "sluice status shows how far it is"};
}

Result<Answer> AllViews::ask(std::string_view query) {
  SLUICE_TRY(const auto statements, sql::parse_statements(query));
  const auto* select = statements.size() == 1 ? std::get_if<sql::Select>(&statements[0].form) : nullptr;
  if (select == nullptr) {
    return Error{ErrorCode::rejected, statements.empty() ? "there is no SELECT in it" : "it is not one SELECT alone", "",
                 "ask one at a time; views are defined by sluice view create, and by files that the configuration names"};
  }
  Draft now(definitions(), around_.log, around_.catalog);
  auto relations = now.relations();
  SLUICE_TRY(const auto question, bind_question(*select, query, relations));
  return answer_question(question, around_.log, around_.catalog, [this](const std::string& topic) { return rows_of(topic); });
}

// The key as the topic has it.
Result<Bytes> AllViews::key_bytes(const View& view, const std::vector<Column>& columns, const std::map<std::string, std::string>& key) const {
  Arena arena;
  std::vector<Value> values;
  for (const auto& column : columns) {
    const auto given = columns.size() == 1 && key.contains("key") && !key.contains(column.name) ? key.find("key") : key.find(column.name);
    if (given == key.end()) {
      return Error{ErrorCode::rejected, "the key of " + view.spec().name + " has a column " + column.name + ", which is not given"};
    }
    auto value = parse_value(column.type, given->second, arena);
    if (!value.ok()) return std::move(value).error().in(column.name);
    values.push_back(*value);
  }
  if (key.size() != columns.size()) return Error{ErrorCode::rejected, "more is given than the key of " + view.spec().name + " has columns"};
  const auto subject = view.spec().name + "-key";
  SLUICE_TRY(const auto text, around_.catalog.latest(subject));
  SLUICE_TRY(const auto schema, avro::Schema::parse(text));
  SLUICE_TRY(const auto id, around_.catalog.add(subject, text));
  SLUICE_TRY(const auto writer, RowWriter::open(schema, columns));
  Bytes out(View::kRowsPrefix);
  const auto at = out.size();
  out.resize(at + pipeline::kSchemaHeaderBytes);
  store_be<std::int32_t>(out.data() + at + 1, id.value);
  SLUICE_RETURN_IF_ERROR(writer->write(values, out));
  return out;
}

Result<Answer> AllViews::row(const std::string& name, const std::map<std::string, std::string>& key) {
  SLUICE_TRY(const auto tracked, view_of(name));
  const auto& view = tracked->view();
  const auto& root = *view.plan().root;
  if (root.key.empty()) return Error{ErrorCode::rejected, "view " + name + " has no key: its rows are only ever added", "", "ask it: sluice sql 'SELECT …'"};
  std::vector<Column> columns;
  for (const auto at : root.key) columns.push_back(root.columns[at]);
  SLUICE_TRY(const auto bytes, key_bytes(view, columns, key));
  SLUICE_TRY(const auto rows, rows_of(name));
  SLUICE_TRY(const auto found, rows->get(bytes));
  if (!found) return Error{ErrorCode::not_found, "there is no such row in " + name};
  Answer out{.columns = root.columns, .rows = {}};
  Arena arena;
  const auto values = arena.row(root.columns.size());
  const Relation relation{.name = name, .topic = name, .columns = root.columns, .key = {}};
  SLUICE_RETURN_IF_ERROR(Decoder(relation, around_.catalog).decode_value(*found, values, arena));
  out.rows.push_back(cells_of(out.columns, values));
  return out;
}

}  // namespace

Result<std::unique_ptr<Views>> Views::open(ViewsOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, pipeline::Supervisor& supervisor) {
  auto views = std::make_unique<AllViews>(std::move(options), log, catalog, supervisor);
  SLUICE_RETURN_IF_ERROR(views->begin());
  return std::unique_ptr<Views>(std::move(views));
}

}  // namespace sluice::flow
