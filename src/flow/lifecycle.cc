#include "flow/lifecycle.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/trace.h"
#include "flow/relations.h"

namespace sluice::flow {

namespace {

constexpr std::chrono::milliseconds kEndWait{200};  // at a time

std::string told_of_switch(const std::string& name, std::uint32_t generation, std::uint64_t rows, std::optional<std::uint64_t> before) {
  return name + ": generation " + std::to_string(generation) + " has taken its place: " + std::to_string(rows) + " rows" +
         (before ? ", before " + std::to_string(*before) : "");
}

}  // namespace

pipeline::StageStatus TrackedView::status() const {
  auto out = view_->status();
  const auto counts = view_->counts();
  {
    const std::lock_guard lock(mutex_);
    out.name = name_;
  }
  for (const auto* fact : {"rows", "watermark", "late"}) out.facts.erase(fact);  // they have members
  out.rows_total = counts.taken;
  out.view_rows = counts.rows;
  out.late = counts.late;
  out.failed_rows = counts.failed;
  out.state_bytes = counts.state_bytes;
  if (counts.watermark_us != std::numeric_limits<std::int64_t>::min()) out.watermark_ms = std::max<std::int64_t>(counts.watermark_us / 1000, 0);
  out.restored = counts.restored;
  return out;
}

void TrackedView::rename(std::string name) {
  const std::lock_guard lock(mutex_);
  name_ = std::move(name);
}

std::optional<Error> Lifecycle::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

std::shared_ptr<TrackedView> Lifecycle::serving() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

std::shared_ptr<TrackedView> Lifecycle::building() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

void Lifecycle::describe(ViewDescription& out) const {
  const std::lock_guard lock(mutex_);
  out.replaced = replaced_;
  if (error_) out.error = error_->text();
  if (view_) {
    out.counts = view_->view().counts();
    out.caught_up = view_->view().caught_up();
  }
  if (!next_) return;
  const auto counts = next_->view().counts();
  out.building = "generation " + std::to_string(next_->view().spec().generation) + (next_->view().caught_up() ? " takes its place" : " is being built") + ": " +
                 std::to_string(counts.rows) + " rows so far";
  const auto status = next_->view().status();
  if (!status.error.empty()) out.building += "; " + status.error;
  std::uint64_t done = 0, all = 0;
  for (const auto& item : status.items) {
    if (item.offset >= 0) done += static_cast<std::uint64_t>(item.offset);
    if (item.end_offset >= 0) all += static_cast<std::uint64_t>(item.end_offset);
  }
  out.built = all == 0 ? 1 : static_cast<double>(done) / static_cast<double>(all);
}

// True: it is no more.
bool Lifecycle::end(std::shared_ptr<TrackedView>& view) {
  std::shared_ptr<TrackedView> held;
  {
    const std::lock_guard lock(mutex_);
    held = view;
  }
  if (!held) return true;
  if (!around_.supervisor.end(*held, kEndWait)) return false;
  const std::lock_guard lock(mutex_);
  view.reset();
  return true;
}

// What cannot be bound once cannot be bound again: it is told once.
Result<void> Lifecycle::start(std::shared_ptr<TrackedView>& view, const Form& form, bool published) {
  if (broken_ == form.generation) return {};
  auto bound = bind_form(form);
  if (!bound.ok()) {
    const std::lock_guard lock(mutex_);
    broken_ = form.generation;
    error_ = Error(bound.error()).in("view " + name_);
    return std::move(bound).error();
  }
  auto options = around_.options.view;
  options.folder = folder();
  ViewSpec spec{.name = name_, .query = form.sql, .generation = form.generation, .published = published, .options = bound->options};
  const auto shown = name_ + (published ? "" : " (generation " + std::to_string(form.generation) + ")");
  const auto made = std::make_shared<TrackedView>(
      View::make(std::move(spec), std::move(bound->plan), around_.log, around_.catalog, std::move(options)), shown);
  {
    const std::lock_guard lock(mutex_);
    view = made;
    error_.reset();
    asked_to_take_over_ = false;
  }
  around_.supervisor.start(*made, "view " + shown);
  return {};
}

// Ends what is not defined so any more; false while it does not end.
bool Lifecycle::end_old(const Definition& definition) {
  const bool serves = !definition.gone() && !definition.switching;
  const auto view = serving(), next = building();
  if (view && (!serves || view->view().spec().generation != definition.form.generation)) {
    if (definition.switching) {
      const std::lock_guard lock(mutex_);
      rows_before_ = view_->view().counts().rows;
    } else {
      to_forget_ = true;
    }
    if (!end(view_)) return false;
  }
  if (next && (!definition.building || next->view().spec().generation != definition.building->generation)) {
    to_forget_ = true;
    if (!end(next_)) return false;
  }
  return true;
}

bool Lifecycle::settled(const Definition& definition) const {
  const std::lock_guard lock(mutex_);
  if (to_forget_ || definition.building || next_) return false;
  if (definition.gone()) return !view_;
  return broken_ == definition.form.generation || (view_ && view_->view().spec().generation == definition.form.generation);
}

Result<bool> Lifecycle::step(Definition& definition) {
  if (!end_old(definition)) return false;
  if (to_forget_ && !definition.building) {  // generations are not used twice, so it may wait
    SLUICE_RETURN_IF_ERROR(forget_generations(around_.log, name_, definition.gone() ? 0 : definition.form.generation, folder()));
    to_forget_ = false;
  }
  if (!definition.gone() && !definition.switching && !serving()) SLUICE_RETURN_IF_ERROR(start(view_, definition.form, true));
  if (!definition.building) return false;
  if (!building()) SLUICE_RETURN_IF_ERROR(start(next_, *definition.building, false));
  if (!building()) return false;
  return switch_over(definition);
}

Result<bool> Lifecycle::switch_over(Definition& definition) {
  const auto next = building();
  if (!definition.switching) {
    if (!next->view().caught_up()) return false;
    auto changed = definition;
    changed.switching = true;
    SLUICE_RETURN_IF_ERROR(write_definitions(around_.log, {&changed}));
    definition = std::move(changed);
    return true;  // the old one ends in the next step
  }
  if (!std::exchange(asked_to_take_over_, true)) next->view().take_over();
  if (!next->view().taken_over()) return false;
  auto changed = definition;
  changed.form = *std::move(changed.building);
  changed.building.reset();
  changed.switching = changed.removed = false;
  SLUICE_RETURN_IF_ERROR(write_definitions(around_.log, {&changed}));
  definition = std::move(changed);
  {
    const std::lock_guard lock(mutex_);
    replaced_ = told_of_switch(name_, definition.form.generation, next->view().counts().rows, rows_before_);
    rows_before_.reset();
    view_ = std::move(next_);
    next_.reset();
    view_->rename(name_);
  }
  trace::info("flow", replaced_);
  to_forget_ = true;
  return true;
}

}  // namespace sluice::flow
