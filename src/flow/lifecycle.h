#pragma once
// What runs of one definition, from its first form to its removal: brings it in line with what is defined, step by step.
//
//   a form that is new          its view starts
//   another form beside it      that one is built, unpublished, while the old one serves
//   it has caught up            `switching` is written down; the old one ends; the new one takes the topic over; then it is `form`
//   removed                     its views end, and what their generations left is forgotten
//
// A kill between any two of these is met by doing the next again.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "flow/definition.h"
#include "flow/view/view.h"
#include "flow/views.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/supervisor.h"

namespace sluice::flow {

struct Surroundings {
  ViewsOptions options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  pipeline::Supervisor& supervisor;
};

// A view as the supervisor has it: with its counts in the status, and one that is built beside another under a name of its own.
class TrackedView final : public pipeline::Stage {
 public:
  TrackedView(std::shared_ptr<View> view, std::string name) : view_(std::move(view)), name_(std::move(name)) {}
  [[nodiscard]] Result<void> run(std::stop_token stop) override { return view_->run(std::move(stop)); }
  [[nodiscard]] pipeline::StageStatus status() const override;
  [[nodiscard]] View& view() const { return *view_; }
  void rename(std::string name);

 private:
  const std::shared_ptr<View> view_;
  mutable std::mutex mutex_;
  std::string name_;  // guarded by mutex_
};

// Steps are taken by one thread at a time; the rest is for all.
class Lifecycle {
 public:
  Lifecycle(Surroundings& around, std::string name) : around_(around), name_(std::move(name)) {}

  // The next step, if it can be taken now, else nothing happens. Gives true, with `definition` changed, when the definition has come on
  // (it is written down already).
  [[nodiscard]] Result<bool> step(Definition& definition);

  // Whether no step is left.
  [[nodiscard]] bool settled(const Definition& definition) const;

  [[nodiscard]] std::shared_ptr<TrackedView> serving() const;  // null: none
  [[nodiscard]] std::shared_ptr<TrackedView> building() const;
  void describe(ViewDescription& out) const;
  [[nodiscard]] std::optional<Error> error() const;  // why it cannot run

 private:
  [[nodiscard]] bool end(std::shared_ptr<TrackedView>& view);
  [[nodiscard]] bool end_old(const Definition& definition);
  [[nodiscard]] Result<void> start(std::shared_ptr<TrackedView>& view, const Form& form, bool published);
  [[nodiscard]] Result<bool> switch_over(Definition& definition);
  [[nodiscard]] std::string folder() const { return around_.options.folder + "/" + name_; }

  Surroundings& around_;
  const std::string name_;
  bool to_forget_ = true;  // something may be left of generations that are no more, of before a kill, too
  mutable std::mutex mutex_;
  std::shared_ptr<TrackedView> view_;  // these and the rest are guarded by mutex_
  std::shared_ptr<TrackedView> next_;
  std::optional<std::uint64_t> rows_before_;  // of the older generation, when it ended here
  bool asked_to_take_over_ = false;
  std::string replaced_;
  std::optional<Error> error_;         // of `broken_`, a generation that cannot be bound
  std::uint32_t broken_ = 0;
};

}  // namespace sluice::flow
